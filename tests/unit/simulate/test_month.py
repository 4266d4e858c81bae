"""A simulated month: what it says of itself is true of its rows."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import stsdetect as sts
from stsdetect.cli.app import cli
from stsdetect.errors import InputError, UsageError
from stsdetect.schema import POSITIONS
from stsdetect.simulate import (
    Month,
    Planted,
    read_silences,
    read_troubles,
    read_truth,
    simulate,
    write_month,
)
from stsdetect.simulate.month import Ledger
from stsdetect.simulate.month_radio import NM_M, Trouble
from stsdetect.simulate.month_sea import Sea, apart_m, chart
from stsdetect.simulate.month_tracks import BESIDE, Tracks

SMALL = Month(seed=3, days=10, vessels=150, cases=1)
#: A part of the area, with few ports and none of the DPRK.
KOREA = (33.0, 37.2, 124.0, 130.0)
#: Transfers in full view, and ordinary meetings beside them.
SEEN = Month(
    seed=3, days=20, vessels=20, cases=2, families=("seen_at_night", "seen_again", "seen_under_way"), ordinary=1
)
FAMILIES = {"one_dark", "both_dark", "hand_over", "direct_delivery", "chain"}


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger(SMALL)


@pytest.fixture(scope="module")
def rows(ledger: Ledger) -> pa.Table:
    return pa.concat_tables(SMALL.blocks(ledger)).unify_dictionaries().combine_chunks()


@pytest.fixture(scope="module")
def silences(ledger: Ledger, rows: pa.Table) -> pa.Table:
    return ledger.table()


def _times_of(rows: pa.Table, mmsi: int) -> np.ndarray:
    own = rows.filter(pc.equal(rows.column("mmsi"), mmsi))
    return np.sort(own.column("time").to_numpy())


def _transfers() -> list[Planted]:
    return [one for one in SMALL.truth if one.is_transfer]


def test_rows_have_the_schema_and_come_day_by_day(rows: pa.Table) -> None:
    assert rows.schema.equals(POSITIONS.arrow)
    day = (rows.column("time").to_numpy() - np.datetime64("2024-03-01")) // np.timedelta64(1, "D")
    assert set(day.tolist()) == set(range(10))
    assert (np.diff(day) >= 0).all()


def test_the_same_month_has_the_same_rows_and_another_seed_has_others() -> None:
    month = Month(seed=5, days=8, vessels=20, cases=1, area=KOREA)
    first = list(month.blocks())
    again = list(Month(seed=5, days=8, vessels=20, cases=1, area=KOREA).blocks())
    assert all(a.equals(b) for a, b in zip(first, again, strict=True))
    other = Month(seed=6, days=8, vessels=20, cases=1, area=KOREA)
    assert not next(iter(other.blocks())).equals(first[0])
    assert month.truth == Month(seed=5, days=8, vessels=20, cases=1, area=KOREA).truth != other.truth


def test_a_way_does_not_depend_on_what_was_asked_for_before() -> None:
    spots = [(34.2, 124.6), (36.4, 125.1), (33.6, 128.1)]
    fresh = [Sea(KOREA).way(a, b) for a in ("kr_busan", spots[0]) for b in ("kr_yeosu", *spots[1:])]
    used = Sea(KOREA)
    for port in reversed(list(used.ports)):
        used.way(spots[2], port)
    used.way(spots[1], spots[0])
    again = [used.way(a, b) for a in ("kr_busan", spots[0]) for b in ("kr_yeosu", *spots[1:])]
    assert all(np.array_equal(a, b) for a, b in zip(fresh, again, strict=True))


def test_a_day_needs_no_day_before_it() -> None:
    """Blocks are made from the hulls' voyages alone, so that memory does not grow with days."""
    month = Month(seed=5, days=8, vessels=20, cases=1, area=KOREA)
    third = list(month.blocks())[2]
    later = month.blocks()
    for _ in range(2):
        next(later)
    assert next(later).equals(third)
    assert third.num_rows <= 1.1 * len(month.voyages) * 144


