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
from stsdetect.report.files import atomic_write

#: Most pairs shown.
MAX_PAIRS = 200
#: Most events drawn as points besides those of the pairs shown, longest first.
MAX_OTHER_EVENTS = 3000
#: Most events of other kinds listed beside the map, longest first.
MAX_LISTED = 60
#: Most events listed for one pair.
MAX_EVENTS_PER_PAIR = 40
#: Weights below this fill less than the whole bar [log-odds].
_FULL_BAR = 2.0


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
        ``size_bytes`` and ``doubts``), ``rows`` (``read``, ``kept``, ``rejected`` by reason), ``settings_id``,
        ``version``, ``first_time`` and ``last_time``.
    zones, shoreline
        Background of the map.
    max_pairs
        Only so many pairs are shown; the page says how many there are.

    Raises
    ------
    UsageError
        If the page cannot be written.
    """
    content = _content(events, pairs, fixes, run, zones, shoreline, max_pairs)
    with atomic_write(path) as aside:
        aside.write_text(_render(content), encoding="utf-8", newline="\n")


def _content(
    events: pa.Table,
    pairs: pa.Table,
    fixes: pa.Table | None,
    run: Mapping[str, Any],
    zones: Sequence[ZoneLike],
    shoreline: ShorelineLike | None,
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
    return {
        "head": _head(events, pairs.num_rows, len(top), fixes, run),
        "pairs": [_pair(place, pair, by_id, number) for place, pair in enumerate(top)],
        "others": [_other(row, number) for row in alone],
        "n_drawn": len(drawn),
        "n_events": events.num_rows,
        "map": _map(frame, drawn, owner, fixes, legs, zones, shoreline),
    }


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
    # Short silences are ordinary, and port calls of others are only evidence.
    counts = pc.not_equal(events.column("subtype"), "short").to_numpy()
    counts = counts & pc.not_equal(events.column("kind"), "port_call").to_numpy()
    encounter = pc.equal(events.column("kind"), "encounter").to_numpy()
    single = pc.is_null(events.column("vessel_b")).to_numpy()
    hours = events.column("duration_h").to_numpy()
    ours = np.flatnonzero(owned).tolist()
    rest = np.flatnonzero(~owned & counts).tolist()
    rest.sort(key=lambda row: (not encounter[row], -hours[row], ids[row]))
    alone = np.flatnonzero(single & counts).tolist()
    alone.sort(key=lambda row: (-hours[row], ids[row]))
    on_map, listed = ours + rest[:MAX_OTHER_EVENTS], alone[:MAX_LISTED]
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
        points.append({"at": point, "kind": row["kind"], "pair": owner.get(row["event_id"], -1), **_tip(row)})
        if row["end_lon_deg"] is not None and row["end_lat_deg"] is not None:
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


def _tip(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the title and lines of the bubble over an event."""
    title = texts.vessel_name(row["name_a"], row["mmsi_a"], row["vessel_a"])
    if row["vessel_b"] is not None:
        title += " – " + texts.vessel_name(row["name_b"], row["mmsi_b"], row["vessel_b"])
    lines = [
        f"{texts.clean(row['kind'])}, {texts.clean(row['subtype']).replace('_', ' ')}",
        f"{texts.time_text(row['start_time'])} UTC, {_length(row)}",
        texts.place_text(row["lat_deg"], row["lon_deg"]),
    ]
    return {"title": title, "lines": lines}


def _length(row: Mapping[str, Any]) -> str:
    return texts.duration_text(row["duration_h"]) + (" (still open)" if row["is_open"] else "")


def _head(
    events: pa.Table, n_pairs: int, n_shown: int, fixes: pa.Table | None, run: Mapping[str, Any]
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
        "reject_reasons": sorted(((texts.clean(k, 60), v) for k, v in reasons.items()), key=lambda kv: -kv[1]),
        "settings_id": texts.clean(run.get("settings_id"), 40),
        "version": texts.clean(run.get("version"), 40),
        "first": first,
        "last": last,
        "n_pairs": n_pairs,
        "n_shown": n_shown,
        "encounters": counts["encounter"],
        "loiterings": counts["loitering"],
        "gaps": counts["gap"] - short,
        "short_gaps": short,
    }


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


