"""What nobody saw is told as such: possible meetings, verdicts on silences, identities, outages."""

from __future__ import annotations

import math
from datetime import timedelta

import pyarrow as pa
import pytest
import shapely

from stsdetect.cli.summary import event_counts
from stsdetect.report import layers
from stsdetect.report.page import MAX_OTHER_EVENTS
from stsdetect.schema import TIME
from tests.unit.report.report_fakes import (
    HOSTILE,
    START,
    event,
    events_table,
    fixes_table,
    lead,
    pairs_table,
    possible,
    with_leads,
)
from tests.unit.report.test_report_page import made_page


def areas_table(*rows):
    names = ("kind", "start_time", "end_time", "evidence", "geometry")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    types = (pa.string(), TIME, TIME, pa.string(), pa.binary())
    return pa.table({name: pa.array(columns[name], kind) for name, kind in zip(names, types, strict=True)})


def outage(kind="outage", evidence="31 hulls fell silent within 20 min", shape=None):
    polygon = shapely.box(123.0, 37.5, 123.5, 38.0) if shape is None else shape
    return kind, START, START + timedelta(hours=4), evidence, shapely.to_wkb(polygon)


def world():
    """A seen pair, a crowd of candidates for one stay, two silences, and what else is told."""
    seen = event(1)
    stay = {"vessel_a": "412000050", "mmsi_a": 412000050, "name_a": "LONE TANKER", "lon": 123.9, "lat": 38.3}
    crowd = [
        possible(30, rank=k + 1, n_rivals=13, event_id=f"d{k:02d}", name_b=f"GHOST {k}", vessel_b=f"53800000{k}",
                 mmsi_b=538000000 + k, **stay)
        for k in range(14)
    ]  # fmt: skip
    silent = possible(40, both=True, n_rivals=2, event_id="both", lon=124.4, lat=37.9, observed_min=0.0)
    others = [
        event(50, "gap", coverage="dark", hulls_before=12, hulls_during=9, lon=124.0),
        event(51, "gap", coverage="outage", hulls_before=12, hulls_during=0, lon=123.2),
        event(52, "loitering", signature=0.83, evidence="At rest for 5.5 h: came at up to 11.0 kn", lon=123.7),
        event(53, "identity", vessel_a="412000050", mmsi_a=412000050, name_a="LONE TANKER", hours=0.0,
              evidence="fell silent where 412000077 woke 40 min later"),
        event(54, "port_call", lon=122.9),
        event(55, "port_call", subtype="told", lon=122.9),
    ]  # fmt: skip
    rows = [seen, *crowd, silent, *others]
    pairs = with_leads(pairs_table([seen]), [lead(2, crowd, "unknown"), lead(3, [silent])])
    return rows, pairs


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    rows, pairs = world()
    folder = tmp_path_factory.mktemp("unseen")
    return made_page(folder, rows, pairs=pairs, fixes=fixes_table(rows[:2]), areas=areas_table(outage()))


def test_what_was_not_observed_says_so(page):
    words = page.words
    assert words.count("not observed") >= 4
    assert "Partner unknown" in words
    assert "14 candidates, not observed" in words
    assert "up to 6 h 30 min low confidence" in words
    assert "one vessel was heard at rest; its partner was not observed" in words
    assert "neither vessel was heard: all is inferred" in words
    assert "consistent with lying alongside" in words
    assert "2 possible rendezvous" in words
    said = event_counts({"dark_rendezvous": 15, "encounter": 1}, events_table(world()[0]))
    assert said == ["2 possible rendezvous (not observed, 15 with every candidate)", "1 encounter"]


def test_candidates_are_listed_with_rank_and_rivals(page):
    words = page.words
    assert "Candidates, not observed" in words
    assert "could have been there 2024-03-09 20:50 to 2024-03-10 02:00, 38°18.0'N" in words
    assert "1. GHOST 0 13 6 h 30 min" in words
    assert "12. GHOST 11" in words
    assert "13. GHOST 12" not in words
    assert "And 2 more in events.parquet." in words
    assert page.text.count("13") >= 12  # rivals of each candidate


