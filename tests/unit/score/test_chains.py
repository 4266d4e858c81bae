"""Chains: supplier, middleman, DPRK tanker; only as time allows, and never more work than there are meetings."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.reference.places import Port
from stsdetect.schema import CHAINS, EVENTS, PAIRS, TIME
from stsdetect.score.chain_graph import to_networkx
from stsdetect.score.chains import add_chains, chains
from stsdetect.settings import ChainSettings

START = datetime(2024, 3, 1, tzinfo=UTC)
NUMBER = itertools.count()

Row = dict[str, Any]


def event(kind: str, subtype: str, a: str, b: str | None, day: float, days: float, **more: Any) -> Row:
    start, end = (START + timedelta(days=d) for d in (day, day + days))
    return dict.fromkeys(EVENTS.names) | {
        "event_id": f"e{next(NUMBER):04d}", "kind": kind, "subtype": subtype, "vessel_a": a, "vessel_b": b,
        "start_time": start, "end_time": end, "duration_h": days * 24.0,
        "observed_min": 0.0 if subtype in ("inferred", "one_dark") else days * 1440.0, "inferred_min": 0.0,
        "lat_deg": 31.0, "lon_deg": 124.0, "ship_type_a": 80, "is_open": False, "flags": "", "settings_id": "s",
        "geometry": b"", **more,
    }  # fmt: skip


def load(vessel: str, day: float, port: str = "ru_vostochny", **more: Any) -> Row:
    return event("port_call", "seen", vessel, None, day, 1.0, port_id=port, **{"port_distance_km": 1.0} | more)


def call(vessel: str, day: float, days: float = 1.0, port: str = "kp_nampo", **more: Any) -> Row:
    return event("port_call", more.pop("subtype", "seen"), vessel, None, day, days, port_id=port, **more)


def met(a: str, b: str, day: float, days: float = 0.3, **more: Any) -> Row:
    return event("encounter", "stationary", min(a, b), max(a, b), day, days, **more)


def unseen(a: str, b: str, day: float, days: float, **more: Any) -> Row:
    window = {"meet_earliest": START + timedelta(days=day), "meet_latest": START + timedelta(days=day + days)}
    return (
        event("dark_rendezvous", "one_dark", min(a, b), max(a, b), day, days, **window | {"candidate_rank": 1}) | more
    )


def pairs_of(rows: list[Row], score: float | dict[frozenset[str], float] = 0.9) -> pa.Table:
    """One lead for each pair that met."""
    names = sorted({(row["vessel_a"], row["vessel_b"]) for row in rows if row["kind"] == "encounter"})
    scores = [score if isinstance(score, float) else score.get(frozenset(pair), 0.9) for pair in names]
    n = len(names)
    time = pa.array([0] * n, pa.int64()).cast(TIME)
    return PAIRS.table(
        {
            "pair_id": [f"{a}{b}" for a, b in names], "vessel_a": [a for a, _ in names],
            "vessel_b": [b for _, b in names], "partner_kind": ["vessel"] * n, "partner_id": [b for _, b in names],
            "rank": range(1, n + 1), "score": scores, "log_odds": [0.0] * n, "confidence": ["low"] * n,
            "n_events": [1] * n, "first_time": time, "last_time": time, "event_ids": [["e"]] * n,
            "reasons": [[]] * n, "settings_id": ["s"] * n,
        }
    )  # fmt: skip


def table(rows: list[Row]) -> pa.Table:
    return EVENTS.table({name: [row[name] for row in rows] for name in EVENTS.names}) if rows else EVENTS.empty()


def found(*rows: Row, score: float | dict[frozenset[str], float] = 0.9, **words: Any) -> list[Row]:
    listed = words.pop("listed", ())
    rule = ChainSettings(**words)
    return chains(table(list(rows)), pairs_of(list(rows), score), settings=rule, listed=listed).to_pylist()


def paths(*rows: Row, **words: Any) -> list[str]:
    return [row["path"] for row in found(*rows, **words)]


def test_supplier_middleman_dprk_tanker():
    rows = [load("sup", 0), met("sup", "mid", 4), met("mid", "kor", 9), call("kor", 12)]
    (chain,) = found(*rows)
    assert chain["path"] == "ru_vostochny > sup > mid > kor > kp_nampo"
    assert (chain["supply_port"], chain["vessels"]) == ("ru_vostochny", ["sup", "mid", "kor"])
    assert (chain["sink"], chain["sink_kind"]) == ("kp_nampo", "port")
    assert chain["event_ids"] == [row["event_id"] for row in rows]
    assert (chain["n_observed"], chain["n_inferred"], chain["observed"]) == (4, 0, [True] * 4)
    assert chain["strength"] == 0.9
    assert chain["start_time"] == START
    assert chain["end_time"] == START + timedelta(days=13)
    assert chain["evidence"] == "sup lay at Vostochny; sup met mid; mid met kor; kor called at Nampo"


def test_a_direct_delivery_is_the_shortest_chain():
    hidden = call("ship", 3, 4, port="kp_chongjin", subtype="inferred")
    (chain,) = found(load("ship", 0), hidden | {"coverage": "dark"})
    assert chain["path"] == "ru_vostochny > ship > kp_chongjin"
    assert (chain["n_observed"], chain["n_inferred"], chain["strength"]) == (1, 1, 0.5)
    assert "could have called at Chongjin" in chain["evidence"]
    assert found(load("ship", 0), hidden)[0]["strength"] == 0.4
    assert found(load("ship", 0), hidden | {"coverage": "thin"})[0]["strength"] == 0.3
    assert found(load("ship", 0), hidden | {"coverage": "outage"}) == []
    (weak,) = found(load("ship", 0), hidden | {"coverage": "outage"}, min_strength=0.2)
    assert weak["strength"] == 0.2


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([load("a", 5), met("a", "b", 1), call("b", 9)], "they met before it loaded"),
        ([load("a", 0), met("a", "b", 9), call("b", 4)], "the call was before they met"),
        ([load("a", 0), met("b", "c", 3), met("a", "b", 6), call("c", 9)], "the second hand-over came first"),
        ([load("a", 0), met("a", "b", 40), call("b", 42)], "kept aboard for too long"),
        ([load("a", 0), met("a", "b", 4), call("b", 50)], "the same, at the end"),
        ([load("a", 0), call("b", 3)], "they never met"),
        ([load("a", 0, port="ru_kozmino"), met("a", "b", 3), call("b", 9)], "crude"),
        ([load("a", 0, ship_type_a=52), met("a", "b", 3), call("b", 9)], "a tug loads nothing"),
        ([load("a", 0, port_distance_km=50.0), met("a", "b", 3), call("b", 9)], "told, and nearest to the port only"),
        ([load("a", 0), met("a", "b", 3), call("b", 9, port="kr_busan")], "no watched port"),
        ([load("a", 0), unseen("a", "b", 3, 1, candidate_rank=7), call("b", 9)], "the seventh of many candidates"),
        ([load("a", 0), unseen("a", "b", 3, 1, vessel_b=None), call("b", 9)], "nobody knows whom"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_chain(rows, why):
    assert found(*rows) == [], why


def test_a_weak_pair_breaks_a_chain():
    rows = [load("a", 0), met("a", "b", 3), call("b", 9)]
    assert found(*rows, score=0.1) == []
    assert found(*rows, score=0.1, min_strength=0.1)[0]["strength"] == 0.1
    assert found(*rows, score=0.47)[0]["strength"] == 0.4


def test_a_meeting_nobody_saw_is_a_weaker_step():
    rows = [load("a", 0), unseen("a", "b", 2, 5), call("b", 4)]
    (chain,) = found(*rows)
    assert (chain["n_inferred"], chain["observed"], chain["strength"]) == (1, [True, False, True], 0.3)
    assert "a could have met b" in chain["evidence"]
    # Its window opens on day 2 and they could have met before the call on day 4, but not before one on day 1.
    assert found(load("a", 0), unseen("a", "b", 2, 5), call("b", 1.5)) == []
    # Window after window: the first must open before the second closes.
    late = [load("a", 0), unseen("a", "b", 8, 5), unseen("b", "c", 2, 5), call("c", 20)]
    assert found(*late) == []
    assert len(found(load("a", 0), unseen("a", "b", 6, 5), unseen("b", "c", 2, 5), call("c", 20))) == 1


def test_contact_of_which_no_minute_was_observed_is_inferred():
    """Hulls heard an hour apart: together in between, and not seen so."""
    rows = [load("a", 0), met("a", "b", 2, observed_min=0.0, inferred_min=432.0)]
    (chain,) = found(*rows, call("b", 4))
    assert (chain["n_inferred"], chain["observed"], chain["strength"]) == (1, [True, False, True], 0.9)
    assert "a could have met b" in chain["evidence"]
    # When it was is known all the same: not before the loading was over.
    assert found(load("a", 2), met("a", "b", 2.5, 3, observed_min=0.0), call("b", 9)) == []
    # What others tell of does not say how many minutes were observed.
    assert found(load("a", 0), met("a", "b", 2, observed_min=None), call("b", 4))[0]["observed"] == [True] * 3


def test_a_chain_of_guesses_is_none():
    rows = [load("a", 0), unseen("a", "b", 2, 1), unseen("b", "c", 4, 1)]
    assert len(found(*rows, call("c", 9))) == 1
    hidden = call("c", 9, subtype="inferred", coverage="dark")
    assert found(*rows, hidden) == []
    assert found(*rows, hidden, max_inferred=3)[0]["n_inferred"] == 3
    assert found(*rows, call("c", 9), max_inferred=1) == []
    # Behind the stronger way to a vessel, of which too little was seen to go on, is a weaker one that was seen.
    by_x = [load("x", 0), met("x", "b", 3), *rows, hidden]
    assert [row["vessels"] for row in found(*by_x, score=0.2, min_strength=0.2)] == [["x", "b", "c"]]


def test_a_stay_in_waters_ends_a_chain_as_long_as_it_lasts():
    """The receiver lies in watched waters for days and meets the giver on the second: it was in them with the cargo."""
    there = event("loitering", "still", "b", None, 2, 6, zone_id="nampo_approaches")
    assert paths(load("a", 0), met("a", "b", 3), there) == ["ru_vostochny > a > b > nampo_approaches"]
    assert paths(load("a", 0), met("a", "b", 9), there) == []
    # A silence was seen to begin there, and nothing more.
    silent = event("gap", "silence", "b", None, 2, 6, zone_id="nampo_approaches")
    assert paths(load("a", 0), met("a", "b", 3), silent) == []


def test_waters_and_listed_vessels_end_a_chain():
    there = event("loitering", "still", "b", None, 6, 1, zone_id="chodo", flags="zone:nampo_approaches;x")
    assert paths(load("a", 0), met("a", "b", 3), there) == ["ru_vostochny > a > b > nampo_approaches"]
    assert paths(load("a", 0), met("a", "b", 3), there | {"zone_id": "zhoushan", "flags": ""}) == []
    rows = [load("a", 0), met("a", "b", 3, imo_a=9000001, imo_b=8405311)]
    assert paths(*rows) == []
    (chain,) = found(*rows, listed=[8405311])
    assert (chain["path"], chain["sink_kind"]) == ("ru_vostochny > a > b > IMO 8405311", "listed")
    assert chain["event_ids"] == [row["event_id"] for row in rows]


def test_no_vessel_comes_twice_and_no_more_than_allowed():
    ring = [load("a", 0), met("a", "b", 2), met("b", "c", 4), met("c", "a", 6), met("a", "d", 8), call("d", 9)]
    assert paths(*ring) == ["ru_vostochny > a > d > kp_nampo"]
    row = [load("a", 0), met("a", "b", 2), met("b", "c", 4), met("c", "d", 6), met("d", "e", 8), call("e", 9)]
    assert paths(*row) == []
    assert paths(*row, max_vessels=5) == ["ru_vostochny > a > b > c > d > e > kp_nampo"]


def test_the_strongest_of_several_ways_is_kept():
    rows = [load("a", 0), load("b", 0), met("a", "b", 2), met("b", "c", 5), call("c", 9)]
    best = found(*rows, score={frozenset("bc"): 0.7})
    assert [row["path"] for row in best] == ["ru_vostochny > b > c > kp_nampo", "ru_vostochny > a > b > c > kp_nampo"]
    assert [row["strength"] for row in best] == [0.7, 0.7]


def test_pairs_say_which_chain_they_are_part_of():
    rows = [load("sup", 0), met("sup", "mid", 4), met("mid", "kor", 9), call("kor", 12), met("x", "y", 2)]
    pairs = pairs_of(rows)
    told = add_chains(pairs, chains(table(rows), pairs))
    assert dict(zip(told.column("pair_id").to_pylist(), told.column("chain").to_pylist(), strict=True)) == {
        "midsup": "ru_vostochny > sup > mid > kor > kp_nampo",
        "kormid": "ru_vostochny > sup > mid > kor > kp_nampo",
        "xy": None,
    }
    assert told.schema.equals(PAIRS.arrow)
    port = pairs.slice(0, 1).to_pylist()[0] | {"vessel_a": "kor", "partner_kind": "port", "partner_id": "kp_nampo"}
    one = PAIRS.table({name: [port[name]] for name in PAIRS.names})
    assert add_chains(one, chains(table(rows), pairs)).column("chain").to_pylist()[0].endswith("> kor > kp_nampo")


def test_hostile_names_stay_on_one_line():
    (chain,) = found(load("a\n\x1b[31m>", 0), call("a\n\x1b[31m>", 3))
    assert "\n" not in chain["path"] + chain["evidence"]
    assert "\x1b" not in chain["path"] + chain["evidence"]


def test_ports_of_the_users_own():
    ports = [Port("here", "Here", "AA", 1.0, 2.0, "oil"), Port("there", "There", "KP", 3.0, 4.0)]
    rows = [load("a", 0, port="here"), call("a", 3, port="there")]
    assert chains(table(rows), PAIRS.empty(), ports=ports).column("path").to_pylist() == ["here > a > there"]
    assert chains(table(rows), PAIRS.empty()).equals(CHAINS.empty())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_chain_can_be_walked_and_a_chain_is_found_where_there_is_one(data):
    """Against a search through all paths of a small world."""
    names = "abcde"
    meetings = data.draw(
        st.lists(
            st.tuples(st.sampled_from(names), st.sampled_from(names), st.integers(0, 30)).filter(
                lambda m: m[0] != m[1]
            ),
            max_size=8,
        )
    )
    loads = data.draw(st.lists(st.tuples(st.sampled_from(names), st.integers(0, 20)), max_size=3))
    calls = data.draw(st.lists(st.tuples(st.sampled_from(names), st.integers(0, 40)), max_size=3))
    rows = [met(a, b, day) for a, b, day in meetings]
    rows += [load(v, day) for v, day in loads] + [call(v, day) for v, day in calls]
    words = {"max_days": 12.0, "max_vessels": 3}
    got = found(*rows, **words)

    ends = set()

    def walk(vessels: tuple[str, ...], ready: float) -> None:
        if any(v == vessels[-1] and ready <= day <= ready + 12 for v, day in calls):
            ends.add(vessels[-1])
        if len(vessels) < 3:
            for a, b, day in meetings:
                for giver, taker in ((a, b), (b, a)):
                    if giver == vessels[-1] and taker not in vessels and ready <= day <= ready + 12:
                        walk((*vessels, taker), day)

    for vessel, day in loads:
        walk((vessel,), day + 1)
    assert {row["vessels"][-1] for row in got} == ends
    by_id = {row["event_id"]: row for row in rows}
    for chain in got:
        steps = [by_id[event_id] for event_id in chain["event_ids"]]
        assert steps[0]["vessel_a"] == chain["vessels"][0]
        for (one, other), step in zip(itertools.pairwise(chain["vessels"]), steps[1:], strict=False):
            assert {one, other} == {step["vessel_a"], step["vessel_b"]}
        times = [steps[0]["end_time"], *(step["start_time"] for step in steps[1:])]
        assert times == sorted(times)
        assert all((after - before).days <= 12 for before, after in itertools.pairwise(times))


def test_order_of_rows_is_no_matter():
    rows = [
        load("a", 0),
        load("b", 0),
        met("a", "c", 3),
        met("b", "c", 3),
        met("c", "d", 6),
        call("d", 9),
        call("c", 9),
    ]
    whole = chains(table(rows), pairs_of(rows))
    assert whole.num_rows >= 3
    for turned in (rows[::-1], rows[3:] + rows[:3]):
        assert chains(table(turned), pairs_of(turned)).equals(whole)


def test_a_busy_port_gives_no_more_paths_than_meetings():
    """A barge that meets 300 ships there and back: the paths through it would be numberless."""
    rows = [load(f"s{k:03d}", 0) for k in range(100)]
    rows += [met(f"s{k % 100:03d}", "barge", 1 + k * 0.01, 0.001) for k in range(300)]
    rows += [met("barge", f"t{k:03d}", 1 + k * 0.01, 0.001) for k in range(300)]
    rows += [call(f"t{k:03d}", 20) for k in range(300)]
    got = found(*rows)
    assert 250 < len(got) <= 2 * 600


def test_a_graph_of_ports_vessels_and_waters():
    networkx = pytest.importorskip("networkx")
    rows = [load("sup", 0), met("sup", "mid", 4), met("mid", "kor", 9), call("kor", 12), load("mid", 1)]
    made = to_networkx(chains(table(rows), pairs_of(rows)))
    assert isinstance(made, networkx.MultiDiGraph)
    assert networkx.has_path(made, ("port", "ru_vostochny"), ("port", "kp_nampo"))
    ((_, _, edge),) = [one for one in made.edges(data=True) if one[0] == ("vessel", "mid")]
    assert edge["observed"]
    assert len(edge["chains"]) == 2
    listed = to_networkx(chains(table([load("a", 0, imo_a=8405311)]), PAIRS.empty(), listed=[8405311]))
    assert listed.nodes["vessel", "a"] == {"listed": "IMO 8405311"}