def test_memory_does_not_grow_with_days() -> None:
    def peak(days: int) -> int:
        month = Month(seed=5, days=days, vessels=40, cases=0, area=KOREA)
        assert month.voyages
        assert month.radio
        assert month.tracks
        tracemalloc.start()
        try:
            assert sum(block.num_rows for block in month.blocks()) > 1_000 * days
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(32) < 1.5 * peak(8)


def test_every_family_is_planted(rows: pa.Table) -> None:
    assert {one.family for one in SMALL.truth} == FAMILIES
    assert {one.family for one in _transfers()} == FAMILIES
    cases = Counter(one.case.rpartition("-")[0] for one in {one.case: one for one in SMALL.truth}.values())
    assert cases == dict.fromkeys(FAMILIES, 1)
    sent = set(rows.column("mmsi").to_pylist())
    for one in SMALL.truth:
        assert {int(mmsi) for mmsi in one.vessels} <= sent


@pytest.mark.parametrize("one", [p for p in SMALL.truth if p.is_transfer], ids=lambda p: f"{p.case}-{p.kind}")
def test_who_was_planted_silent_sends_nothing_meanwhile(one: Planted, rows: pa.Table) -> None:
    begin, end = (np.datetime64(t.replace(tzinfo=None)) for t in (one.start, one.end))
    silent = {
        "one_dark": one.vessels[1:], "both_dark": one.vessels, "direct_delivery": one.vessels, "hand_over": (),
        "chain": one.vessels[1:] if "receiver silent" in one.note else
        one.vessels if "both silent" in one.note or one.kind == "port_call" else (),
    }[one.family]  # fmt: skip
    for mmsi in silent:
        times = _times_of(rows, int(mmsi))
        assert not ((times >= begin) & (times <= end)).any()


def test_a_hidden_silence_reaches_well_beyond_the_meeting(silences: pa.Table) -> None:
    for one in _transfers():
        if one.family != "both_dark":
            continue
        for mmsi in one.vessels:
            own = silences.filter(pc.equal(silences.column("mmsi"), int(mmsi))).to_pylist()
            around = [row for row in own if row["start"] < one.start and row["end"] > one.end]
            assert [row["reason"] for row in around] == ["dark"]
            assert around[0]["end"] - around[0]["start"] >= timedelta(hours=6)


def test_those_who_meet_lie_hull_by_hull() -> None:
    """In truth, heard or not, the hulls are a few metres apart and still while they pump."""
    place = {str(voyage.hull.mmsi): k for k, voyage in enumerate(SMALL.voyages)}
    checked = 0
    for one in _transfers():
        if one.kind == "port_call":
            continue
        a, b = (SMALL.voyages[place[mmsi]] for mmsi in one.vessels)
        zero = SMALL.start.timestamp()
        t = np.linspace(one.start.timestamp() - zero + 300, one.end.timestamp() - zero - 300, 50)
        tracks, none = Tracks.of([a, b]), np.zeros(50, dtype=np.int64)
        first, second = tracks.middle(none, t), tracks.middle(none + 1, t)
        gap = apart_m(first[0], first[1], second[0], second[1]) - (a.hull.width_m + b.hull.width_m) / 2
        assert (gap > -2).all()
        assert (gap < 12).all()
        assert (tracks.at(none, t).speed_kn < 2).all()
        checked += 1
    assert checked >= 4


