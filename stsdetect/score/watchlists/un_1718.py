"""The UN 1718 Designated Vessels List as a CSV file.

The committee publishes a PDF; the table kept by OpenSanctions has its columns: ``#``, ``vessel_name``,
``imo_number``, ``mmsi``, ``flag``, ``call_sign``, ``type``, ``other_information``, ``date_of_designation``,
``designated_owner``, a column for each provision (``Paragraph 12 (a) of resolution 2321 (2016)`` and so on, ``NA``
where it does not apply) and ``image_url``. Several values of one cell are numbered: ``1: UN RYONG 2: JIN HONG``.

Source: columns and numbered values as read by the crawler un_1718_vessels of github.com/opensanctions/opensanctions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stsdetect.readers.source import Head, Source
from stsdetect.reference.texts import clean
from stsdetect.score.watchlists.protocol import Draft, Entry
from stsdetect.score.watchlists.tables import Table, find_table, records
from stsdetect.score.watchlists.words import (
    NAME_CHARS,
    PROGRAMME_CHARS,
    callsign_in,
    day_told,
    imo_in,
    is_nothing,
    mmsi_in,
    names_of,
    said,
)

_NUMBERED = re.compile(r"(?:^|\s)\d{1,2}: ")
_RESOLUTION = re.compile(r"resolution (\d{4}) \(\d{4}\)")


class Un1718:
    """The UN 1718 vessels list."""

    name = "un_1718_csv"
    title = "UN 1718 Designated Vessels List, CSV"
    doc = (
        "Header #, vessel_name, imo_number, mmsi, call_sign, date_of_designation and a column for each provision. "
        "Numbered values of one cell (1: ... 2: ...) are several."
    )
    dated = "the file has no date (that of the last designation is not one): tell it."
    origin = "OpenSanctions, crawler un_1718_vessels; the committee itself publishes a PDF"

    def recognise(self, head: Head) -> bool:
        """Say whether its header has the columns of the list."""
        table = find_table(head)
        return table is not None and table.has("vessel_name", "imo_number", "date_of_designation")

    def read(self, source: Source, head: Head) -> Iterator[Draft]:
        """Read the vessels of the file."""
        draft, table = Draft(name="UN 1718 vessels"), find_table(head)
        assert table is not None, "recognised by its header"
        for line, cells in records(source, table, draft):
            imos = [imo_in(text, draft.left_out) for text in _several(cells["imo_number"])]
            mmsis = [mmsi_in(text, draft.left_out) for text in _several(cells.get("mmsi", ""))]
            entry = Entry(
                clean(cells.get("#"), NAME_CHARS) or f"row {line}",
                names_of(_several(cells["vessel_name"])),
                tuple(dict.fromkeys(imo for imo in imos if imo is not None)),
                tuple(dict.fromkeys(mmsi for mmsi in mmsis if mmsi is not None)),
                tuple(filter(None, map(callsign_in, _several(cells.get("call_sign", ""))))),
                said(_provisions(cells, table), PROGRAMME_CHARS),
                day_told(cells["date_of_designation"], draft.left_out),
                line,
            )
            if entry.names or entry.imos or entry.mmsis:
                draft.keep(entry)
            else:
                draft.reject(line, "no_vessel", "neither a name nor a number")
        yield draft


def _several(text: str) -> list[str]:
    """Return the numbered values of a cell, or its one value.

    >>> _several("1: UN RYONG 2: JIN HONG"), _several("CHON MA SAN")
    (['UN RYONG', 'JIN HONG'], ['CHON MA SAN'])
    """
    return [part.strip(" ;,") for part in _NUMBERED.split(text) if part.strip(" ;,")]


def _provisions(cells: dict[str, str], table: Table) -> str:
    """Return the resolutions whose columns do not say that they do not apply."""
    found = []
    for name in table.names:
        if name.startswith("Paragraph") and not is_nothing(cells.get(name.casefold(), "")):
            found += _RESOLUTION.findall(name)
    numbers = ", ".join(dict.fromkeys(found))
    return f"UNSCR {numbers}" if numbers else "UNSCR 1718"
