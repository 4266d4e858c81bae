"""Which hulls are on a list: by IMO number over all that a hull said it was, else only as a marked possibility.

- **Hit**: the hull broadcast an IMO number, its check digit right, that an entry has. Nothing else is a hit.
- **Possible**: the same MMSI, or the same call sign, or a name that is the same or nearly so; all that agree are named.
  MMSIs and call signs are given anew to other ships, and names recur.
- **Delisted**: who was taken off a list before it was heard as what the entry has is neither; else the words say when.
- **Veto**: where the hull broadcast an IMO number and the entry has others, it is another ship, whatever else agrees.

A name counts by itself only where it tells ships apart (`names`: not short, not made of common words), and where no
more than `MAX_NAMESAKES` hulls in the data bear it: else it counts only beside an MMSI or call sign. What was left out
for that is counted.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.reference.callsigns import callsign_state
from stsdetect.reference.texts import clean
from stsdetect.reference.vessels import imo_tells, mmsi_form
from stsdetect.schema import EVENTS, TIME, VESSELS, WATCH_HITS
from stsdetect.score.watchlists.names import Name, plain
from stsdetect.score.watchlists.protocol import Entry, WatchList
from stsdetect.score.watchlists.words import callsign_in, said

#: Hulls that may bear the name of an entry before it tells nothing any more (our choice: of a few, each can be looked
#: at).
MAX_NAMESAKES = 3
#: Pairs of names compared letter by letter at once: bounds the table of distances to some 10 MB.
_AT_ONCE = 10_000_000
HIT, POSSIBLE = "hit", "possible"
#: A list that is so much later than what was heard is said to be, where an entry has no date [days] (our choice).
LATER_DAYS = 30


@dataclass
class _Hull:
    """All that one hull said it was: each value with when it was first and last said [us]."""

    imo: dict[int, tuple[int, int]] = field(default_factory=dict)
    mmsi: dict[int, tuple[int, int]] = field(default_factory=dict)
    name: dict[str, tuple[int, int]] = field(default_factory=dict)
    callsign: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def imos(self) -> frozenset[int]:
        """Its IMO numbers that tell ships apart."""
        return frozenset(number for number in self.imo if imo_tells(number))


@dataclass(frozen=True)
class Matched:
    """What was found: hits (`schema.WATCH_HITS`), and how many hulls bear each name that told nothing.

    ``namesakes`` holds for each list the names left out with the number of hulls that bear them; ``vetoed`` counts for
    each the hulls that another IMO number tells apart from an entry that they otherwise agree with, and ``delisted``
    those that agree only with an entry that was taken off the list before they were heard.
    """

    hits: pa.Table
    namesakes: dict[str, dict[str, int]]
    vetoed: dict[str, int]
    delisted: dict[str, int] = field(default_factory=dict)


def match(lists: Sequence[WatchList], vessels: pa.Table, events: pa.Table | None = None) -> Matched:
    """Find the hulls that are on lists, or may be.

    Parameters
    ----------
    lists
        As from `read_watch_lists`.
    vessels
        A `VESSELS` table: what each hull said it was, and when.
    events
        An `EVENTS` table: vessels in it that are not among ``vessels`` (in events told by others) are matched by what
        the events say of them.

    Returns
    -------
    Matched
        Its ``hits`` are sorted by vessel, hits first, list, and entry.

    Examples
    --------
    >>> match((), VESSELS.empty()).hits.num_rows
    0
    """
    if not lists:
        return Matched(WATCH_HITS.empty(), {}, {})
    said_so = _identities(vessels, events)
    index = _Index(lists)
    hulls = _hulls(said_so, index.wanted(said_so))
    found, namesakes, vetoed, delisted = [], dict[str, dict[str, int]](), dict[str, int](), dict[str, int]()
    for number, one in enumerate(lists):
        borne: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        others: set[str] = set()
        gone: set[str] = set()
        for vessel, hull in hulls.items():
            imos = hull.imos
            for place in sorted(index.candidates(number, hull)):
                entry = one.entries[place]
                row = _compare(vessel, hull, imos, entry)
                if row is None:
                    others |= {vessel} if imos and entry.imos and not imos.intersection(entry.imos) else set()
                elif entry.delisted_on and entry.delisted_on < _day(row[4]):
                    gone.add(vessel)
                elif row[2] == ("name",):
                    borne[place].append(row)
                else:
                    found.append((number, place, *row))
        if others:
            vetoed[one.label] = len(others)
        for place, rows in borne.items():
            if len(rows) > MAX_NAMESAKES:
                namesakes.setdefault(one.label, {})[one.entries[place].name] = len(rows)
            else:
                found += [(number, place, *row) for row in rows]
        if gone := gone.difference(row[2] for row in found if row[0] == number):
            delisted[one.label] = len(gone)
    return Matched(_table(lists, hulls, found), namesakes, vetoed, delisted)


# --- What hulls said they were --------------------------------------------------------------------------------

_FIELDS = ("imo", "mmsi", "name", "callsign")


def _identities(vessels: pa.Table, events: pa.Table | None) -> pa.Table:
    """Return vessel, from, to and what was said, of hulls and of vessels that only events tell of."""
    names = ["vessel", "valid_from", "valid_to", *_FIELDS]
    table = VESSELS.conform(vessels, extra=True).select(names)
    kinds = pa.schema([("vessel", pa.string()), ("valid_from", TIME), ("valid_to", TIME), ("imo", pa.int64()),
                       ("mmsi", pa.int64()), ("name", pa.string()), ("callsign", pa.string())])  # fmt: skip
    table = table.cast(kinds)
    if events is None:
        return table
    parts = [table]
    known = pc.unique(table.column("vessel").combine_chunks())
    conformed = EVENTS.conform(events, extra=True)
    for side in "ab":
        vessel = conformed.column(f"vessel_{side}")
        new = pc.and_(pc.is_valid(vessel), pc.invert(pc.is_in(vessel, known)))
        some = conformed.filter(new)
        columns = [some.column(name) for name in (f"vessel_{side}", "start_time", "end_time")]
        columns += [some.column(f"{name}_{side}") for name in ("imo", "mmsi", "name")]
        parts.append(pa.Table.from_arrays([*columns, pa.nulls(some.num_rows, pa.string())], schema=kinds))
    return pa.concat_tables(parts)


def _hulls(table: pa.Table, wanted: Collection[str]) -> dict[str, _Hull]:
    """Return all that some hulls said they were, by hull, in order."""
    some = table.filter(pc.is_in(table.column("vessel"), pa.array(sorted(wanted), pa.string())))
    hulls: dict[str, _Hull] = {vessel: _Hull() for vessel in sorted(wanted)}
    times = [some.column(name).cast(pa.int64()).to_pylist() for name in ("valid_from", "valid_to")]
    columns = [some.column(name).to_pylist() for name in ("vessel", *_FIELDS)]
    for vessel, *values, first, last in zip(*columns, *times, strict=True):
        hull = hulls[vessel]
        for name, value in zip(_FIELDS, values, strict=True):
            if value:
                known: dict[Any, tuple[int, int]] = getattr(hull, name)
                before = known.get(value, (first, last))
                known[value] = min(first, before[0]), max(last, before[1])
    return hulls


# --- Entries by what they are matched by ------------------------------------------------------------------------


class _Index:
    """Entries of all lists by number, call sign and name."""

    def __init__(self, lists: Sequence[WatchList]) -> None:
        self._by: dict[str, dict[Any, list[tuple[int, int]]]] = {name: defaultdict(list) for name in _FIELDS}
        self._telling: dict[Name, None] = {}
        self._near: dict[Name, list[Name]] = {}
        for number, one in enumerate(lists):
            for place, entry in enumerate(one.entries):
                spot = (number, place)
                for imo in entry.imos:
                    self._by["imo"][imo].append(spot)
                for mmsi in entry.mmsis:
                    self._by["mmsi"][mmsi].append(spot)
                for sign in entry.callsigns:
                    self._by["callsign"][sign].append(spot)
                for name in dict.fromkeys(map(plain, entry.names)):
                    if name.telling:
                        self._by["name"][name.key].append(spot)
                        self._telling[name] = None

    def wanted(self, table: pa.Table) -> set[str]:
        """Return the hulls that agree with any entry in anything, before IMO numbers are held against it."""
        vessel = table.column("vessel")
        masks = [pc.is_in(table.column(name), pa.array(sorted(self._by[name]), pa.int64())) for name in ("imo", "mmsi")]
        signs = [word for word in _words(table, "callsign") if callsign_in(word) in self._by["callsign"]]
        names = [word for word in _words(table, "name") if self._knows(word)]
        names += self._slips(table)
        masks += [
            pc.is_in(table.column(name), pa.array(words, pa.string()))
            for name, words in (("callsign", signs), ("name", names))
        ]
        found: set[str] = set()
        for mask in masks:
            found.update(pc.unique(vessel.filter(pc.fill_null(mask, False))).to_pylist())
        return found

    def _knows(self, word: str) -> bool:
        return plain(word).key in self._by["name"]

    def _slips(self, table: pa.Table) -> list[str]:
        """Return the names in the data that differ from one of an entry by a slip or two, and remember of which."""
        by_mark: dict[tuple[str, ...], list[Name]] = defaultdict(list)
        for name in self._telling:
            if name.slips:
                by_mark[name.mark].append(name)
        asked: dict[tuple[str, ...], dict[Name, list[str]]] = defaultdict(lambda: defaultdict(list))
        for word in _words(table, "name"):
            name = plain(word)
            if name.telling and name.slips and name.mark in by_mark and name.key not in self._by["name"]:
                asked[name.mark][name].append(word)
        close: list[str] = []
        for mark, words in asked.items():
            entries = sorted(by_mark[mark], key=lambda one: len(one.letters))
            lengths = [len(one.letters) for one in entries]
            names = sorted(words, key=lambda one: len(one.letters))
            for length, group in groupby(names, key=lambda one: len(one.letters)):
                same = list(group)
                slips = same[0].slips  # lengths of names that are so near differ by no more than that
                fit = entries[bisect_left(lengths, length - slips) : bisect_right(lengths, length + slips)]
                for name, entry in _within(same, fit, slips):
                    self._near.setdefault(name, []).append(entry)
                    close += words[name]
        return close

    def candidates(self, number: int, hull: _Hull) -> set[int]:
        """Return the entries of one list that agree with a hull in anything."""
        spots: list[tuple[int, int]] = []
        for imo in hull.imo:
            spots += self._by["imo"].get(imo, ())
        for mmsi in hull.mmsi:
            spots += self._by["mmsi"].get(mmsi, ())
        for sign in hull.callsign:
            spots += self._by["callsign"].get(callsign_in(sign), ())
        for word in hull.name:
            name = plain(word)
            for near in (name, *self._near.get(name, ())):
                spots += self._by["name"].get(near.key, ())
        return {place for which, place in spots if which == number}


def _within(names: Sequence[Name], entries: Sequence[Name], slips: int) -> Iterator[tuple[Name, Name]]:
    """Yield the pairs of a name and a name of an entry that no more letters tell apart than either allows."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cdist

    many = max(1, _AT_ONCE // max(1, len(names)))
    letters = [one.letters for one in names]
    for begin in range(0, len(entries), many):
        some = entries[begin : begin + many]
        apart = cdist(letters, [one.letters for one in some], scorer=OSA.distance, score_cutoff=slips, dtype=np.uint8)
        for row, column in np.argwhere(apart <= slips).tolist():
            if apart[row, column] <= some[column].slips:
                yield names[row], some[column]


def _words(table: pa.Table, name: str) -> list[str]:
    """Return each distinct text of a column, sorted."""
    return sorted(pc.drop_null(pc.unique(table.column(name))).to_pylist())


# --- One hull and one entry -------------------------------------------------------------------------------------


def _compare(vessel: str, hull: _Hull, imos: frozenset[int], entry: Entry) -> tuple[Any, ...] | None:
    """Return vessel, kind, what agrees, the words for it, and when it was said; None where they are two ships."""
    same = imos.intersection(entry.imos)
    if imos and entry.imos and not same:
        return None
    agree: dict[str, dict[Any, str]] = {
        "imo": {number: f"IMO {number}" for number in same},
        "mmsi": {n: f"MMSI {n}" for n in hull.mmsi if n in entry.mmsis and mmsi_form(n) == "ship"},
        "callsign": {
            word: f"call sign {said(word, 12)}"
            for word in hull.callsign
            if callsign_in(word) in entry.callsigns and callsign_state(callsign_in(word)) is not None
        },
        "name": dict(_same_names(hull.name, entry)),
    }
    matched = tuple(name for name in ("imo", "mmsi", "callsign", "name") if agree[name])
    if not matched:
        return None
    leading = matched[0]
    spans = [getattr(hull, leading)[value] for value in agree[leading]]
    words = [text for name in matched for _, text in sorted(agree[name].items())]
    begin, end = min(first for first, _ in spans), max(last for _, last in spans)
    return vessel, HIT if same else POSSIBLE, matched, words, begin, end


def _same_names(said_names: Mapping[str, Any], entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield the names of a hull that are one of an entry's, or nearly so, with words for it."""
    listed = [(plain(name), name) for name in entry.names]
    for word in said_names:
        name = plain(word)
        best = next((text for other, text in listed if other.key == name.key and other.letters), None)
        if best is not None:
            old = "" if best == entry.name else f" (listed also as {said(best, 30)})"
            yield word, f"name {said(word, 30)}{old}"
            continue
        near = next((text for other, text in listed if _nearly(name, other)), None)
        if near is not None:
            yield word, f"name {said(word, 30)} (nearly {said(near, 30)})"


def _nearly(name: Name, other: Name) -> bool:
    from rapidfuzz.distance import OSA

    most = min(name.slips, other.slips)
    if not most or name.mark != other.mark or not (name.telling and other.telling):
        return False
    return OSA.distance(name.letters, other.letters, score_cutoff=most) <= most


# --- The table --------------------------------------------------------------------------------------------------


def _table(lists: Sequence[WatchList], hulls: Mapping[str, _Hull], found: Iterable[tuple[Any, ...]]) -> pa.Table:
    rows = sorted(found, key=lambda one: (one[2], one[3] != HIT, lists[one[0]].label, one[0], one[1]))
    if not rows:
        return WATCH_HITS.empty()
    columns: dict[str, list[Any]] = {name: [] for name in WATCH_HITS.names}
    for number, place, vessel, kind, matched, words, begin, end in rows:
        one, hull = lists[number], hulls[vessel]
        entry = one.entries[place]
        values = {
            "vessel": vessel,
            "mmsi": _latest(hull.mmsi),
            "name": clean(_latest(hull.name)) or None,
            "kind": kind,
            "matched": ";".join(matched),
            "said": "; ".join(words),
            "first_time": begin,
            "last_time": end,
            "other_imos": sorted(hull.imos - set(entry.imos)),
            "list_name": one.name,
            "list_date": one.date,
            "entry_id": entry.entry_id,
            "entry_name": entry.name or None,
            "entry_imos": list(entry.imos),
            "programme": entry.programme or None,
            "listed_on": entry.listed_on,
            "evidence": evidence(kind, words, one, entry, sorted(hull.imos - set(entry.imos)), end),
            "list_file": one.path,
            "list_row": entry.row or None,
        }
        for name, value in values.items():
            columns[name].append(value)
    for name in ("first_time", "last_time"):
        columns[name] = pa.array(columns[name], pa.int64()).cast(TIME)
    return WATCH_HITS.table(columns)


def _latest(values: Mapping[Any, tuple[int, int]]) -> Any:
    """Return what was said last; of equals the least."""
    return min(values, key=lambda value: (-values[value][1], value), default=None)


def _day(time_us: int) -> date:
    return datetime.fromtimestamp(time_us // 1_000_000, UTC).date()


def _since(one: WatchList, entry: Entry, last_us: int) -> list[str]:
    """Say where an entry may be younger than what was heard: ships are sold, and listed for what came later."""
    heard = _day(last_us)
    if entry.listed_on:
        return ["after it was heard here"] if entry.listed_on > heard else []
    if one.date and (one.date - heard).days > LATER_DAYS:
        return ["it is not said since when, and the list is later than what was heard"]
    return []


def evidence(kind: str, words: Sequence[str], one: WatchList, entry: Entry, others: Sequence[int], last_us: int) -> str:
    """Return a match in words: what was broadcast, the last time at ``last_us``, and which list has it."""
    who = said(entry.name, 30) or f"entry {said(entry.entry_id, 30)}"
    about = [f"entry {said(entry.entry_id, 30)}"]
    if entry.programme:
        about.append(said(entry.programme, 60))
    if entry.listed_on:
        about.append(f"listed on {entry.listed_on.isoformat()}")
    about += _since(one, entry, last_us)
    if entry.delisted_on:
        about.append(f"delisted on {entry.delisted_on.isoformat()}")
    where = f"{who} on {said(one.label, 60)} ({', '.join(about)})"
    if kind == HIT:
        more = f"; it also broadcast IMO {', '.join(map(str, others[:3]))}" if others else ""
        return f"broadcast {', '.join(words)}, as {where}{more}"
    return f"broadcast {', '.join(words)}, as {where}, but no IMO number that says so: it may be another ship"