def test_gaps_have_their_verdicts_and_stays_their_signature(page):
    lines = [line for spot in page.data["events"] for line in spot["lines"]]
    assert "gap, dark" in lines
    assert "gap, outage" in lines
    assert "others heard there: 12 before, 9 after it fell silent" in lines
    assert "signature 0.83 (1 is as if another lay alongside)" in lines
    assert "gap, dark" in page.words


def test_identity_remarks_stand_at_their_vessel_and_in_the_list(page):
    assert "fell silent where 412000077 woke 40 min later" in page.words
    assert "identity, hand over" in page.words
    assert "1 identity remark" in page.words


def test_a_remark_on_two_identities_stands_at_both_and_names_the_other(tmp_path):
    seen = event(1)
    partner, said = {"vessel_a": "351000001", "mmsi_a": 351000001, "name_a": HOSTILE}, "IMO number 9074729 went over"
    of_b = {"vessel_b": seen["vessel_b"], "mmsi_b": seen["mmsi_b"], "name_b": seen["name_b"]}
    rows = [seen, event(53, "identity", subtype="imo_moved", evidence=said, **partner, **of_b)]
    page = made_page(tmp_path, rows, pairs=pairs_table([seen]))
    assert page.words.count(said) == 1
    assert "imo moved, with" in page.words
    assert "<script>alert" not in page.text
    alone = [seen, event(53, "identity", subtype="imo_moved", evidence=said, **partner, vessel_b="1", mmsi_b=1)]
    assert said not in made_page(tmp_path / "alone", alone, pairs=pairs_table([seen])).words


def test_the_map_has_reach_areas_and_the_new_kinds(page):
    data = page.data
    assert {spot["kind"] for spot in data["events"]} == {
        "encounter", "dark_rendezvous", "candidate", "gap", "loitering", "identity", "port_call",
    }  # fmt: skip
    assert [shape["pair"] for shape in data["reach"]] == [1, 1, 1, 2]
    ring = data["reach"][0]["coordinates"][0][0]
    assert shapely.Polygon(ring).contains(shapely.Point(123.9, 38.3))
    (area,) = data["areas"]
    assert (area["kind"], area["title"]) == ("outage", "Outage")
    assert "31 hulls fell silent within 20 min" in area["lines"]
    # Told port calls are evidence only, and lines are drawn for gaps alone.
    assert len([spot for spot in data["events"] if spot["kind"] == "port_call"]) == 1
    assert len(data["silences"]) == 2
    values = {a.get("value") for tag, a in page.elements if tag == "input"}
    assert {"dark_rendezvous", "reach", "identity", "port_call", "areas"} <= values


def test_a_crowd_is_counted_though_only_its_best_are_listed(tmp_path):
    rows = [possible(n, rank=n, n_rivals=70) for n in (1, 2, 3)]
    words = made_page(tmp_path, rows, pairs=with_leads(pairs_table([]), [lead(1, rows, "unknown")])).words
    assert "71 candidates" in words


def test_candidates_of_no_pair_are_drawn_once_by_the_best(tmp_path):
    rows, pairs = world()
    data = made_page(tmp_path, rows, pairs=pairs.slice(0, 1)).data
    assert len([spot for spot in data["events"] if spot["kind"] == "dark_rendezvous"]) == 2


def test_a_chain_and_a_port_are_shown(tmp_path):
    rows = [event(1), event(2, "port_call", subtype="inferred", evidence="a call of up to 14 h was possible")]
    port = lead(2, [rows[1]], "port", partner_id="kp_nampo")
    pairs = with_leads(pairs_table(rows[:1]), [port])
    column = pa.array(["Vostochny, 412000002, kp_nampo", None], pa.string())
    if "chain" in pairs.column_names:
        pairs = pairs.drop_columns(["chain"])
    named = {"kp_nampo": "Nampo <b>"}
    words = made_page(tmp_path, rows, pairs=pairs.append_column("chain", column), ports=named).words
    assert "Chain Vostochny, 412000002, kp_nampo" in words
    assert "Nampo <b>" in words
    assert "a call of up to 14 h was possible" in words
    assert "From loading to call 2024-03-01 16:30 to 2024-03-01 22:00" in words


