"""The page is whole in itself, says what it must, and cannot be subverted by a vessel's name."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
import shapely

from stsdetect.errors import UsageError
from stsdetect.report import layers
from stsdetect.report.page import MAX_OTHER_EVENTS, script_json, write_page
from stsdetect.schema import EVENTS, PAIRS
from tests.unit.report.report_fakes import (
    HOSTILE,
    RUN,
    Coast,
    event,
    events_table,
    fixes_table,
    pairs_table,
    zone,
)

VOID = {"meta", "link", "input", "br", "img", "hr", "rect"}


class Page(HTMLParser):
    """Elements with attributes, and the text inside scripts, styles and everything else."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.scripts, self.styles, self.text = [], [], [], []
        self._open = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            (self.scripts if tag == "script" else self.styles).append([dict(attrs), ""])

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open[-1][0] == tag, f"</{tag}> closes <{self._open[-1][0]}>"
        self._open.pop()

    def handle_data(self, data):
        tag = self._open[-1][0] if self._open else ""
        if tag in ("script", "style"):
            (self.scripts if tag == "script" else self.styles)[-1][1] += data
        else:
            self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())

    @property
    def data(self):
        (found,) = (json.loads(text) for attrs, text in self.scripts if attrs.get("id") == "data")
        return found


def made_page(tmp_path, rows, **over):
    given = {
        "events": events_table(rows), "pairs": pairs_table(rows), "fixes": None, "run": RUN, "zones": [zone()],
        "shoreline": Coast(), **over,
    }  # fmt: skip
    write_page(tmp_path / "report.html", **given)
    return Page((tmp_path / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(made, tmp_path_factory):
    return made_page(tmp_path_factory.mktemp("page"), made.rows, fixes=made.fixes)


def test_the_page_says_what_was_looked_for(tmp_path):
    for profile, model, told in (
        ("dprk-coal", None, "dprk-coal"),
        ("/home/me/<b>my.toml", {"id": "1"}, "<b>my.toml , with weights of a model"),
        (None, None, None),
    ):
        settings = {"score": {"profile": profile}}
        words = made_page(tmp_path, [], run={**RUN, "settings": settings, "model": model}).words
        assert ("Profile" in words) == (told is not None)
        assert told is None or f"Profile {told} Settings" in words


def test_nothing_in_the_page_leads_to_the_network(page):
    for tag, attrs in page.elements:
        for name in ("src", "href", "srcset", "action", "formaction", "data", "poster", "background", "ping"):
            link = attrs.get(name)
            assert link is None or link.startswith("#") or link == "data:,", (tag, name, link)
        assert tag not in ("iframe", "object", "embed", "base", "img", "form-action")
    for _, style in page.styles:
        assert "@import" not in style
        assert all(link.startswith(('"data:', "'data:", "data:")) for link in re.findall(r"url\(([^)]*)", style))
    assert all("sourceMappingURL" not in text for _, text in page.scripts)


def test_the_policy_allows_the_page_s_own_scripts_and_no_other(page):
    (policy,) = (a["content"] for t, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    rules = {part.split()[0]: part.split()[1:] for part in policy.split(";")}
    assert rules["default-src"] == ["'none'"]
    assert "connect-src" not in rules
    assert rules["worker-src"] == ["blob:"]
    code = [text for attrs, text in page.scripts if "type" not in attrs]
    assert len(code) == 3
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(t.encode()).digest()).decode()}'" for t in code]
    assert rules["script-src"] == hashes
    # The policy holds only for what comes after it.
    kinds = [tag for tag, _ in page.elements]
    assert kinds.index("meta") < kinds.index("script")
    assert not [a for _, a in page.elements for name in a if name.startswith("on") or name == "style"]


def test_the_page_says_what_was_read_and_what_it_is_not(page):
    for words in (
        "120,345 read, 119,000 kept, 1,345 rejected", "bad_time 1,300", "abcdef012345", "stsdetect 0.1.0",
        "AIS_2024_03_01.csv", "Leads, not verdicts.", "it is not a probability", "2024-02-29 21:30 to",
    ):  # fmt: skip
        assert words in page.words


def test_each_pair_has_its_reasons_for_and_against(page):
    assert [a["data-pair"] for t, a in page.elements if t == "tr" and "data-pair" in a] == ["0", "1", "2", "3", "4"]
    ids = {a["id"] for _, a in page.elements if "id" in a}
    assert {f"pair-{n}" for n in range(5)} <= ids
    assert len(ids) == len([a for _, a in page.elements if "id" in a])
    assert "Four other hulls lay still nearby" in page.words
    assert "+1.90" in page.words
    assert "−0.90" in page.words
    assert "4 h 24 min observed, 1 h 6 min inferred" in page.words
    assert "2–19 m" in page.words
    assert "−1.8 m" in page.words


def test_map_data_are_complete_and_light(page, made):
    data = page.data
    assert {e["kind"] for e in data["events"]} == {"encounter", "loitering", "gap"}
    assert [e["pair"] for e in data["events"]][:5] == [0, 1, 2, 3, 4]
    assert {leg["side"] for leg in data["tracks"]} == {"a", "b"}
    assert {leg["pair"] for leg in data["tracks"]} == {0, 1, 2, 3, 4}
    assert any(leg["during"] for leg in data["tracks"])
    assert len(data["silences"]) == 3
    assert data["zones"][0]["name"] == "Yellow Sea west"
    assert data["land"]
    west, south, east, north = data["room"]
    places = [e["at"] for e in data["events"]] + [p for leg in data["tracks"] for p in leg["line"]]
    assert all(west <= lon <= east and south <= lat <= north for lon, lat in places)


def test_only_the_first_pairs_are_shown(made, tmp_path):
    page = made_page(tmp_path, made.rows, max_pairs=2)
    assert len([a for t, a in page.elements if t == "tr" and "data-pair" in a]) == 2
    assert "The first 2 of 5 pairs" in page.words


def test_hostile_names_stay_text(tmp_path):
    rows = [event(1, name_a=HOSTILE, name_b="</script><img src=x onerror=alert(1)>\u2028", flags=HOSTILE)]
    reasons = [("base", 1.0, -1.0, "</script><script>alert(2)</script>" + HOSTILE, '"><b>'), (HOSTILE, 1, 1, "", "")]
    run = {**RUN, "version": HOSTILE, "inputs": [{"path": "<img src=y>\u202e.csv"}], "rows": {"rejected": {HOSTILE: 3}}}
    page = made_page(tmp_path, rows, pairs=pairs_table(rows, reasons), run=run, zones=[zone(name=HOSTILE)])
    assert len(page.scripts) == 4
    assert "img" not in {tag for tag, _ in page.elements}
    assert not [a for _, a in page.elements for name in a if name.startswith("on")]
    assert '<script>alert("x")' in page.words
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "\u202e" not in html.split('<script type="application/json"')[0].split("</style>")[-1]
    assert "A" * 600 not in html
    assert len(page.data["zones"][0]["name"]) <= 60
    assert ("bdi", {}) in page.elements


def test_data_cannot_close_their_script_element():
    hostile = '</script><!--&"\u2028\u2029'
    text = script_json({"name": hostile})
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == {"name": hostile}


def test_without_pairs_the_page_says_so_and_shows_the_rest(tmp_path):
    rows = [event(1, "loitering", hours=30), event(2, "gap"), event(3, "gap", subtype="short", hours=3)]
    page = made_page(tmp_path, rows)
    assert "No pair of vessels met" in page.words
    assert "There is 1 loitering and 1 gap, on the map and below." in page.words
    assert "1 d 6 h" in page.words
    assert "1 kept but not drawn" in page.words
    assert [e["kind"] for e in page.data["events"]] == ["loitering", "gap"]


def test_without_anything_there_is_still_a_page(tmp_path):
    page = made_page(tmp_path, [], run={})
    assert "No pair of vessels met" in page.words
    assert "no loiterings and no gaps" in page.words
    assert page.data == {"box": None}
    with_fixes = made_page(tmp_path, [], fixes=fixes_table([event(1)]))
    assert with_fixes.data["events"] == []
    assert with_fixes.data["box"][0] < 123.4 < with_fixes.data["box"][2]


def test_one_event_makes_a_map_with_room(tmp_path):
    data = made_page(tmp_path, [event(1)]).data
    west, south, east, north = data["room"]
    assert east - west > 0.5
    assert north - south > 0.4


def test_the_antimeridian_is_one_map(tmp_path):
    rows = [event(1, lon=179.9, lat=52.0), event(2, lon=-179.8, lat=52.3), event(3, "gap", lon=179.8, lat=51.0)]
    split = shapely.MultiPolygon([shapely.box(179, 51, 180, 53), shapely.box(-180, 51, -179, 53)])
    coast = Coast()
    page = made_page(tmp_path, rows, fixes=fixes_table(rows), zones=[zone(shape=split)], shoreline=coast)
    data = page.data
    west, _, east, _ = data["room"]
    assert east - west < 10
    assert west < 179.9 < 180.2 < east
    steps = [abs(b[0] - a[0]) for leg in data["tracks"] for a, b in zip(leg["line"], leg["line"][1:], strict=False)]
    assert steps
    assert max(steps) < 2
    assert all(abs(b[0] - a[0]) < 1 for a, b in data["silences"])
    (shape,) = data["zones"]
    assert len(shape["coordinates"]) == 1
    assert shapely.Polygon(shape["coordinates"][0][0]).bounds == (179, 51, 181, 53)
    assert all(west <= lon <= east for lon, _ in (shape["label"],))
    assert min(asked[0] for asked in coast.asked) == pytest.approx(west, abs=1e-4)


def test_zones_far_away_are_left_out(tmp_path):
    data = made_page(tmp_path, [event(1)], zones=[zone(west=10, east=11), zone(name="near")]).data
    assert [z["name"] for z in data["zones"]] == ["near"]


def test_pairs_whose_events_or_partner_are_missing_still_show(tmp_path):
    rows = [event(1)]
    pairs = pairs_table(rows)
    lost = PAIRS.table({n: pairs.column(n) for n in PAIRS.names if n not in ("vessel_b", "mmsi_b", "name_b")})
    page = made_page(tmp_path, rows, pairs=lost, events=EVENTS.empty(), fixes=fixes_table(rows))
    assert "unknown vessel" in page.words


def test_many_tracks_events_and_a_rough_coast_stay_under_the_budget(tmp_path, monkeypatch):
    monkeypatch.setattr(layers, "LAND_VERTICES", 3000)
    monkeypatch.setattr(layers, "TRACK_VERTICES", 300)
    rows = [event(n, lon=100 + (n % 20), lat=20 + n / 10) for n in range(40)]
    rows += [event(1000 + n, "loitering", 100 + n % 17, 21.0) for n in range(3200)]

    class Rough:
        def polygons(self, west, south, east, north, *, max_vertices=60_000, near=None):
            turn = np.linspace(0, 2 * np.pi, 3000)
            radius = (east - west) / 3 * (1 + 0.2 * np.sin(turn * 90))
            return [
                np.column_stack([np.cos(turn), np.sin(turn)]) * radius[:, None]
                + [(west + east) / 2, (south + north) / 2]
            ]

    data = made_page(tmp_path, rows, fixes=fixes_table(rows[:40], every_min=20), shoreline=Rough()).data
    assert 300 < sum(len(ring) for shape in data["land"] for ring in shape) <= 3000
    assert 200 < sum(len(leg["line"]) for leg in data["tracks"]) <= 300
    assert len(data["events"]) == 3040


def test_the_budgets_together_are_what_browsers_take():
    assert layers.LAND_VERTICES + layers.TRACK_VERTICES + layers.ZONE_VERTICES + MAX_OTHER_EVENTS < 100_000


def test_lakes_are_water(tmp_path):
    data = made_page(tmp_path, [event(1, lon=125.0, lat=35.0)]).data
    area = shapely.union_all([shapely.Polygon(shape[0], shape[1:]) for shape in data["land"]])
    assert not area.contains(shapely.Point(125.0, 35.0))


def test_an_unwritable_page_is_a_usage_error(made, tmp_path):
    (tmp_path / "report.html").mkdir()
    with pytest.raises(UsageError, match=r"report\.html"):
        made_page(tmp_path, made.rows)


@pytest.mark.parametrize(
    ("lons", "west", "east"),
    [
        ([10, 20], 10, 20),
        ([179, -179], 179, 181),
        ([-170, 150, 170], 150, 190),
        ([-170, -150, 170], -190, -150),
        ([5], 5, 5),
        ([190], -170, -170),
        ([-179, 178], 178, 181),
        ([180.0, -180.0], -180, -180),
    ],
)
def test_frames_hold_the_points_the_short_way_round(lons, west, east):
    frame = layers.frame_around(lons, [0.0] * len(lons))
    assert (frame.west, frame.east) == (west, east)
    moved = frame.unwrap(lons)
    assert frame.west <= moved.min() <= moved.max() <= frame.east


def test_frames_are_at_most_one_world_and_inside_the_projection():
    frame = layers.frame_around(np.arange(-180, 180, 5.0), np.linspace(-90, 90, 72)).wider()
    assert frame.east - frame.west <= 360.0
    assert (frame.south, frame.north) == (-85.0, 85.0)
    assert layers.frame_around([], []) is None
    assert layers.frame_around([float("nan")], [1.0]) is None


def test_tracks_break_where_segments_do():
    row = event(1)
    fixes = fixes_table([row])
    segment = np.array(fixes.column("segment").to_pylist())
    vessel = fixes.column("vessel").to_pylist()
    segment[20:40] = 77
    segment[40:45] = -1
    fixes = fixes.set_column(fixes.column_names.index("segment"), fixes.schema.field("segment"), [segment])
    start, end = (int(row[key].timestamp() * 1e6) for key in ("start_time", "end_time"))
    legs = layers.track_legs(fixes, [(0, "a", vessel[0], start, end)])
    lats = fixes.column("lat_deg").to_pylist()
    for leg in legs:
        first = lats.index(leg.lat_deg[0])
        assert len(set(segment[first : first + len(leg.lat_deg)]) - {-1}) == 1
    drawn = {lat for leg in legs for lat in leg.lat_deg.tolist()}
    assert not drawn & set(lats[40:45]) - set(lats[:40])


def test_run_without_details_is_enough(tmp_path):
    page = made_page(tmp_path, [event(1)], run={"inputs": ["a.csv"], "rows": {"read": 3, "rejected": 1}})
    assert "3 read, 1 rejected" in page.words
    assert "a.csv" in page.words


def test_zone_without_words_has_a_title(tmp_path):
    bare = SimpleNamespace(id="u1", name="Mine", category="", confidence="", geometry=shapely.box(123, 37, 124, 39))
    assert made_page(tmp_path, [event(1)], zones=[bare]).data["zones"][0]["about"] == "zone, confidence not stated"


def test_probability_words_stand_only_where_a_model_is_calibrated(made, tmp_path):
    events, pairs = events_table(made.rows), pairs_table(made.rows)
    words = ("almost no chance", "very unlikely", "roughly even chance", "very likely", "almost certain")
    plain, told = tmp_path / "plain.html", tmp_path / "told.html"
    write_page(plain, events=events, pairs=pairs, fixes=None, run={})
    text = plain.read_text(encoding="utf-8")
    assert "it is not a probability" in text
    assert "<dt>Likelihood</dt>" not in text
    assert not any(word in text for word in words)
    rows = pairs.to_pylist()
    rows[0]["likelihood"] = "very likely"
    some = PAIRS.table({name: [row[name] for row in rows] for name in PAIRS.names})
    write_page(told, events=events, pairs=some, fixes=None, run={})
    text = told.read_text(encoding="utf-8")
    assert text.count("<dt>Likelihood</dt>") == 1
    assert "<dt>Likelihood</dt><dd>very likely</dd>" in text
    assert "it is a probability only of the 1 leads" in text
    assert "it is not a probability" not in text