def _pair(
    place: int, pair: Mapping[str, Any], by_id: Mapping[str, dict[str, Any]], number: Mapping[str, int]
) -> dict[str, Any]:
    met = [by_id[event] for event in pair["event_ids"] if event in by_id]
    # What was observed here knows types and sizes; what others tell of does not.
    known = sorted(met, key=lambda row: row["observed_min"] is None)
    reasons = [_reason(reason) for reason in pair["reasons"] or ()]
    flags = {flag for row in met for flag in row["flags"].split(";") if flag and not flag.startswith("zone:")}
    return {
        "number": place,
        "rank": pair["rank"],
        "sides": [_side(pair, known, "a"), _side(pair, known, "b")],
        "score": pair["score"],
        "log_odds": texts.signed(pair["log_odds"], 2),
        "confidence": texts.clean(pair["confidence"]),
        "n_events": pair["n_events"],
        "first": texts.time_text(pair["first_time"]),
        "last": texts.time_text(pair["last_time"]),
        "hours": texts.duration_text(sum(row["duration_h"] for row in met)),
        "observed": texts.duration_text(_minutes(met, "observed_min") / 60),
        "inferred": texts.duration_text(_minutes(met, "inferred_min") / 60),
        "observed_share": _share(met),
        "told": bool(met) and all(row["observed_min"] is None for row in met),
        "flags": [texts.clean(flag).replace("_", " ") for flag in sorted(flags)][:6],
        "base": [r for r in reasons if r["base"]],
        "speaks_for": sorted((r for r in reasons if not r["base"] and r["weight"] > 0), key=_by_weight),
        "against": sorted((r for r in reasons if not r["base"] and r["weight"] < 0), key=_by_weight),
        "neutral": [r for r in reasons if not r["base"] and r["weight"] == 0],
        "events": [_event(row, number) for row in met[:MAX_EVENTS_PER_PAIR]],
        "more_events": max(0, len(met) - MAX_EVENTS_PER_PAIR),
    }


def _minutes(met: Sequence[Mapping[str, Any]], name: str) -> float:
    """Add up minutes; events of others do not say them."""
    return sum(row[name] or 0.0 for row in met)


def _share(met: Sequence[Mapping[str, Any]]) -> int:
    seen = _minutes(met, "observed_min")
    total = seen + _minutes(met, "inferred_min")
    return round(100 * seen / total) if total > 0 else 0


def _by_weight(reason: Mapping[str, Any]) -> tuple[float, str]:
    return (-abs(reason["weight"]), reason["sentence"])


def _side(pair: Mapping[str, Any], met: Sequence[Mapping[str, Any]], side: str) -> dict[str, str]:
    mmsi = pair[f"mmsi_{side}"]
    first = next((row for row in met if row["vessel_a"] == pair[f"vessel_{side}"]), None)
    key = "a" if first is not None else "b"
    row = first if first is not None else (met[0] if met else {})
    length = row.get(f"length_{key}_m")
    imo = row.get(f"imo_{key}")
    ids = [f"MMSI {mmsi:09d}"] if mmsi is not None else [texts.clean(pair[f"vessel_{side}"])]
    return {
        "name": texts.vessel_name(pair[f"name_{side}"], mmsi, pair[f"vessel_{side}"]),
        "type": texts.ship_type(row.get(f"ship_type_{key}")),
        "ids": ", ".join(ids + ([f"IMO {imo}"] if imo else []) + ([f"{length:.0f} m"] if length else [])),
    }


def _reason(reason: Mapping[str, Any]) -> dict[str, Any]:
    weight = reason["weight"] or 0.0
    return {
        "sentence": texts.clean(reason["sentence"], 500) or texts.clean(reason["indicator"], 60),
        "indicator": texts.clean(reason["indicator"], 60),
        "source": texts.clean(reason["source"], 200),
        "weight": weight,
        "text": texts.signed(weight, 2),
        "width": round(100 * min(1.0, abs(weight) / _FULL_BAR), 1),
        "base": reason["indicator"] == "base",
    }


def _event(row: Mapping[str, Any], number: Mapping[str, int]) -> dict[str, Any]:
    return {
        "number": number.get(row["event_id"], -1),
        "kind": texts.clean(row["subtype"]).replace("_", " "),
        "start": texts.time_text(row["start_time"]),
        "end": texts.time_text(row["end_time"]),
        "length": _length(row),
        "distance": texts.metres_text(row["min_distance_m"]),
        "gap": texts.metres_text(row["hull_gap_min_m"], row["hull_gap_max_m"]),
        "draught_a": texts.signed(row["draught_change_a_m"], 1, "m"),
        "draught_b": texts.signed(row["draught_change_b_m"], 1, "m"),
        "place": texts.place_text(row["lat_deg"], row["lon_deg"]),
    }


def _other(row: Mapping[str, Any], number: Mapping[str, int]) -> dict[str, Any]:
    return {
        "number": number.get(row["event_id"], -1),
        "kind": texts.clean(row["kind"]),
        "name": texts.vessel_name(row["name_a"], row["mmsi_a"], row["vessel_a"]),
        "start": texts.time_text(row["start_time"]),
        "length": _length(row),
    }


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
