"""What is planted in a simulated month in full view: both transponders are on, as the rules that others publish need.

Seen meetings between a supplier and a middleman are known of the first leg of published chains (SDN and UN reports of
2017-2019), where neither had a reason to hide yet. Shares, speeds and places without a source are our choice.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stsdetect.simulate import month_tracks as does
from stsdetect.simulate.month_dark import HIGH_SEAS, Plot, Stage, _met_at, crossing_s, meet
from stsdetect.simulate.month_fleet import TANKER_PORTS, Crew
from stsdetect.simulate.month_radio import HEADLANDS, NM_M
from stsdetect.simulate.month_sea import Box, Ints, Point, apart_m
from stsdetect.simulate.month_tracks import COMING_UP_KN, HIDING, Tracks, Voyage
from stsdetect.simulate.motion import Floats, draw_water
from stsdetect.simulate.scenes import DAY, HOUR
from stsdetect.units import EARTH_RADIUS_M, KNOT_MPS

#: Waters off Zhejiang and Shanghai, off the south-west of Korea and in the Taiwan Strait (our choice: zones
#: ``taiwan_strait``, ``zhoushan`` and ``yellow_sea_mid`` have transfers of cases): latitudes and longitudes [degrees].
HEARD_WATERS: tuple[Box, ...] = ((27.5, 32.0, 121.8, 123.8), (33.2, 36.5, 124.3, 126.2), (23.0, 25.6, 119.0, 121.6))
#: How far off the shore a place in them is at least, and how far from a station at most: three quarters of what the
#: lowest antenna reaches, to where all is heard [km].
_OFF_SHORE_KM, _HEARD_KM = 20.0, 47.0
#: Share of meetings out of reach of stations, in the published boxes, where only satellites hear.
_FAR_OUT = 0.3
#: Share of middlemen that then fall silent into Nampo, and how far from it they do [nm].
_TO_NAMPO, _SILENT_NM = 0.5, (70.0, 160.0)
#: Speed of a transfer under way [kn]: design.md's case 7, and OCIMF's guide to ship-to-ship transfer, which has
#: mooring under way at about 5 kn (from memory).
_UNDER_WAY_KN = (3.0, 4.6)


def seen_spot(stage: Stage, *, far_out: bool) -> Point:
    """Draw a place: in the published boxes, or nearer, where stations hear."""
    if far_out:
        return stage.spot(HIGH_SEAS)
    crew = stage.crew
    inside = [_heard(crew, crew.sea.cells(box, _OFF_SHORE_KM)) for box in HEARD_WATERS]
    inside = [cells for cells in inside if len(cells)]
    if not inside:
        return stage.spot(())
    lat, lon = crew.sea.place(int(crew.rng.choice(inside[int(crew.rng.integers(len(inside)))])))
    return lat + crew.u(-0.02, 0.02), lon + crew.u(-0.02, 0.02)


def _heard(crew: Crew, cells: Ints) -> Ints:
    """Keep the cells of the chart that a station surely hears (`month_radio`)."""
    ports = [crew.sea.ports[name] for name in crew.open_ports]
    spots = [*HEADLANDS, *((port.lat_deg, port.lon_deg) for port in ports)]
    lat, lon = np.array([crew.sea.place(cell) for cell in cells.tolist()]).reshape(-1, 2).T
    nearest = np.min([apart_m(*spot, lat, lon) for spot in spots], axis=0)
    return np.asarray(cells[nearest < 1000.0 * _HEARD_KM])


def _onward(stage: Stage, voyage: Voyage, met_s: float) -> None:
    """Let a middleman go on: half fall silent into Nampo, half discharge in a port of China or elsewhere."""
    crew = stage.crew
    if not crew.chance(_TO_NAMPO) or "kp_nampo" not in crew.sea.ports:
        there = crew.port(crew.open_ports, TANKER_PORTS)
        stage.home(voyage, there, crew.u(8, 10.5))
        stage.ends(voyage, there)
        return
    stage.home(voyage, "kp_nampo", crew.u(8, 10.5))
    begin, nampo = voyage.now_s, voyage.at
    voyage.stay(crew.u(20, 60) * HOUR, does.LIE, crew.u(0, 360))
    end = voyage.now_s
    back = crew.port(crew.open_ports, TANKER_PORTS)
    stage.home(voyage, back, crew.u(8, 10.5))
    stage.ends(voyage, back)
    off = crossing_s(voyage, nampo, crew.u(*_SILENT_NM) * NM_M, begin, -1)
    on = crossing_s(voyage, nampo, crew.u(*_SILENT_NM) * NM_M, end, 1)
    off = max(off, met_s + 2 * HOUR)
    voyage.off[:] = [one for one in voyage.off if one.end_s < off or one.start_s > on]
    voyage.switch_off(off, on, HIDING)


def _visible(voyage: Voyage, start_s: float, end_s: float) -> None:
    """Keep the transponder on around a meeting, whatever its crew would have done otherwise."""
    voyage.off[:] = [one for one in voyage.off if one.end_s < start_s - 6 * HOUR or one.start_s > end_s + 2 * HOUR]


def seen_at_night(stage: Stage, plot: Plot) -> None:
    """A supplier and a middleman meet off the coast at night, both heard; half of the middlemen go on to Nampo."""
    crew = stage.crew
    at = stage.night(1.5 * DAY, crew.span_s - 4 * DAY)
    host, guest = stage.supplier(), stage.middleman()
    here, there = (stage.trades(one, at - 7 * DAY) for one in (host, guest))
    spot = seen_spot(stage, far_out=crew.chance(_FAR_OUT))
    start, end, tonnes = meet(stage, host, guest, spot, (here, there), at)
    _part(stage, plot, host, guest, end)
    for one in (host, guest):
        _visible(one, start, end)
    plot.tell("encounter", (host, guest), start, end, _met_at(host, start, end), f"{tonnes:.0f} t, both seen")


def _part(stage: Stage, plot: Plot, host: Voyage, guest: Voyage, met_s: float) -> None:
    port = stage.crew.port(stage.crew.open_ports, TANKER_PORTS)
    stage.home(host, port, stage.crew.u(9.5, 12.5))
    stage.ends(host, port)
    _onward(stage, guest, met_s)
    plot.voyages += [host, guest]


def seen_again(stage: Stage, plot: Plot) -> None:
    """The same two meet two or three times in the month in the same waters, with calls at ports near by in between."""
    crew = stage.crew
    at = stage.night(1.2 * DAY, max(2 * DAY, crew.span_s - 18 * DAY))
    host, guest = stage.supplier(), stage.middleman()
    here, there = (stage.trades(one, at - 7 * DAY) for one in (host, guest))
    spot, meetings = seen_spot(stage, far_out=crew.chance(_FAR_OUT)), []
    for _ in range(int(crew.rng.integers(2, 4))):
        start, end, tonnes = meet(stage, host, guest, spot, (here, there), at)
        meetings.append((start, end, tonnes))
        at = stage.night(end + 4 * DAY, end + 7 * DAY)
        if at > crew.span_s - 4 * DAY:
            break
        here, there = (crew.port(_near(stage, spot)) for _ in range(2))
        stage.home(host, here, crew.u(9.5, 12.5))
        stage.home(guest, there, crew.u(8, 10.5))
        moved = spot[0] + crew.u(-0.3, 0.3), spot[1] + crew.u(-0.3, 0.3)
        spot = moved if crew.sea.shore_km[crew.sea.nearest(*moved)] > _OFF_SHORE_KM else spot
    _part(stage, plot, host, guest, meetings[-1][1])
    for start, end, tonnes in meetings:
        for one in (host, guest):
            _visible(one, start, end)
        where = _met_at(host, start, end)
        plot.tell("encounter", (host, guest), start, end, where, f"{tonnes:.0f} t, both seen, one of {len(meetings)}")


def _near(stage: Stage, spot: Point) -> list[str]:
    """Return the six open ports nearest to a place, so that a voyage there and back takes days and not a week."""
    ports = stage.crew.sea.ports
    return sorted(
        stage.crew.open_ports, key=lambda name: float(apart_m(ports[name].lat_deg, ports[name].lon_deg, *spot))
    )[:6]


def seen_under_way(stage: Stage, plot: Plot) -> None:
    """Two tankers sail side by side at 3-4.6 kn for hours, hulls a few metres apart, where stations hear."""
    crew = stage.crew
    at = stage.night(1.5 * DAY, crew.span_s - 4 * DAY)
    host, guest = stage.supplier(), stage.middleman()
    here, there = (stage.trades(one, at - 7 * DAY) for one in (host, guest))
    spot = seen_spot(stage, far_out=False)
    tonnes, length = stage.parcel(guest.hull)
    host.type_draught(host.now_s, host.hull.draught_m)
    guest.type_draught(guest.now_s, stage.light(guest))
    stage.goes(host, here, spot, at - crew.u(0.5, 1.5) * HOUR, crew.u(9, 12))
    near = (spot[0] + crew.u(-0.1, 0.1), spot[1] + crew.u(-0.1, 0.1))
    stage.goes(guest, there, near, at - crew.u(2, 5) * HOUR, crew.u(8, 10.5))
    begin = max(at, host.now_s + 0.3 * HOUR, guest.now_s + 2.5 * HOUR)
    host.drift(begin - host.now_s, draw_water(crew.rng), crew.u(0, 360))
    speed = crew.u(*_UNDER_WAY_KN)
    start, end = begin + crew.u(0.6, 1.0) * HOUR, begin + 1.0 * HOUR + length
    way = _free_course(stage, host.at, speed * KNOT_MPS * (end - begin + 0.5 * HOUR))
    host.sail([way], speed)
    _keeps_beside(stage, host, guest, start, end)
    stage.types(host, -tonnes, end)
    stage.types(guest, tonnes, end)
    _part(stage, plot, host, guest, end)
    for one in (host, guest):
        _visible(one, start, end)
    plot.tell("encounter", (host, guest), start, end, _met_at(host, start, end), f"{tonnes:.0f} t under way, both seen")


def _free_course(stage: Stage, at: Point, length_m: float) -> Point:
    """Return where a straight way of a length over open water leads, or out to sea where none is found."""
    crew = stage.crew
    for _ in range(40):
        course = np.radians(crew.u(0, 360))
        share = np.linspace(0.0, 1.0, 12)
        lat = at[0] + share * np.degrees(length_m * np.cos(course) / EARTH_RADIUS_M)
        lon = at[1] + share * np.degrees(length_m * np.sin(course) / EARTH_RADIUS_M) / np.cos(np.radians(at[0]))
        if crew.sea.is_wet(lat, lon).all():
            break
    return float(lat[-1]), float(lon[-1])


def _keeps_beside(stage: Stage, host: Voyage, guest: Voyage, start_s: float, end_s: float) -> None:
    """Let the guest come up to a host that sails straight and keep abreast of it."""
    crew = stage.crew
    side = 1 if crew.chance(0.5) else -1
    abreast = side * ((host.hull.width_m + guest.hull.width_m) / 2 + crew.u(3, 8))
    t = np.linspace(start_s, end_s, max(3, round((end_s - start_s) / 600.0)))
    lat, lon = _abreast(host, t, abreast)
    water = draw_water(crew.rng)
    way_s = float(apart_m(*guest.at, lat[0], lon[0])) / (0.8 * COMING_UP_KN * KNOT_MPS)
    if start_s - way_s - guest.now_s > 1200.0:
        guest.drift(start_s - way_s - guest.now_s, water, crew.u(0, 360))
    for when, *place in zip(t.tolist(), lat.tolist(), lon.tolist(), strict=True):
        guest.passes(when, (place[0], place[1]))


def _abreast(host: Voyage, t_s: Floats, aside_m: float) -> tuple[Floats, Floats]:
    """Return places ``aside_m`` to starboard of a hull that sails straight."""
    tracks = Tracks.of([host])
    before, now, after = (tracks.middle(np.zeros(len(t_s), dtype=np.int64), t_s + shift) for shift in (-60, 0, 60))
    narrow = np.cos(np.radians(now[0]))
    course = np.arctan2((after[1] - before[1]) * narrow, after[0] - before[0])
    lat = now[0] - np.degrees(aside_m * np.sin(course) / EARTH_RADIUS_M)
    return lat, now[1] + np.degrees(aside_m * np.cos(course) / EARTH_RADIUS_M) / narrow


SEEN_FAMILIES: dict[str, Callable[[Stage, Plot], None]] = {
    maker.__name__: maker for maker in (seen_at_night, seen_again, seen_under_way)
}