def test_transfers_in_full_view_are_hull_by_hull_and_nobody_is_silent() -> None:
    place = {str(voyage.hull.mmsi): k for k, voyage in enumerate(SEEN.voyages)}
    zero, found = SEEN.start.timestamp(), Counter(one.family for one in SEEN.truth)
    assert set(found) == set(SEEN.families)
    assert found["seen_again"] > 2
    for one in SEEN.truth:
        a, b = (SEEN.voyages[place[mmsi]] for mmsi in one.vessels)
        t = np.linspace(one.start.timestamp() - zero + 300, one.end.timestamp() - zero - 300, 50)
        tracks, none = Tracks.of([a, b]), np.zeros(50, dtype=np.int64)
        first, second = tracks.middle(none, t), tracks.middle(none + 1, t)
        gap = apart_m(first[0], first[1], second[0], second[1]) - (a.hull.width_m + b.hull.width_m) / 2
        assert (gap > -2).all()
        assert (gap < 12).all()
        speed = tracks.at(none, t).speed_kn
        assert ((speed > 2.5) & (speed < 5)).all() if one.family == "seen_under_way" else (speed < 2).all()
        assert not any(off.start_s < t[-1] and off.end_s > t[0] for voyage in (a, b) for off in voyage.off)
        assert chart(SEEN.area).shore_km[chart(SEEN.area).nearest(float(first[0][0]), float(first[1][0]))] > 10


