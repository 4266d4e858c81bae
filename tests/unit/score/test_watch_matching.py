"""Who is on a list: IMO numbers decide, and what only looks alike is never more than a possibility."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from stsdetect.reference.vessels import imo_ok
from stsdetect.schema import EVENTS, TIME, VESSELS, WATCH_HITS, point_wkb
from stsdetect.score.watchlists import Entry, WatchList, matching
from stsdetect.score.watchlists.matching import MAX_NAMESAKES, Matched, match
from stsdetect.score.watchlists.names import plain

ONE, TWO, THREE = 9100011, 9100023, 9100035
DAY_US = 86_400_000_000


def hulls(*rows: dict[str, Any]) -> pa.Table:
    """A table of identities; each row lasts a day, one after the other."""
    columns: dict[str, Any] = {
        name: [row.get(name) for row in rows] for name in ("vessel", "mmsi", "imo", "name", "callsign")
    }
    start = int(dt.datetime(2024, 3, 1, tzinfo=dt.UTC).timestamp() * 1e6)
    columns["valid_from"] = pa.array([start + k * DAY_US for k in range(len(rows))], pa.int64()).cast(TIME)
    columns["valid_to"] = pa.array([start + (k + 1) * DAY_US for k in range(len(rows))], pa.int64()).cast(TIME)
    return VESSELS.table(columns)


def listed(*entries: Entry, **more: Any) -> WatchList:
    return WatchList(
        **{
            "name": "OFAC SDN",
            "date": dt.date(2026, 3, 20),
            "layout": "any_csv",
            "path": "l",
            **more,
            "entries": entries,
        }
    )


LISTED = Entry(
    "15036", ("TESTAVILON", "ALPHA TESTER"), (ONE,), (572469210,), ("T2EU4",), "IRAN", dt.date(2012, 7, 12), 7
)
NUMBERLESS = Entry("9", ("NUMBERLESS",), (), (445000123,), ("HMYX7",))


def found(*rows: dict[str, Any], entries: tuple[Entry, ...] = (LISTED, NUMBERLESS)) -> list[dict[str, Any]]:
    return match([listed(*entries)], hulls(*rows)).hits.to_pylist()


def test_a_hit_names_list_date_entry_and_what_matched():
    (hit,) = found({"vessel": "A", "mmsi": 538000001, "imo": ONE, "name": "NEW NAME", "callsign": "V7AA1"})
    assert hit["kind"] == "hit"
    assert (hit["matched"], hit["said"]) == ("imo", "IMO 9100011")
    assert (hit["list_name"], hit["list_date"]) == ("OFAC SDN", dt.date(2026, 3, 20))
    assert (hit["entry_id"], hit["entry_name"], hit["programme"]) == ("15036", "TESTAVILON", "IRAN")
    assert (hit["listed_on"], hit["list_file"], hit["list_row"]) == (dt.date(2012, 7, 12), "l", 7)
    assert hit["evidence"] == (
        "broadcast IMO 9100011, as TESTAVILON on OFAC SDN of 2026-03-20 (entry 15036, IRAN, listed on 2012-07-12)"
    )
    assert (hit["mmsi"], hit["name"], hit["other_imos"]) == (538000001, "NEW NAME", [])


def test_all_that_a_hull_ever_said_counts():
    rows = [{"vessel": "A", "imo": ONE}, {"vessel": "A", "imo": TWO}, {"vessel": "A", "imo": TWO}]
    (hit,) = found(*rows)
    assert hit["kind"] == "hit"
    assert hit["other_imos"] == [TWO]
    assert "it also broadcast IMO 9100023" in hit["evidence"]
    assert (hit["last_time"] - hit["first_time"]) == dt.timedelta(days=1)
    (again,) = found(*rows, {"vessel": "A", "imo": ONE})
    assert (again["last_time"] - again["first_time"]) == dt.timedelta(days=4)


@pytest.mark.parametrize(
    "row",
    [
        {"imo": TWO, "name": "TESTAVILON"},
        {"imo": TWO, "mmsi": 572469210},
        {"imo": TWO, "mmsi": 572469210, "name": "TESTAVILON", "callsign": "T2EU4"},
        {"imo": TWO, "name": "TESTAVILOM"},
    ],
)
def test_another_imo_number_is_another_ship(row):
    assert found({"vessel": "A", **row}) == []
    both = match([listed(LISTED)], hulls({"vessel": "A", **row}))
    assert both.vetoed == {"OFAC SDN of 2026-03-20": 1}


def test_a_number_typed_in_place_of_one_says_nothing():
    """1234567 has a right check digit by chance: two ships that both type it are not one, nor is it another ship."""
    junk = Entry("1", ("SOMEBODY",), (1234567,))
    assert found({"vessel": "A", "imo": 1234567}, entries=(junk,)) == []
    (maybe,) = found({"vessel": "A", "imo": 1234567, "mmsi": 572469210, "name": "TESTAVILON"})
    assert (maybe["kind"], maybe["matched"]) == ("possible", "mmsi;name")


@pytest.mark.parametrize(
    ("listed_on", "list_date", "words"),
    [
        (dt.date(2012, 7, 12), dt.date(2026, 3, 20), "listed on 2012-07-12)"),
        (dt.date(2024, 3, 2), dt.date(2026, 3, 20), "listed on 2024-03-02)"),
        (dt.date(2024, 3, 3), dt.date(2026, 3, 20), "listed on 2024-03-03, after it was heard here)"),
        (None, dt.date(2026, 3, 20), "it is not said since when, and the list is later than what was heard)"),
        (None, dt.date(2024, 3, 20), "(entry 1)"),
        (None, None, "(entry 1)"),
    ],
)
def test_what_was_listed_later_is_said_to_be(listed_on, list_date, words):
    """Ships are sold and renamed, and listed for what came later: that says little of what they did before."""
    one = listed(Entry("1", ("TESTAVILON",), (ONE,), listed_on=listed_on), date=list_date)
    (hit,) = match([one], hulls({"vessel": "A", "imo": ONE})).hits.to_pylist()
    assert hit["evidence"].endswith(words)


def test_a_letter_at_the_end_tells_ships_apart_as_a_number_does():
    entry = Entry("1", ("CONFIDENCE P", "TESTAVILON"))
    assert found({"vessel": "A", "name": "CONFIDENCE I"}, {"vessel": "B", "name": "CONFIDENCE"}, entries=(entry,)) == []
    (hit,) = found({"vessel": "A", "name": "CONFIDENSE P"}, entries=(entry,))
    assert hit["matched"] == "name"


def test_a_contradiction_later_in_its_history_counts_as_well():
    assert found({"vessel": "A", "mmsi": 572469210}, {"vessel": "A", "mmsi": 572469210, "imo": TWO}) == []


@pytest.mark.parametrize(
    ("row", "matched"),
    [
        ({"mmsi": 572469210}, "mmsi"),
        ({"mmsi": 572469210, "name": "OTHER NAME"}, "mmsi"),
        ({"mmsi": 572469210, "imo": 9100010}, "mmsi"),  # an IMO number that is none contradicts nothing
        ({"callsign": "t2eu4"}, "callsign"),
        ({"name": "M/T Testavilon"}, "name"),
        ({"name": "TESTAVILOM"}, "name"),
        ({"name": "ALPHA-TESTER"}, "name"),
        ({"name": "TESTAVILON", "callsign": "T2EU4", "mmsi": 572469210}, "mmsi;callsign;name"),
    ],
)
def test_what_only_agrees_is_a_possibility(row, matched):
    (one,) = found({"vessel": "A", **row})
    assert (one["kind"], one["matched"]) == ("possible", matched)
    assert "it may be another ship" in one["evidence"]


@pytest.mark.parametrize(
    "row",
    [
        {"imo": 9100010},  # of the listed number, but its check digit is wrong
        {"mmsi": 572469211},
        {"name": "TESTAVILON 2"},
        {"name": "TESTING"},
        {"name": "TESTIVALOM"},  # two slips in ten letters
        {"callsign": "0"},
        {},
    ],
)
def test_what_does_not_agree(row):
    assert found({"vessel": "A", **row}) == []


def test_an_invalid_number_on_the_list_never_hits():
    bad = Entry("1", ("BAD NUMBER SHIP",), tuple(n for n in (9100010,) if imo_ok(n)), (), ())
    assert found({"vessel": "A", "imo": 9100010}, entries=(bad,)) == []


@pytest.mark.parametrize(
    "name", ["LUCKY", "STAR", "LUCKY STAR", "STAR 18", "OCEAN", "GOLD STAR", "KOTI", "SEA PRINCESS"]
)
def test_short_and_common_names_do_not_flood(name):
    entry = Entry("1", (name,), (), (572469210,))
    crowd = [{"vessel": f"V{k}", "mmsi": 412000000 + k, "name": name} for k in range(200)]
    assert found(*crowd, entries=(entry,)) == []
    assert found(crowd[0], entries=(entry,)) == []  # not even where one hull alone bears it
    # Beside another number they still say something.
    (one,) = found(*crowd, {"vessel": "A", "mmsi": 572469210, "name": name}, entries=(entry,))
    assert one["matched"] == "mmsi;name"


def test_a_telling_name_that_many_bear_is_counted_and_left_out():
    crowd = [{"vessel": f"V{k}", "name": "NUMBERLESS TOO"} for k in range(MAX_NAMESAKES + 1)]
    entry = Entry("1", ("NUMBERLESS TOO",))
    got = match([listed(entry)], hulls(*crowd))
    assert got.hits.num_rows == 0
    assert got.namesakes == {"OFAC SDN of 2026-03-20": {"NUMBERLESS TOO": MAX_NAMESAKES + 1}}
    few = match([listed(entry)], hulls(*crowd[:MAX_NAMESAKES]))
    assert few.hits.num_rows == MAX_NAMESAKES


def test_numbers_in_names_are_part_of_them():
    entry = Entry("1", ("SAM TESTER 1",))
    assert [row["vessel"] for row in found(
        {"vessel": "A", "name": "SAM TESTER 2"}, {"vessel": "B", "name": "SAM TESTER NO.1"},
        {"vessel": "C", "name": "SAM TESTER 01"}, {"vessel": "D", "name": "SAM TESTER"}, entries=(entry,),
    )] == ["B", "C"]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("M/T ARK III", ("ARK", ("3",))),
        ("mt.  ark-3", ("ARK", ("3",))),
        ("MV NO. 18 TEST", ("TEST", ("18",))),
        ("KINGSWAY (ex APEX)", ("KINGSWAY", ())),
        ("O'NEILL", ("ONEILL", ())),
        ("ÅLAND", ("ALAND", ())),
        ("SÃO JOÃO", ("SAOJOAO", ())),
        ("MT", ("MT", ())),
        ("TANKER", ("TANKER", ())),
        ("SAINT V", ("SAINTV", ())),
        ("안산 1", ("안산", ("1",))),
        ("<script>1</script>", ("SCRIPTSCRIPT", ("1",))),
        ("", ("", ())),
        ("///", ("", ())),
    ],
)
def test_names_as_they_are_compared(text, key):
    assert plain(text).key == key


def test_nameless_and_signs_only_match_nothing():
    assert found({"vessel": "A", "name": "///"}, {"vessel": "B", "name": ""}, entries=(Entry("1", ("...",)),)) == []


def test_vessels_that_only_events_tell_of_are_matched():
    row = dict.fromkeys(EVENTS.names) | {
        "event_id": "e", "kind": "encounter", "subtype": "stationary", "vessel_a": "A", "vessel_b": "gfw-1",
        "imo_b": ONE, "name_b": "X", "mmsi_b": 538000002, "start_time": dt.datetime(2024, 3, 1, tzinfo=dt.UTC),
        "end_time": dt.datetime(2024, 3, 2, tzinfo=dt.UTC), "duration_h": 24.0, "lat_deg": 1.0, "lon_deg": 2.0,
        "is_open": False, "flags": "from_gfw", "settings_id": "s", "geometry": point_wkb([2.0], [1.0])[0],
        "imo_a": ONE,
    }  # fmt: skip
    events = EVENTS.table({name: [row[name]] for name in EVENTS.names})
    got = match([listed(LISTED)], hulls({"vessel": "A", "imo": None}), events).hits.to_pylist()
    assert [(one["vessel"], one["kind"]) for one in got] == [("gfw-1", "hit")]  # what A said is known better


def test_hostile_text_stays_text():
    entry = Entry("<b>1</b>", ("=HYPERLINK(1)<script>alert(1)</script>",), (ONE,), programme="\u202e[red]")
    (hit,) = found({"vessel": "A", "imo": ONE, "name": "<img src=x>"}, entries=(entry,))
    assert "<" not in hit["evidence"]
    assert "=" not in hit["evidence"]
    assert "\u202e" not in hit["evidence"]


def test_several_lists_and_the_same_ship_twice_on_one():
    lists = [listed(LISTED, LISTED), listed(LISTED, name="UN", date=None)]
    got = match(lists, hulls({"vessel": "A", "imo": ONE})).hits.to_pylist()
    assert [one["list_name"] for one in got] == ["OFAC SDN", "OFAC SDN", "UN"]
    assert got[2]["list_date"] is None
    assert "UN (undated)" in got[2]["evidence"]


def test_nothing_given_and_nothing_found_have_the_full_schema():
    for got in (
        match([], VESSELS.empty()),
        match([listed(LISTED)], VESSELS.empty()),
        match([listed()], hulls({"vessel": "A"})),
    ):
        assert isinstance(got, Matched)
        assert got.hits.schema == WATCH_HITS.arrow


@st.composite
def _slipped(draw):
    """A long name, and the same after a few changes of letters: around the lengths where one or two may differ."""
    name = draw(st.text("ABCXYZ", min_size=7, max_size=17))
    letters = list(name)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(letters) - 1))
        match draw(st.sampled_from(["change", "add", "drop", "turn"])):
            case "change":
                letters[at] = draw(st.sampled_from("ABCXYZ"))
            case "add":
                letters.insert(at, draw(st.sampled_from("ABCXYZ")))
            case "drop" if len(letters) > 1:
                del letters[at]
            case _:
                letters[at - 1 : at + 1] = letters[at - 1 : at + 1][::-1]
    return name, "".join(letters)


@settings(max_examples=200)
@given(st.lists(_slipped(), min_size=1, max_size=6), st.sampled_from([1, 3, 10_000_000]))
def test_near_names_are_those_that_a_loop_over_all_pairs_finds(pairs, at_once):
    entries = [Entry(str(k), (said,)) for k, (_, said) in enumerate(pairs)]
    rows = [{"vessel": f"V{k}", "name": name} for k, (name, _) in enumerate(pairs)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "_AT_ONCE", at_once)
        patch.setattr(matching, "MAX_NAMESAKES", 100)
        got = {(row["vessel"], row["entry_id"]) for row in found(*rows, entries=tuple(entries))}
    listed_names = {plain(entry.name).key for entry in entries}
    for row in rows:
        name = plain(row["name"])
        for entry in entries:
            other = plain(entry.name)
            most = min(name.slips, other.slips)
            near = name.key not in listed_names and OSA.distance(name.letters, other.letters) <= most
            same = name.telling and other.telling and (name.key == other.key or (most > 0 and near))
            assert ((row["vessel"], entry.entry_id) in got) == same, (row, entry)


# --- Against an obvious twin ------------------------------------------------------------------------------------

_IMOS = st.sampled_from([None, ONE, TWO, THREE, 9100010])
_MMSIS = st.sampled_from([None, 572469210, 445000123, 992190001])
_NAMES = st.sampled_from(
    [None, "TESTAVILON", "TESTAVILOM", "M/T TESTAVILON", "LUCKY", "SAM TESTER 1", "SAM TESTER 2", "X"]
)
_SIGNS = st.sampled_from([None, "T2EU4", "HMYX7", "NONE"])
_ROWS = st.lists(
    st.fixed_dictionaries(
        {"vessel": st.sampled_from("ABCD"), "imo": _IMOS, "mmsi": _MMSIS, "name": _NAMES, "callsign": _SIGNS}
    ),
    max_size=8,
)
_ENTRIES = st.lists(
    st.builds(
        lambda imo, mmsi, name, sign: Entry(
            "e", (name,) if name else (), tuple({imo} - {None, 9100010}), tuple({mmsi} - {None, 992190001}),
            tuple({sign} - {None, "NONE"}),
        ),
        _IMOS, _MMSIS, _NAMES, _SIGNS,
    ),
    max_size=4,
)  # fmt: skip


@settings(max_examples=300)
@given(_ROWS, _ENTRIES)
def test_the_index_finds_what_a_loop_over_all_finds(rows, entries):
    got = match([listed(*entries)], hulls(*rows))
    kinds = {(row["vessel"], row["list_row"], row["kind"]) for row in got.hits.to_pylist()}
    wanted = {(vessel, None, kind) for vessel in "ABCD" for entry in entries for kind in _kind(rows, vessel, entry)}
    assert kinds <= wanted
    assert {one for one in wanted if one[2] == "hit"} <= kinds
    # A possibility by a number is there, too, unless it is the name alone, which others may bear.
    for vessel in "ABCD":
        if any("strong" in _why(rows, vessel, entry) for entry in entries):
            assert any(one[0] == vessel for one in kinds)


def _said(rows: list[dict[str, Any]], vessel: str, name: str) -> set[Any]:
    return {row[name] for row in rows if row["vessel"] == vessel and row[name]}


def _why(rows: list[dict[str, Any]], vessel: str, entry: Entry) -> set[str]:
    imos = {n for n in _said(rows, vessel, "imo") if imo_ok(n)}
    if imos and entry.imos and not imos & set(entry.imos):
        return set()
    why = {"hit", "strong"} if imos & set(entry.imos) else set()
    if _said(rows, vessel, "mmsi") & set(entry.mmsis) or _said(rows, vessel, "callsign") & set(entry.callsigns):
        why |= {"strong"}
    if entry.names and _said(rows, vessel, "name"):
        why |= {"name"}
    return why


def _kind(rows: list[dict[str, Any]], vessel: str, entry: Entry) -> set[str]:
    why = _why(rows, vessel, entry)
    return {"hit"} if "hit" in why else {"possible"} if why else set()


@given(_ROWS, _ENTRIES, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, entries, random):
    # Spells keep their days, so that only the order of the rows changes.
    table = hulls(*rows)
    order = list(range(table.num_rows))
    random.shuffle(order)
    one = match([listed(*entries)], table).hits
    assert match([listed(*entries)], table.take(pa.array(order, pa.int64()))).hits.equals(one)


def test_who_was_delisted_is_said_and_no_hit_where_it_was_heard_only_later():
    """The hulls are heard from 1 March 2024 on."""
    one = {"vessel": "A", "imo": ONE}
    gone = dt.date(2024, 2, 1), dt.date(2024, 2, 29), dt.date(2024, 3, 1), dt.date(2025, 1, 1)
    told = [match([listed(replace(LISTED, delisted_on=day))], hulls(one)) for day in gone]
    assert [each.hits.num_rows for each in told] == [0, 0, 1, 1]
    assert [each.delisted for each in told] == [{"OFAC SDN of 2026-03-20": 1}] * 2 + [{}] * 2
    (hit,) = told[2].hits.to_pylist()
    assert hit["kind"] == "hit"
    assert "listed on 2012-07-12, delisted on 2024-03-01)" in hit["evidence"]
    # Possible ones alike.
    named = match([listed(replace(NUMBERLESS, delisted_on=gone[0]))], hulls({"vessel": "B", "mmsi": 445000123}))
    assert named.hits.num_rows == 0
