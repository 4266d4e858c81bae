"""The report page: one HTML file that opens without a network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stsdetect.report import layers, texts
from stsdetect.report.counts import possible_occasions
from stsdetect.report.dossier import (
    MAX_EVENTS_PER_PAIR,
    bubble,
    faults_by_vessel,
    listed_by_vessel,
    listed_event,
    pair_dossier,
)
from stsdetect.report.files import atomic_write

#: Most pairs shown.
MAX_PAIRS = 200
#: Most events drawn as points besides those of the pairs shown, longest first.
MAX_OTHER_EVENTS = 3000
#: Most events of other kinds listed beside the map, longest first.
MAX_LISTED = 60
#: Most of these that are identity events, which come first.
_MAX_FAULTS = 20
#: What is drawn first where not all events can be; a port call is ordinary.
_DRAWN_FIRST = {"encounter": 0, "dark_rendezvous": 1, "identity": 2, "loitering": 3, "gap": 3, "port_call": 4}
#: Candidates of one pair whose reach is drawn, best first.
_MAX_REACH = 3


class ZoneLike(Protocol):
    """What the page needs of a zone; `stsdetect.reference.places.Zone` is one."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def category(self) -> str: ...  # noqa: D102
    @property
    def confidence(self) -> Any: ...  # noqa: D102
    @property
    def geometry(self) -> Any: ...  # noqa: D102


class ShorelineLike(Protocol):
    """What the page needs of a shoreline; `stsdetect.reference.shoreline.Shoreline` is one."""

    def polygons(
        self,
        lon_min: float,
        lat_min: float,
        lon_max: float,
        lat_max: float,
        *,
        max_vertices: int = ...,
        near: tuple[Any, Any] | None = ...,
    ) -> Sequence[layers.Floats]:
        """Return rings of (longitude, latitude) [degrees]; ``lon_max`` may lie beyond 180.

        Finer near the places given by longitudes and latitudes.
        """


def write_page(
    path: str | Path,
    *,
    events: pa.Table,
    pairs: pa.Table,
    fixes: pa.Table | None,
    run: Mapping[str, Any],
    zones: Sequence[ZoneLike] = (),
    shoreline: ShorelineLike | None = None,
    areas: pa.Table | None = None,
    ports: Mapping[str, str] | None = None,
    watch_hits: pa.Table | None = None,
    max_pairs: int = MAX_PAIRS,
) -> None:
    """Write the report page: ranked pairs, a map, and the reasons of each pair.

    The page holds all it needs and asks for nothing from the network; its content policy forbids it to.

    Parameters
    ----------
    path
        File to write, whole or not at all.
    events, pairs
        Tables as in `stsdetect.schema.EVENTS` and `PAIRS`.
    fixes
        Table as in `stsdetect.schema.FIXES`, for the tracks; None for a map without tracks.
    run
        What was read and how, as in ``run.json``. Used where present: ``inputs`` (each with ``path``,
        ``size_bytes`` and ``doubts``), ``rows`` (``read``, ``kept``, ``rejected`` by reason), ``settings`` (its
        profile), ``model``, ``settings_id``, ``version``, ``first_time`` and ``last_time``.
    zones, shoreline
        Background of the map.
    areas
        Outages and jamming to draw: a table with ``kind``, ``start_time``, ``end_time``, ``evidence`` and ``geometry``
        (WKB); None for none.
    ports
        Names of ports by id.
    watch_hits
        Hulls on watch-lists, a table as in `stsdetect.schema.WATCH_HITS`; None for no list.
    max_pairs
        Only so many pairs are shown; the page says how many there are.

    Raises
    ------
    UsageError
        If the page cannot be written.
    """
    content = _content(events, pairs, fixes, run, zones, shoreline, areas, ports or {}, watch_hits, max_pairs)
    with atomic_write(path) as aside:
        aside.write_text(_render(content), encoding="utf-8", newline="\n")