def test_ordinary_meetings_come_on_top_and_change_nothing_else() -> None:
    without = replace(SEEN, ordinary=0)
    before = {voyage.hull.mmsi: voyage for voyage in without.voyages}
    after = {voyage.hull.mmsi: voyage for voyage in SEEN.voyages}
    assert all(after[mmsi] == voyage for mmsi, voyage in before.items())
    assert without.truth == SEEN.truth
    new = [voyage for mmsi, voyage in after.items() if mmsi not in before]
    assert sum(BESIDE in voyage.mode for voyage in new) >= 10
    assert {voyage.hull.ship_type // 10 for voyage in new} >= {3, 7, 8}
    assert all((np.diff(voyage.t_s) > 0).all() for voyage in new)


def test_families_are_chosen_by_name() -> None:
    month = Month(seed=3, days=10, vessels=20, cases=1, families=("seen_under_way", "one_dark"))
    assert {one.family for one in month.truth} == {"one_dark", "seen_under_way"}
    with pytest.raises(UsageError, match="seen_at_night"):
        Month(families=("seen_at_nigth",))


def test_a_third_and_more_fall_silent_innocently(silences: pa.Table) -> None:
    innocent = silences.filter(pc.not_equal(silences.column("reason"), "dark"))
    share = len(set(innocent.column("mmsi").to_pylist())) / len(SMALL.voyages)
    assert share > 1 / 3
    assert {"thin", "switched_off", "outage", "away"} <= set(innocent.column("reason").to_pylist())


def test_silences_are_the_gaps_of_the_rows(rows: pa.Table, silences: pa.Table) -> None:
    """Between a silence's start and end the hull sends no usable place; at both there is a report."""
    good = rows.filter(pc.less(pc.abs(rows.column("lat_deg")), 90.0))
    for row in silences.to_pylist()[::40]:
        times = _times_of(good, row["mmsi"])
        begin, end = (np.datetime64(row[name].replace(tzinfo=None)) for name in ("start", "end"))
        inside = ((times > begin + np.timedelta64(2, "s")) & (times < end)).sum()
        assert inside == 0 or row["n_jamming"] > 0


def test_outages_are_the_reason_where_a_station_fails(silences: pa.Table) -> None:
    """Whoever is silent because of an outage was within reach of a failed station while it lasted."""
    troubles = [one for one in SMALL.troubles if one.kind == "outage"]
    found = silences.filter(pc.equal(silences.column("reason"), "outage")).to_pylist()
    assert found
    zero = SMALL.start.timestamp()
    for row in found:
        begin, end = (row[name].timestamp() - zero for name in ("start", "end"))
        assert any(
            one.start_s < end
            and one.end_s > begin
            and apart_m(one.lat_deg, one.lon_deg, row["lat_deg"], row["lon_deg"]) < one.radius_m + 60 * NM_M
            for one in troubles
        )


def test_jammed_hulls_jump_or_lose_their_place() -> None:
    month = Month(seed=9, days=8, vessels=60, cases=0, area=(37.0, 40.0, 120.0, 127.0))
    jam = Trouble("jamming", 38.5, 122.0, 150_000.0, 2 * 86_400.0, 2.5 * 86_400.0)
    month.__dict__["radio"] = replace(month.radio, jamming=(jam,))
    ledger = Ledger(month)
    rows = pa.concat_tables(month.blocks(ledger)).to_pandas()
    seconds = (rows["time"] - month.start).dt.total_seconds()
    during = ((seconds >= jam.start_s) & (seconds < jam.end_s)).to_numpy()
    lost = (rows["lat_deg"] > 90).to_numpy()
    assert lost[during].mean() > 0.1
    assert lost[~during].mean() < 0.01
    jumped = rows[during & ~lost].groupby("mmsi")["lon_deg"].agg(lambda lon: lon.max() - lon.min())
    assert (jumped > 0.2).mean() > 0.1
    assert "jamming" in ledger.table().column("reason").to_pylist()


def test_no_station_hears_the_open_sea_and_satellites_hear_it_now_and_then(silences: pa.Table, rows: pa.Table) -> None:
    """Off the coasts a class A ship is heard once in 1-3 h; near them every ten minutes."""
    radio = SMALL.radio
    table = rows.select(["mmsi", "time", "lat_deg", "lon_deg", "message_type"]).to_pandas()
    table = table[(table.message_type == 1) & (table.lat_deg < 90)].sort_values(["mmsi", "time"])
    nearest = np.min(
        [apart_m(lat, lon, table.lat_deg, table.lon_deg) for lat, lon in zip(radio.lat, radio.lon, strict=True)], axis=0
    )
    wait = table.groupby("mmsi")["time"].diff(-1).dt.total_seconds().abs() / 3600
    far, near = wait[nearest > 110 * NM_M], wait[nearest < 15 * NM_M]
    assert 0.9 < far[far < 12].mean() < 3.0
    assert near.median() < 0.25


def test_tankers_are_an_eighth_of_merchant_ships_and_wait_at_sea() -> None:
    calm = [voyage for voyage in SMALL.voyages if voyage.hull.length_m > 65 and voyage.hull.transceiver == "A"]
    types = Counter(voyage.hull.ship_type // 10 for voyage in calm if str(voyage.hull.mmsi)[:3] != "445")
    assert 0.08 < types[8] / (types[7] + types[8]) < 0.35  # planted ones included, which weigh in so small a month
    drifting = [voyage for voyage in calm if 3 in voyage.mode]
    assert len(drifting) > 0.05 * len(calm)
    assert not any(BESIDE in voyage.mode for voyage in SMALL.voyages if voyage.hull.ship_type == 30)


def test_ships_keep_to_the_water() -> None:
    sea = chart(SMALL.area)
    t = np.arange(0.0, SMALL.span_s, 7200.0)
    who = np.repeat(np.arange(len(SMALL.voyages)), len(t))
    spot = SMALL.tracks.at(who, np.tile(t, len(SMALL.voyages)))
    sailing = spot.speed_kn > 7.0
    rows = sea.is_wet(spot.lat_deg[sailing], spot.lon_deg[sailing])
    assert rows.mean() > 0.9  # the others are on the short way between the chart's water and a berth
    assert np.percentile(spot.speed_kn, 99.9) < 26


def test_numbers_tell_nothing_about_who_was_planted() -> None:
    numbers = np.sort([voyage.hull.mmsi % 1_000_000 for voyage in SMALL.voyages])
    assert len(set(numbers.tolist())) == len(numbers)
    planted = [int(mmsi) % 1_000_000 for one in SMALL.truth for mmsi in one.vessels]
    assert 0.3 < np.mean(np.searchsorted(numbers, planted) / len(numbers)) < 0.7


def test_a_month_is_written_and_read_back(tmp_path: Path) -> None:
    month = Month(seed=4, days=8, vessels=20, cases=1, area=KOREA)
    paths = write_month(month, tmp_path, ("parquet", "noaa"))
    assert paths[-1].name == "truth.json"
    told = json.loads(paths[-1].read_text())
    parts = sorted((tmp_path / "parquet").glob("*.parquet"))
    assert len(parts) == len(list((tmp_path / "noaa").glob("*.csv"))) == 8
    assert sum(pq.read_metadata(part).num_rows for part in parts) == told["rows"]
    assert read_truth(paths[-1]) == tuple(
        Planted(**{**vars(one), "start": one.start.replace(microsecond=0)}) for one in month.truth
    )
    assert read_silences(tmp_path).num_rows > 0
    assert {one["kind"] for one in read_troubles(tmp_path)} == {"outage", "jamming"}
    tracks = pq.read_table(tmp_path / "truth_tracks.parquet")
    assert set(map(str, tracks.column("mmsi").to_pylist())) >= {m for one in month.truth for m in one.vessels}
    world = simulate("dark-month", seed=4, days=8, vessels=20, cases=1)
    assert world.positions.num_rows > 0
    assert world.truth
    # A place has fewer digits in CSV, so that what hangs on a place may differ; silences do not.
    gaps = []
    for layout in ("parquet", "noaa"):
        events = sts.detect(tmp_path / layout, page=False, keep_fixes=False).events_table.to_pandas()
        gaps.append(set(map(tuple, events[events.kind == "gap"][["mmsi_a", "start_time", "end_time"]].to_numpy())))
    assert gaps[0] == gaps[1] != set()


def test_the_command_makes_a_month(tmp_path: Path) -> None:
    out = tmp_path / "month"
    words = ["simulate", "--preset", "dark-month", "--days", "8", "--vessels", "20", "--cases", "1", "--quiet"]
    told = CliRunner().invoke(cli, [*words, "--area", "33,37.2,124,130", "--out", str(out)])
    assert told.exit_code == 0, told.output
    assert json.loads((out / "truth.json").read_text())["preset"] == "dark-month"
    chosen = [*words, "--families", "seen_at_night,one_dark", "--ordinary", "1", "--area", "33,37.2,124,130"]
    assert CliRunner().invoke(cli, [*chosen, "--out", str(tmp_path / "chosen")]).exit_code == 0
    truth = json.loads((tmp_path / "chosen" / "truth.json").read_text())
    assert {one["family"] for one in truth["planted"]} == {"one_dark", "seen_at_night"}
    assert (truth["families"], truth["ordinary"]) == (["seen_at_night", "one_dark"], 1)
    assert "families" not in json.loads((out / "truth.json").read_text())
    for wrong in (["--area", "33,37"], ["--rows", "5"], ["--preset", "sample", "--layout", "noaa"],
                  ["--preset", "sample"], ["--preset", "archive"]):  # fmt: skip
        told = CliRunner().invoke(cli, [*words, *wrong, "--out", str(out)])
        assert isinstance(told.exception, UsageError)


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": 3}, {"vessels": 5}, {"cases": -1}, {"seed": -1}, {"every_s": 5}, {"area": (3.0, 2.0, 1.0, 4.0)},
        {"start": SMALL.start + timedelta(hours=1)}, {"ordinary": -1}, {"families": ("dark",)},
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_said(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Month(**wrong)  # type: ignore[arg-type]


def test_an_area_without_ports_is_refused() -> None:
    with pytest.raises(UsageError, match="ports"):
        next(iter(Month(seed=1, days=8, vessels=20, cases=0, area=(0.0, 2.0, 160.0, 163.0)).blocks()))


def test_truth_that_is_missing_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_silences(tmp_path)
    with pytest.raises(InputError):
        read_troubles(tmp_path)
    with pytest.raises(UsageError):
        simulate("sample", days=3)
