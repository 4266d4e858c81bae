"""What single hulls do, found in one walk along their legs, is to the last bit what arrays give."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.context.berths import BerthCells
from stsdetect.context.port_cells import PortCells
from stsdetect.detect.arrays import Fixes
from stsdetect.detect.parts import HullPart, search_hulls
from stsdetect.detect.spoofing import Reported
from stsdetect.kernels.choice import compiled, use_compiled
from stsdetect.kernels.runs import weighted_median
from stsdetect.kernels.sphere import to_xyz
from stsdetect.reference.places import Port
from stsdetect.schema import FLAGGED, VESSELS
from stsdetect.settings import load_settings
from tests.builders import START_US

pytest.importorskip("numba")
LOOPS = settings(max_examples=50, deadline=None)
HOUR_US = 3_600_000_000


class Stripes:
    """A shore that runs along every other line of berth cells."""

    def on_land(self, lat, lon):
        return np.asarray(lat) * 0.0 > 1.0

    def distance_km(self, lat, lon):
        return np.where(np.floor(np.asarray(lat) * 500) % 2 == 0, 0.1, 60.0) * (np.asarray(lon) > 0)


CELLS = BerthCells(load_settings().context, ports=[], shoreline=Stripes())
PORTS = PortCells([Port(f"x{k}", f"X{k}", "XX", float(k), 0.01) for k in range(80)], 50.0)


def wild_fixes(seed: int, n: int) -> Fixes:
    rng = np.random.default_rng(seed)
    hull = np.cumsum(rng.random(n) < 0.05)
    hull -= hull[0]
    segment = np.cumsum((np.diff(hull, prepend=0) > 0) | (rng.random(n) < 0.05))
    minutes = rng.choice([0.0, 2.0, 5.0, 5.1, 15.0, 15.1, 60.0, 120.0, 121.0, 500.0], n)
    if seed % 2:  # even steps: half the weight is often reached exactly
        minutes = np.where(minutes < 120.0, 5.0, minutes)
    lat = 0.001 + np.cumsum(rng.choice([0.0, 0.0, 0.0, 0.002, -0.002, 0.05], n))
    lon = rng.choice([0.01, 0.0101], n)
    speeds = [0.0, -0.0, 0.2, 1.9, 2.0, 3.0, 5.0, 6.0, np.nan]
    return Fixes(
        labels=[f"{k:03d}" for k in range(int(hull[-1]) + 1)],
        hull=hull,
        segment=segment,
        time_us=START_US + np.cumsum(np.rint(minutes * 60e6).astype(np.int64)),
        mmsi=np.where(rng.random(n) < 0.1, np.nan, 440000001.0 + hull),
        xyz=to_xyz(lat, lon),
        lat_deg=lat,
        lon_deg=lon,
        speed_kn=rng.choice(speeds, n, p=[0.3, 0.1, 0.2, *[0.1] * 3, 0.04, 0.03, 0.03]),
        course_deg=rng.choice([np.nan, 10.0], n),
        heading_deg=rng.choice([np.nan, 20.0], n),
        quality=rng.choice([0, 1, 10], n, p=[0.9, 0.06, 0.04]),
    )  # fmt: skip


def silent(n: int) -> Reported:
    """Reports without SOG and COG."""
    nothing = np.full(n, np.nan)
    return Reported(nothing, lambda rows: nothing[rows])


def all_of(part: HullPart) -> list[object]:
    def plain(table: pa.Table) -> list[object]:
        # Text keeps the sign of a zero, and NaN is equal to itself.
        return [table.schema, repr(table.to_pylist())]

    return [
        plain(part.events), part.labels, [(number, *plain(table)) for number, table in part.slots],
        part.last.time_us.tolist(), part.per_hour.tolist(), *plain(part.presence),
    ]  # fmt: skip


@LOOPS
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 80),
    st.lists(st.integers(-2, 30), min_size=1, max_size=4, unique=True),
    st.sampled_from([2.0, 0.5]),
    st.sampled_from([1.0, 3600.0]),
)
def test_single_hulls(seed, n, hours, slow_kn, least_s):
    rules = load_settings(
        loitering={"max_speed_kn": slow_kn, "min_duration_s": least_s},
        encounters={"max_speed_kn": slow_kn},
    )
    edges = START_US + np.array(sorted(hours), dtype=np.int64) * HOUR_US
    found = []
    for yes in (False, True):
        with use_compiled(yes):
            part = search_hulls(
                wild_fixes(seed, n), silent(n), VESSELS.empty(), FLAGGED.empty(), rules, CELLS, PORTS, edges
            )
        found.append(all_of(part))
    assert found[0] == found[1]


def test_the_world_has_all_that_is_looked_for():
    rules = load_settings()
    part = search_hulls(
        wild_fixes(3, 4000), silent(4000), VESSELS.empty(), FLAGGED.empty(), rules, CELLS, PORTS, np.array([START_US])
    )
    kinds = part.events.column("kind").to_pylist()
    assert kinds.count("loitering") > 5
    assert kinds.count("gap") > 5
    assert kinds.count("port_call") > 5
    assert part.presence.num_rows > 5


@LOOPS
@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0, 1.5, 7.0]), st.sampled_from([1, 1, 2])), min_size=1, max_size=60)
)
def test_weighted_median(pairs):
    values, weights = np.array(pairs).T
    expected = weighted_median(np.zeros(values.size, dtype=np.int64), values, weights, 1)[0]
    with use_compiled(True):
        legs = compiled("legs")
        assert legs is not None
        found = legs.weighted_median(values.copy(), weights.astype(np.int64), values.size, int(weights.sum()))
    assert found == expected