def _content(
    events: pa.Table,
    pairs: pa.Table,
    fixes: pa.Table | None,
    run: Mapping[str, Any],
    zones: Sequence[ZoneLike],
    shoreline: ShorelineLike | None,
    areas: pa.Table | None,
    ports: Mapping[str, str],
    watch_hits: pa.Table | None,
    max_pairs: int,
) -> dict[str, Any]:
    top = pairs.sort_by("rank").slice(0, max_pairs).to_pylist()
    owner = {event: number for number, pair in enumerate(top) for event in pair["event_ids"]}
    drawn, alone, by_id = _shown(events, owner)
    frame = _frame(drawn, fixes)
    legs = [
        (number, side, pair[f"vessel_{side}"], _us(by_id[event]["start_time"]), _us(by_id[event]["end_time"]))
        for number, pair in enumerate(top)
        for event in pair["event_ids"][:MAX_EVENTS_PER_PAIR]
        for side in "ab"
        if event in by_id and pair[f"vessel_{side}"] is not None
    ]
    number = {row["event_id"]: place for place, row in enumerate(drawn)}
    listed = listed_by_vessel(watch_hits)
    faults = faults_by_vessel(events, {pair[f"vessel_{side}"] for pair in top for side in "ab"})
    shown = _map(frame, drawn, owner, fixes, legs, zones, shoreline)
    if frame is not None:
        best = [(place, by_id[event]) for place, pair in enumerate(top) for event in _best_reach(pair, by_id)]
        shown["reach"] = layers.reach_shapes([(place, row["reach"]) for place, row in best], frame.wider())
        shown["areas"] = layers.area_shapes([] if areas is None else areas.to_pylist(), frame.wider())
    return {
        "head": _head(events, pairs, len(top), fixes, run),
        "pairs": [pair_dossier(place, pair, by_id, number, faults, ports, listed) for place, pair in enumerate(top)],
        "others": [listed_event(row, number) for row in alone],
        "n_drawn": len(drawn),
        "n_events": events.num_rows,
        "map": shown,
    }


def _best_reach(pair: Mapping[str, Any], by_id: Mapping[str, dict[str, Any]]) -> list[str]:
    """Return the events of a pair whose reach is drawn: best candidates first."""
    known = [by_id[event] for event in pair["event_ids"] if event in by_id and by_id[event]["reach"] is not None]
    known.sort(key=lambda row: (row["candidate_rank"] or 0, row["event_id"]))
    return [row["event_id"] for row in known[:_MAX_REACH]]


def _us(time: datetime) -> int:
    return pa.scalar(time, pa.timestamp("us", tz="UTC")).value  # type: ignore[no-any-return]


