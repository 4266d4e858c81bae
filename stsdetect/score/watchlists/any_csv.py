"""Any CSV file with a column for IMO numbers, MMSIs or names: a list of one's own.

Source: our own; the headers taken are those people write (IMO, IMO number, Vessel name, Ship name, and so on).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from stsdetect.errors import InputError, UsageError
from stsdetect.readers.source import Head, Source
from stsdetect.reference.texts import clean
from stsdetect.score.watchlists.protocol import Draft, Entry
from stsdetect.score.watchlists.tables import Table, find_table, pieces, records
from stsdetect.score.watchlists.words import (
    PROGRAMME_CHARS,
    DayOrder,
    callsign_in,
    day_order,
    day_told,
    imos_in,
    is_nothing,
    mmsi_in,
    names_of,
    said,
)

#: What a column is for, by its header in small letters and digits only; the first that fits is taken.
HEADERS: dict[str, tuple[str, ...]] = {
    "imo": ("imo", "imonumber", "imono", "imonr", "imonumbers", "vesselimo", "shipimo"),
    "mmsi": ("mmsi", "mmsinumber", "mmsino"),
    "name": ("name", "vesselname", "shipname", "vessel", "ship", "nameofvessel", "nameofship"),
    "aliases": ("aliases", "alias", "aka", "othernames", "formernames", "exnames", "previousnames"),
    "callsign": ("callsign", "radiocallsign"),
    "id": ("id", "entryid", "entry", "reference", "uniqueid"),
    "programme": ("programme", "program", "programs", "programmes", "sanctions", "reason", "why", "remarks"),
    "listed_on": ("listedon", "listingdate", "designationdate", "dateofdesignation", "dateoflisting"),
    "delisted_on": ("delistedon", "delistingdate", "dateofdelisting", "delisteddate"),
    "status": ("status", "listingstatus", "liststatus"),
    "list": ("list", "listname", "watchlist"),
    "list_date": ("listdate", "asof"),
}
#: Columns of days.
_DAYS = ("listed_on", "delisted_on", "list_date")
_STATUS = re.compile(r"\s*de-?listed\b", re.IGNORECASE)
_YEAR = re.compile(r"\d{4}")
_DELISTED = "delisted, without a day that is understood"
_POSITIONS = frozenset({"lat", "latitude", "latdeg", "lon", "long", "longitude", "londeg"})


class AnyCsv:
    """A CSV file with an IMO, MMSI or name column."""

    name = "any_csv"
    title = "Any CSV with a column imo, mmsi or name"
    doc = (
        "A header with a column for IMO numbers, MMSIs or names, in any order and case; also taken: aliases (joined "
        "by ;), callsign, id, programme, listed_on, delisted_on, status, list and list_date. Of days like 30/06/2024 "
        "the file must tell whether day or month comes first, by a part above 12 in any of them: else they are left "
        "out. Rows of status delisted without a day are passed over. A table with latitude and longitude is refused: "
        "it is AIS."
    )
    dated = "list_date where all rows bear one, else tell it."
    origin = "our own"

    def recognise(self, head: Head) -> bool:
        """Say whether its header names a column that vessels are matched by."""
        table = find_table(head)
        found = {} if table is None else columns_of(table, "")
        return any(name in found for name in ("imo", "mmsi", "name"))

    def read(self, source: Source, head: Head) -> Iterator[Draft]:
        """Read the vessels of the file."""
        draft, table = Draft(), find_table(head)
        assert table is not None, "recognised by its header"
        columns = columns_of(table, source.label)
        dated = [columns[what] for what in _DAYS if what in columns]
        every = (cells[name] for _, cells in records(source, table, Draft()) for name in dated)
        order = day_order(every if dated else ())
        days: Counter[str] = Counter()
        lists: Counter[str] = Counter()
        for line, cells in records(source, table, draft):
            given = {what: cells[name] for what, name in columns.items()}
            days[given.get("list_date", "")] += 1
            lists[given.get("list", "")] += 1
            entry = entry_of(line, given, draft, order)
            if entry is not None:
                draft.keep(entry)
        if len(days) == 1:
            draft.date = day_told(next(iter(days)), draft.left_out, order)
        if len(lists) == 1:
            draft.name = clean(next(iter(lists)))
        if gone := draft.passed_over[_DELISTED]:
            draft.remarks[
                f"entries that are delisted without a day that is understood, and so are passed over: {gone:,}"
            ] = None
        yield draft


def columns_of(table: Table, label: str) -> dict[str, str]:
    """Return which column is for what, as in `HEADERS`.

    Raises
    ------
    InputError
        If the table has places: it is AIS, not a list. Only where ``label`` names it.
    UsageError
        If two columns are for the same; only where ``label`` names the table.
    """
    plain = [re.sub(r"[^a-z0-9]", "", name.casefold()) for name in table.names]
    if label and len(_POSITIONS.intersection(plain)) > 1:
        raise InputError(f"{label} has latitudes and longitudes: it looks like AIS, not like a watch-list")
    found: dict[str, str] = {}
    for what, headers in HEADERS.items():
        for header in headers:
            places = [place for place, name in enumerate(plain) if name == header]
            if label and len(places) > 1 and what not in found:
                raise UsageError(
                    f"{label} has {len(places)} columns '{clean(table.names[places[0]])}': which is meant? Rename the "
                    "others in its header"
                )
            if places:
                found.setdefault(what, table.names[places[0]].casefold())
    return found


def entry_of(line: int, given: Mapping[str, str], draft: Draft, order: DayOrder = DayOrder.MONTH) -> Entry | None:
    """Return the entry that cells by what they are for (`HEADERS`) make; a row that makes none is counted."""
    if all(is_nothing(text) for text in given.values()):
        draft.pass_over("empty")
        return None
    delisted = given.get("delisted_on", "")
    delisted_on = day_told(delisted, draft.left_out, order)
    # Words without a number ("not delisted", "no") are no day, and say of no entry that it was taken off.
    if delisted_on is None and (_STATUS.match(given.get("status", "")) or _YEAR.search(delisted)):
        draft.pass_over(_DELISTED)
        return None
    listed_on = day_told(given.get("listed_on", ""), draft.left_out, order)
    before = draft.left_out.total()
    mmsis = [mmsi_in(text, draft.left_out) for text in re.split(r"[;,/|]", given.get("mmsi", ""))]
    sign = callsign_in(given.get("callsign", ""))
    entry_id = given.get("id", "")
    entry = Entry(
        f"row {line}" if is_nothing(entry_id) else clean(entry_id),
        names_of([given.get("name", ""), *pieces(given.get("aliases", ""))]),
        imos_in(given.get("imo", ""), draft.left_out),
        tuple(dict.fromkeys(mmsi for mmsi in mmsis if mmsi is not None)),
        (sign,) if sign else (),
        "" if is_nothing(given.get("programme", "")) else said(given["programme"], PROGRAMME_CHARS),
        listed_on,
        line,
        delisted_on,
    )
    if entry.names or entry.imos or entry.mmsis or entry.callsigns:
        return entry
    if draft.left_out.total() > before:
        draft.reject(line, "bad_number", given.get("imo") or given.get("mmsi", ""))
    else:
        draft.reject(line, "no_vessel", "neither a name nor a number")
    return None