def test_reach_over_the_antimeridian_is_one_shape(tmp_path):
    split = shapely.MultiPolygon([shapely.box(179, 51, 180, 53), shapely.box(-180, 51, -179, 53)])
    rows = [possible(1, lon=179.9, lat=52.0, shape=split)]
    data = made_page(tmp_path, rows, pairs=with_leads(pairs_table([]), [lead(1, rows)])).data
    (shape,) = data["reach"]
    assert len(shape["coordinates"]) == 1
    assert shapely.Polygon(shape["coordinates"][0][0]).bounds == (179, 51, 181, 53)


def test_hostile_text_and_broken_shapes_do_no_harm(tmp_path):
    rows = [possible(1, evidence=HOSTILE, name_b=HOSTILE, reach=b"no polygon"), event(2, "identity", evidence=HOSTILE)]
    crossed = shapely.Polygon([(123, 38), (124, 39), (124, 38), (123, 39)])
    areas = areas_table(outage(HOSTILE, HOSTILE, crossed), ("jamming", START, START, "", b"?"))
    page = made_page(tmp_path, rows, pairs=with_leads(pairs_table([]), [lead(1, rows[:1])]), areas=areas)
    assert len(page.scripts) == 4
    assert not [a for _, a in page.elements for name in a if name.startswith("on")]
    assert page.data["reach"] == []
    assert len(page.data["areas"]) == 1
    assert "A" * 600 not in str(page.data)


def test_many_large_shapes_stay_under_the_budget(tmp_path):
    rough = shapely.Point(124, 38).buffer(3, quad_segs=500)
    rows = [possible(n, shape=rough, lon=124.0, lat=38.0) for n in range(30)]
    pairs = with_leads(pairs_table([]), [lead(n + 1, [row]) for n, row in enumerate(rows)])
    data = made_page(tmp_path, rows, pairs=pairs, areas=areas_table(*[outage(shape=rough)] * 20)).data
    for name, budget in (("reach", layers.REACH_VERTICES), ("areas", layers.AREA_VERTICES)):
        drawn = sum(len(ring) for shape in data[name] for part in shape["coordinates"] for ring in part)
        assert 16 * 20 <= drawn <= budget
    assert len(data["reach"]) == 30


def test_a_coarse_reach_still_holds_all_that_could_be_reached(tmp_path):
    turn = [2 * math.pi * k / 800 for k in range(800)]
    star = shapely.Polygon(
        [(124 + (2 + math.sin(20 * t)) * math.cos(t), 38 + (2 + math.sin(20 * t)) * math.sin(t)) for t in turn]
    )
    lakes = star.difference(shapely.MultiPoint([(124 + k / 9, 38) for k in range(9)]).buffer(0.03))
    rows = [possible(n, shape=lakes, lon=124.0, lat=38.0) for n in range(60)]
    pairs = with_leads(pairs_table([]), [lead(n + 1, [row]) for n, row in enumerate(rows)])
    data = made_page(tmp_path, rows, pairs=pairs).data
    drawn = shapely.union_all([shapely.Polygon(part[0], part[1:]) for part in data["reach"][0]["coordinates"]])
    assert 8 < shapely.get_num_coordinates(drawn) <= layers.REACH_VERTICES // 60
    assert drawn.covers(lakes)
    assert drawn.area < 1.5 * shapely.convex_hull(lakes).area


def test_all_budgets_together_are_what_browsers_take():
    total = sum(value for name, value in vars(layers).items() if name.endswith("_VERTICES"))
    assert total + MAX_OTHER_EVENTS < 100_000


def test_tables_without_the_new_columns_filled_make_a_page(tmp_path):
    rows = [possible(1, reach=None, evidence=None, candidate_rank=None, n_rivals=None, vessel_b=None, mmsi_b=None,
                     name_b=None, meet_earliest=None, meet_latest=None, reach_max_h=None, observed_b=None)]  # fmt: skip
    page = made_page(tmp_path, rows, pairs=with_leads(pairs_table([]), [lead(1, rows, "unknown")]))
    assert "no candidate in the data" in page.words
    assert events_table(rows).num_rows == 1