def _shown(
    events: pa.Table, owner: Mapping[str, int]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """Choose events before they become rows: there may be millions.

    Returns
    -------
    Those on the map (all of the pairs shown, then the longest of the others), the longest of one vessel (what
    there is to see where nothing was paired), and those of the pairs by id.
    """
    ids = events.column("event_id").to_pylist()
    owned = pc.is_in(events.column("event_id"), value_set=pa.array(list(owner), pa.string())).to_numpy()
    kinds: Any = np.array(events.column("kind").to_pylist(), dtype=object)
    subtypes: Any = np.array(events.column("subtype").to_pylist(), dtype=object)
    # Short silences are ordinary, port calls of others are only evidence, and of candidates the best is enough.
    worse = pc.fill_null(pc.greater(events.column("candidate_rank"), 1), False).to_numpy()
    counts = (subtypes != "short") & ~((kinds == "port_call") & (subtypes == "told")) & ~worse
    hours = events.column("duration_h").to_numpy()
    ours = np.flatnonzero(owned).tolist()
    rest = np.flatnonzero(~owned & counts).tolist()
    rest.sort(key=lambda row: (_DRAWN_FIRST.get(kinds[row], 4), -hours[row], ids[row]))
    faults = np.flatnonzero(kinds == "identity").tolist()
    alone = np.flatnonzero(counts & np.isin(kinds, ("loitering", "gap"))).tolist()
    for some in (faults, alone):
        some.sort(key=lambda row: (-hours[row], ids[row]))
    on_map, listed = ours + rest[:MAX_OTHER_EVENTS], (faults[:_MAX_FAULTS] + alone)[:MAX_LISTED]
    rows = events.drop_columns(["geometry"]).take(pa.array(on_map + listed, pa.int64())).to_pylist()
    drawn = rows[: len(on_map)]
    return drawn, rows[len(on_map) :], {row["event_id"]: row for row in drawn[: len(ours)]}


def _frame(drawn: list[dict[str, Any]], fixes: pa.Table | None) -> layers.Frame | None:
    if drawn:
        return layers.frame_around([r["lon_deg"] for r in drawn], [r["lat_deg"] for r in drawn])
    if fixes is not None and fixes.num_rows:
        used = fixes.filter(pc.greater_equal(fixes.column("segment"), 0))
        return layers.frame_around(used.column("lon_deg").to_numpy(), used.column("lat_deg").to_numpy())
    return None


def _map(
    frame: layers.Frame | None,
    drawn: list[dict[str, Any]],
    owner: Mapping[str, int],
    fixes: pa.Table | None,
    wanted: Sequence[tuple[int, str, str, int, int]],
    zones: Sequence[ZoneLike],
    shoreline: ShorelineLike | None,
) -> dict[str, Any]:
    if frame is None:
        return {"box": None}
    room = frame.wider()
    lon = room.unwrap([row["lon_deg"] for row in drawn])
    points, silences = [], []
    for place, row in enumerate(drawn):
        lat = _lat(row["lat_deg"])
        point = [round(float(lon[place]), 5), lat]
        # Candidates lie in one place: the best stands for all, the others are shown when asked for.
        kind = "candidate" if (row["candidate_rank"] or 0) > 1 else row["kind"]
        pair = owner.get(row["event_id"], -1)
        points.append({"at": point, "kind": kind, "pair": pair, **bubble(row, paired=pair >= 0)})
        if row["kind"] == "gap" and row["end_lon_deg"] is not None and row["end_lat_deg"] is not None:
            step = (row["end_lon_deg"] - row["lon_deg"] + 180.0) % 360.0 - 180.0
            silences.append([point, [round(point[0] + step, 5), _lat(row["end_lat_deg"])]])
    shapes = layers.zone_shapes(zones, room)
    paired = [place for place, row in enumerate(drawn) if row["event_id"] in owner] or range(len(drawn))
    worth = [lon[place] for place in paired], [drawn[place]["lat_deg"] for place in paired]
    for shape in shapes:
        shape["name"] = texts.clean(shape["name"], 60)
        sure = f"confidence {shape.pop('confidence') or 'not stated'}"
        shape["about"] = texts.clean(f"{str(shape['category'] or 'zone').replace('_', ' ')}, {sure}", 120)
        shape["id"] = texts.clean(shape["id"], 60)
    return {
        "box": frame.box,
        "room": room.box,
        "land": layers.land(shoreline, room, worth),
        "zones": shapes,
        "tracks": layers.thin_legs(layers.track_legs(fixes, wanted), room),
        "events": points,
        "silences": silences,
    }


def _lat(lat_deg: float) -> float:
    return round(max(-layers.MAX_LAT_DEG, min(layers.MAX_LAT_DEG, lat_deg)), 5)


def _head(
    events: pa.Table, pairs: pa.Table, n_shown: int, fixes: pa.Table | None, run: Mapping[str, Any]
) -> dict[str, Any]:
    counts = Counter(events.column("kind").to_pylist())
    short_gap = pc.and_(pc.equal(events.column("kind"), "gap"), pc.equal(events.column("subtype"), "short"))
    short = pc.sum(short_gap).as_py() or 0
    read = run.get("rows") or {}
    rejected = read.get("rejected")
    reasons = rejected if isinstance(rejected, Mapping) else {}
    inputs = [
        {
            "name": texts.clean(Path(str(_get(item, "path", item))).name, 90),
            "size": texts.size_text(_get(item, "size_bytes")),
        }
        for item in run.get("inputs") or ()
    ]
    first, last = _period(events, fixes, run)
    return {
        "inputs": inputs,
        "read": read.get("read"),
        "kept": read.get("kept"),
        "rejected": sum(reasons.values()) if reasons or isinstance(rejected, Mapping) else rejected,
        "doubts": [
            (texts.clean(Path(str(item["path"])).name, 90), texts.clean(doubt["sentence"], 600))
            for item in run.get("inputs") or ()
            if isinstance(item, Mapping)
            for doubt in item.get("doubts") or ()
        ],
        "lists": [
            (_list_label(item), texts.clean(item.get("stale"), 400))
            for item in run.get("watch_lists") or ()
            if isinstance(item, Mapping)
        ],
        "reject_reasons": sorted(((texts.clean(k, 60), v) for k, v in reasons.items()), key=lambda kv: -kv[1]),
        "profile": texts.clean(_profile(run), 90),
        "model": bool(run.get("model")),
        "settings_id": texts.clean(run.get("settings_id"), 40),
        "version": texts.clean(run.get("version"), 40),
        "first": first,
        "last": last,
        "n_pairs": pairs.num_rows,
        "likely": pairs.num_rows - pairs.column("likelihood").null_count if "likelihood" in pairs.column_names else 0,
        "n_shown": n_shown,
        "encounters": counts["encounter"],
        "loiterings": counts["loitering"],
        "gaps": counts["gap"] - short,
        "short_gaps": short,
        "possible": len(possible_occasions(events)),
        "identities": counts["identity"],
        "port_calls": counts["port_call"],
    }


def _profile(run: Mapping[str, Any]) -> str | None:
    """Return what was looked for, a packaged profile or the name of a file of the user's."""
    settings = run.get("settings")
    score = settings.get("score") if isinstance(settings, Mapping) else None
    name = score.get("profile") if isinstance(score, Mapping) else None
    return None if name is None else Path(str(name)).name


def _list_label(item: Mapping[str, Any]) -> str:
    hulls = item.get("hulls") or {}
    day = f"of {item['date']}" if item.get("date") else "undated"
    found = f"{hulls.get('hit', 0)} on it, {hulls.get('possible', 0)} possibly"
    return f"{texts.clean(item.get('name'), 60)} ({day}): {found}"


def _get(item: Any, key: str, otherwise: Any = None) -> Any:
    return item.get(key, otherwise) if isinstance(item, Mapping) else otherwise


def _period(events: pa.Table, fixes: pa.Table | None, run: Mapping[str, Any]) -> tuple[str, str]:
    first, last = run.get("first_time"), run.get("last_time")
    if first is None and fixes is not None and fixes.num_rows:
        ends = pc.min_max(fixes.column("time")).as_py()
        first, last = ends["min"], ends["max"]
    if first is None and events.num_rows:
        first, last = pc.min(events.column("start_time")).as_py(), pc.max(events.column("end_time")).as_py()

    def text(time: Any) -> str:
        return texts.time_text(datetime.fromisoformat(time) if isinstance(time, str) else time)

    return text(first), text(last)


def _render(content: Mapping[str, Any]) -> str:
    environment = Environment(
        loader=PackageLoader("stsdetect.report", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    scripts = [_asset("maplibre-gl.js"), _asset("leaflet.js"), _asset("report.js")]
    # The policy names each script by its hash: text that slipped into the page as a script would not run.
    allowed = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    return environment.get_template("report.html.j2").render(
        **content,
        scripts=[Markup(script) for script in scripts],
        allowed=Markup(allowed),
        styles=[Markup(_asset(name)) for name in ("maplibre-gl.css", "leaflet.css", "report.css")],
        data=Markup(script_json(content["map"])),
    )


def script_json(data: Any) -> str:
    """Return JSON that stays data inside an HTML script element, whatever text it holds.

    >>> script_json("</script>")
    '"\\\\u003c/script\\\\u003e"'
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _asset(name: str) -> str:
    """Read a packaged script or style; what would lead out of the page (maps, pictures) is cut off."""
    text = (files("stsdetect.report") / "assets" / name).read_text(encoding="utf-8")
    text = re.sub(r"//# sourceMappingURL=\S+", "", text.replace("\r\n", "\n"))
    return re.sub(r"url\((?:images/[^)]*|#default#VML)\)", "none", text)
