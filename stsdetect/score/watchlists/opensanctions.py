"""OpenSanctions: ``maritime.csv``, ``targets.simple.csv``, and entities of FollowTheMoney as lines of JSON.

``maritime.csv``: type, caption, imo, risk, countries, flag, mmsi, id, url, datasets, aliases; all cells quoted, several
values joined by ``;``; a row for each IMO number, so that an entity may have several. Rows of type ORGANIZATION bear
IMO *company* numbers, which have seven digits as well: they are passed over.

``targets.simple.csv``: id, schema, name, aliases, birth_date, countries, addresses, identifiers, sanctions, phones,
emails, (program_ids,) dataset, first_seen, last_seen, last_change. ``identifiers`` mixes numbers of every sort.

``entities.ftm.json`` and ``targets.nested.json``: an object on each line with id, caption, schema, properties (each a
list), datasets, first_seen, last_seen. Vessels have imoNumber, mmsi, callSign, name, alias, weakAlias, previousName.

Topics (``risk``, ``properties.topics``) say why an entity is held. Vessels held for nothing, or for having been
detained by a port state alone (``mare.detained``), are passed over: neither lists them.

Source: exporters maritime.py, simplecsv.py and ftm.py of github.com/opensanctions/opensanctions, and the program_ids
column as in files of 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from stsdetect.readers.json_items import Shape, chunks, shapes
from stsdetect.readers.source import Head, Source
from stsdetect.reference.callsigns import callsign_state
from stsdetect.reference.texts import clean
from stsdetect.reference.vessels import imo_tells
from stsdetect.score.watchlists.protocol import Draft, Entry
from stsdetect.score.watchlists.tables import find_table, pieces, records
from stsdetect.score.watchlists.words import (
    NAME_CHARS,
    PROGRAMME_CHARS,
    callsign_in,
    day_in,
    imo_in,
    mmsi_in,
    names_of,
    said,
    text_of,
)

#: Topics that are no listing.
_NO_LISTING = frozenset({"", "mare.detained"})
_NAMES = ("name", "alias", "previousName", "weakAlias")
_REPOSITORY = "github.com/opensanctions/opensanctions"


class Maritime:
    """``maritime.csv``."""

    name = "opensanctions_maritime"
    title = "OpenSanctions maritime.csv"
    doc = (
        "Header type, caption, imo, risk, countries, flag, mmsi, id, url, datasets, aliases. Rows of organisations "
        "bear IMO company numbers and are passed over, as are vessels without a risk, or that were detained only. "
        "Rows of one id are one entry."
    )
    dated = "the file has no date: tell it."
    origin = f"OpenSanctions, exporter maritime.py of {_REPOSITORY}"

    def recognise(self, head: Head) -> bool:
        """Say whether its header has the columns of the export."""
        table = find_table(head)
        return table is not None and table.has("type", "caption", "imo", "risk", "datasets")

    def read(self, source: Source, head: Head) -> Iterator[Draft]:
        """Read the vessels of the file."""
        draft, table = Draft(name="OpenSanctions maritime"), find_table(head)
        assert table is not None, "recognised by its header"
        ids: dict[int, str] = {}
        for line, cells in records(source, table, draft):
            if cells["type"].casefold() != "vessel":
                draft.pass_over("not a vessel" if cells["type"] else "no type")
            elif _no_listing(pieces(cells["risk"])):
                draft.pass_over("no risk, or detained only")
            else:
                ids[line] = cells.get("id", "")
                imo = imo_in(cells["imo"], draft.left_out)
                mmsis = [mmsi_in(text, draft.left_out) for text in pieces(cells.get("mmsi", ""))]
                _keep(
                    draft,
                    Entry(
                        clean(cells.get("id"), NAME_CHARS) or f"row {line}",
                        names_of([cells["caption"], *pieces(cells.get("aliases", ""))]),
                        () if imo is None else (imo,),
                        tuple(number for number in mmsis if number is not None),
                        programme=said(f"{cells['risk']}: {cells['datasets']}", PROGRAMME_CHARS),
                        row=line,
                    ),
                )
        draft.entries = _by_id(draft.entries, ids)
        yield draft


class Simple:
    """``targets.simple.csv``."""

    name = "opensanctions_simple"
    title = "OpenSanctions targets.simple.csv"
    doc = (
        "Header id, schema, name, aliases, ..., identifiers, sanctions, ..., dataset, first_seen, last_seen. Rows of "
        "schema Vessel are taken; of identifiers those that are an IMO number (marked as one, or bare where none in "
        "the file is marked), a ship's MMSI or a ship's call sign."
    )
    dated = "the latest last_seen."
    origin = f"OpenSanctions, exporter simplecsv.py of {_REPOSITORY}"

    def recognise(self, head: Head) -> bool:
        """Say whether its header has the columns of the export."""
        table = find_table(head)
        return table is not None and table.has("id", "schema", "name", "aliases", "identifiers", "dataset")

    def read(self, source: Source, head: Head) -> Iterator[Draft]:
        """Read the vessels of the file."""
        draft, table = Draft(name="OpenSanctions targets"), find_table(head)
        assert table is not None, "recognised by its header"
        unmarked: dict[int, tuple[int, ...]] = {}
        marks = False
        for line, cells in records(source, table, draft):
            _see(draft, cells.get("last_seen", ""))
            if cells["schema"].casefold() != "vessel":
                draft.pass_over("not a vessel" if cells["schema"] else "no schema")
                continue
            numbers = pieces(cells["identifiers"])
            marks |= any(_marked(text) for text in numbers)
            imos, mmsis, signs = _sort(numbers, draft)
            if not imos:
                unmarked[line] = tuple(int(text) for text in numbers if len(text) == 7 and imo_tells(text))
            programme = cells.get("program_ids") or cells["dataset"]
            _keep(
                draft,
                Entry(
                    clean(cells["id"], NAME_CHARS) or f"row {line}",
                    names_of([cells["name"], *pieces(cells["aliases"])]),
                    imos, mmsis, signs, said(programme, PROGRAMME_CHARS), row=line,
                ),
            )  # fmt: skip
        _take_unmarked(draft, unmarked, marks)
        yield draft


class FollowTheMoney:
    """FollowTheMoney entities, one on each line."""

    name = "opensanctions_ftm"
    title = "FollowTheMoney JSON lines (entities.ftm.json, targets.nested.json)"
    doc = (
        "An object with id, schema and properties on each line. Entities of schema Vessel with a topic other than "
        "having been detained are taken, with all their names; lines that are no JSON are rejected and counted. One "
        "that is held for nothing but sanctions that have all an endDate was delisted on the last of them."
    )
    dated = "the latest last_seen."
    origin = f"OpenSanctions, exporter ftm.py of {_REPOSITORY}; followthemoney.tech"

    def recognise(self, head: Head) -> bool:
        """Say whether its lines hold entities."""
        return _shape(head) is not None

    def read(self, source: Source, head: Head) -> Iterator[Draft]:
        """Read the vessels of the file."""
        draft, shape = Draft(name="OpenSanctions entities"), _shape(head)
        assert shape is not None, "recognised by its first lines"
        for chunk in chunks(source, shape):
            for reject in chunk.rejects:
                draft.reject(reject.row, reject.reason, f"{reject.detail}: {reject.text[:80]}")
            for row, item in zip(chunk.rows, chunk.items, strict=True):
                _take(draft, row, item)
        yield draft


def _shape(head: Head) -> Shape | None:
    for shape in shapes(head):
        if shape.lines and sum(_is_entity(item) for item in shape.samples) * 2 > len(shape.samples):
            return shape
    return None


def _is_entity(item: Any) -> bool:
    return isinstance(item, dict) and {"id", "schema", "properties"} <= set(item)


def _take(draft: Draft, row: int, item: dict[str, Any]) -> None:
    properties = item.get("properties")
    if not _is_entity(item) or not isinstance(properties, dict):
        draft.reject(row, "no_entity", "neither id, schema nor properties" if not _is_entity(item) else "properties")
        return
    last = item.get("last_seen")
    _see(draft, last if isinstance(last, str) else "")
    if item["schema"] != "Vessel":
        draft.pass_over("not a vessel")
        return
    if _no_listing(_texts(properties, "topics")):
        draft.pass_over("no topic, or detained only")
        return
    imos = [imo_in(text, draft.left_out) for text in _texts(properties, "imoNumber")]
    mmsis = [mmsi_in(text, draft.left_out) for text in _texts(properties, "mmsi")]
    held = properties.get("sanctions")
    sanctions = [one.get("properties") for one in (held if isinstance(held, list) else ()) if isinstance(one, dict)]
    days = [
        day_in(text)
        for one in sanctions
        if isinstance(one, dict)
        for text in (*_texts(one, "listingDate"), *_texts(one, "startDate"))
    ]
    programmes = [*_texts(properties, "programId"), *_texts(item, "datasets")]
    names = [*_texts(item, "caption"), *(text for name in _NAMES for text in _texts(properties, name))]
    _keep(
        draft,
        Entry(
            clean(item["id"], NAME_CHARS) or f"row {row}",
            names_of(names),
            tuple(dict.fromkeys(imo for imo in imos if imo is not None)),
            tuple(dict.fromkeys(mmsi for mmsi in mmsis if mmsi is not None)),
            tuple(filter(None, dict.fromkeys(map(callsign_in, _texts(properties, "callSign"))))),
            said(", ".join(programmes), PROGRAMME_CHARS),
            min((day for day in days if day is not None), default=None),
            row,
            _ended(_texts(properties, "topics"), sanctions),
        ),
    )  # fmt: skip


def _ended(topics: Iterable[str], sanctions: Iterable[Any]) -> date | None:
    """Return the day on which the last sanction of an entity ended; None where one goes on or it is held otherwise."""
    if not all(topic.strip().casefold() in _NO_LISTING | {"sanction"} for topic in topics):
        return None
    ends = []
    for one in sanctions:
        days = [day_in(text) for text in _texts(one, "endDate")] if isinstance(one, dict) else []
        if not days or None in days:
            return None
        ends.append(max(day for day in days if day is not None))
    return max(ends, default=None)


def _texts(properties: dict[str, Any], name: str) -> list[str]:
    """Return the texts of a property; it should be a list, and may be anything."""
    values = properties.get(name)
    values = values if isinstance(values, list) else [values]
    return list(filter(None, map(text_of, values)))


def _no_listing(topics: Iterable[str]) -> bool:
    return all(topic.strip().casefold() in _NO_LISTING for topic in topics)


def _keep(draft: Draft, entry: Entry) -> None:
    if entry.names or entry.imos or entry.mmsis or entry.callsigns:
        draft.keep(entry)
    else:
        draft.reject(entry.row, "no_vessel", "neither a name nor a number")


def _see(draft: Draft, text: str) -> None:
    """Take the latest day on which the publisher saw an entity as the date of the list."""
    day: date | None = day_in(text) if text else None
    if day is not None and (draft.date is None or day > draft.date):
        draft.date = day


def _marked(text: str) -> bool:
    return text.upper().startswith("IMO")


def _sort(texts: list[str], draft: Draft) -> tuple[tuple[int, ...], tuple[int, ...], tuple[str, ...]]:
    """Tell IMO numbers, MMSIs and call signs among identifiers; others (registrations, hull numbers) are none of them.

    Only numbers that are marked as such are IMO numbers here: see `_take_unmarked`.
    """
    imos = [imo_in(text, draft.left_out) for text in texts if _marked(text)]
    mmsis = [mmsi_in(text, draft.left_out) for text in texts if len(text) == 9 and text.isdigit()]
    signs = [callsign_in(text) for text in texts if callsign_state(text) is not None and not text.isdigit()]
    return (
        tuple(dict.fromkeys(imo for imo in imos if imo is not None)),
        tuple(dict.fromkeys(mmsi for mmsi in mmsis if mmsi is not None)),
        tuple(dict.fromkeys(filter(None, signs))),
    )


def _take_unmarked(draft: Draft, unmarked: Mapping[int, tuple[int, ...]], marks: bool) -> None:
    """Give entries the bare numbers of seven digits that may be IMO numbers, where the file marks none as one.

    In a file that does, as those of some years do, a bare number is something else, such as a registration: it would
    make another ship a hit.
    """
    if not marks:
        draft.entries = [replace(one, imos=one.imos or unmarked.get(one.row, ())) for one in draft.entries]
    elif left := sum(map(bool, unmarked.values())):
        draft.left_out["numbers of seven digits that are not marked as IMO numbers, as others are"] += left


def _by_id(entries: list[Entry], ids: Mapping[int, str]) -> list[Entry]:
    """Put rows of one id together; ``ids`` has them whole by row, where an entry's own may be cut."""
    found: dict[str, Entry] = {}
    for entry in entries:
        key = ids.get(entry.row) or entry.entry_id
        first = found.get(key)
        if first is None:
            found[key] = entry
        else:
            found[key] = replace(
                first,
                names=names_of([*first.names, *entry.names]),
                imos=tuple(dict.fromkeys((*first.imos, *entry.imos))),
                mmsis=tuple(dict.fromkeys((*first.mmsis, *entry.mmsis))),
            )
    return list(found.values())
