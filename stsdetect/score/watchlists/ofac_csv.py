"""OFAC's list of Specially Designated Nationals as ``sdn.csv``, with ``alt.csv`` and ``sdn_comments.csv``.

Twelve columns without a header (ent_num, SDN_Name, SDN_Type, Program, Title, Call_Sign, Vess_type, Tonnage, GRT,
Vess_flag, Vess_owner, Remarks); ``-0-`` stands for nothing; the file may end with the character 26. A vessel's IMO
number and MMSI stand in Remarks, as ``Vessel Registration Identification IMO 9187629; MMSI 572469210`` or
``Identification Number IMO 9339301``, and weak other names as ``a.k.a. 'MAKRAN'``. Remarks hold up to 1,000
characters; what is longer goes on in ``sdn_comments.csv`` (ent_num, remarks). Other names are in ``alt.csv`` (ent_num,
alt_num, alt_type, alt_name, alt_remarks). Several programmes are written ``SDGT] [IFSR``.

Source: OFAC, Data Specification, first released 2004-12-06, updated 2023-09-25 (dat_spec.txt); rows as in the files
of 2021-07-07 and 2025 kept in github.com/moov-io/watchman.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from stsdetect.readers.source import Head, Source
from stsdetect.score.watchlists.protocol import Draft, Entry
from stsdetect.score.watchlists.tables import rows, samples, text_lines
from stsdetect.score.watchlists.words import (
    NAME_CHARS,
    PROGRAMME_CHARS,
    callsign_in,
    imos_said,
    is_nothing,
    mmsi_in,
    names_of,
    said,
)

_COLUMNS, _ALT_COLUMNS, _COMMENT_COLUMNS = 12, 5, 2
_TYPES = frozenset({"-0-", "individual", "vessel", "aircraft", "entity", ""})
_ALT_TYPES = frozenset({"aka", "fka", "nka"})
_MMSI = re.compile(r"\bMMSI\s*:?\s*(\d{5,12})")
_WEAK = re.compile(r"\b[afn]\.?k\.?a\.?\s*'([^']{1,80})'")
_OTHER_SIGN = re.compile(r"\bCall Sign\s*:?\s*([A-Z0-9]{3,8})\b")


class OfacCsv:
    """``sdn.csv``."""

    name = "ofac_sdn_csv"
    title = "OFAC sdn.csv"
    doc = (
        "Twelve columns without a header, -0- for nothing. Vessels are taken; IMO number and MMSI from the remarks. "
        "alt.csv (other names) and sdn_comments.csv (remarks that go on) are read with it where they are named, too, "
        "or lie beside it."
    )
    dated = "the file has no date: tell it."
    origin = "OFAC, Data Specification (dat_spec.txt, updated 2023-09-25)"

    def recognise(self, head: Head) -> bool:
        """Say whether most of the first rows have twelve cells, a number first and a type of OFAC's third."""
        found = samples(head)
        good = sum(_is_row(cells) for cells in found)
        return good > 0 and 2 * good >= len(found)

    def read(self, source: Source, head: Head) -> Iterator[Draft]:
        """Read the vessels of the file."""
        draft = Draft(name="OFAC SDN")
        for row in rows(text_lines(source), ","):
            cells = [cell.strip() for cell in row.cells]
            if row.problem:
                draft.reject(row.line, row.problem, cells[0])
            elif len(cells) != _COLUMNS:
                draft.reject(row.line, "wrong_column_count", f"{len(cells)} cells instead of {_COLUMNS}")
            elif not cells[0].isdigit():
                draft.reject(row.line, "no_entry_number", cells[0])
            elif cells[2].casefold() != "vessel":
                draft.pass_over("not a vessel")
            else:
                draft.keep(_entry(cells, row.line, draft))
        yield draft


def _is_row(cells: list[str]) -> bool:
    return (
        len(cells) == _COLUMNS
        and cells[0].strip().isdigit()
        and cells[2].strip().casefold() in _TYPES
        and any(cell.strip() == "-0-" for cell in cells)
    )


def _entry(cells: list[str], line: int, draft: Draft) -> Entry:
    programme = "" if is_nothing(cells[3]) else cells[3].replace("] [", ", ")
    sign = callsign_in(cells[5])
    entry = Entry(
        cells[0][:NAME_CHARS], names_of([cells[1]]), callsigns=(sign,) if sign else (),
        programme=said(programme, PROGRAMME_CHARS), row=line,
    )  # fmt: skip
    return with_remarks(entry, cells[11], draft)


def with_remarks(entry: Entry, remarks: str, draft: Draft) -> Entry:
    """Return an entry with the numbers and names that OFAC's remarks on it hold."""
    imos = dict.fromkeys([*entry.imos, *imos_said(remarks, draft.left_out)])
    mmsis = [mmsi_in(digits, draft.left_out) for digits in _MMSI.findall(remarks)]
    signs = [callsign_in(sign) for sign in _OTHER_SIGN.findall(remarks)]
    return replace(
        entry,
        names=names_of([*entry.names, *_WEAK.findall(remarks)]),
        imos=tuple(imos),
        mmsis=tuple(dict.fromkeys([*entry.mmsis, *(number for number in mmsis if number is not None)])),
        callsigns=tuple(dict.fromkeys([*entry.callsigns, *filter(None, signs)])),
    )


# --- Files that go with it -----------------------------------------------------------------------------------


def supplement(head: Head) -> str:
    """Return ``alt`` or ``comments`` where a file is one of those that go with sdn.csv, else an empty string.

    Neither has a header: a table of one's own, of a number and a reason, does.
    """
    found = samples(head)
    if not found or not found[0][0].strip().isdigit():
        return ""
    alt = sum(
        len(cells) == _ALT_COLUMNS
        and cells[0].strip().isdigit()
        and cells[1].strip().isdigit()
        and cells[2].strip().casefold() in _ALT_TYPES
        for cells in found
    )
    if alt and 2 * alt >= len(found):
        return "alt"
    remarks = sum(len(cells) == _COMMENT_COLUMNS and cells[0].strip().isdigit() for cells in found)
    longest = max((len(cells[1]) for cells in found if len(cells) == _COMMENT_COLUMNS), default=0)
    return "comments" if remarks and 2 * remarks >= len(found) and longest > 20 else ""


def add_supplement(draft: Draft, source: Source, kind: str) -> Draft:
    """Return a draft of sdn.csv with other names (``alt``) or with remarks that go on (``comments``) added."""
    more: dict[str, list[str]] = defaultdict(list)
    wanted = {entry.entry_id for entry in draft.entries}
    bad = 0
    for row in rows(text_lines(source), ","):
        cells = [cell.strip() for cell in row.cells]
        width = _ALT_COLUMNS if kind == "alt" else _COMMENT_COLUMNS
        if row.problem or len(cells) != width or not cells[0].isdigit():
            bad += 1
        elif cells[0] in wanted:
            more[cells[0]].append(cells[3] if kind == "alt" else cells[1])
    if bad:
        draft.remarks[f"{bad:,} rows of {source.label} could not be read"] = None
    if not more:
        draft.remarks[f"none of the rows of {source.label} tell of a vessel of the list: is it what goes with it?"] = (
            None
        )
    entries = []
    for entry in draft.entries:
        texts = more.get(entry.entry_id, [])
        if kind == "alt":
            entries.append(replace(entry, names=names_of([*entry.names, *texts])))
        else:
            entries.append(with_remarks(entry, " ".join(texts), draft) if texts else entry)
    draft.entries = entries
    return draft
