"""How much may have changed hands: tonnes and barrels from typed draughts and hull sizes, as draws, never one number.

What cargo does to a draught is ``change = tonnes (1 - ballast) / (density x waterplane x length x breadth)``. Nothing
in it is known well, so each is drawn from its published range (``hull_coefficients.csv``), and draws are kept by how
well they fit the draughts that crews typed. Where nobody typed one the hulls alone bound what can have passed.

Every transfer has random numbers of its own, from the seed in the settings and the id of its event. So its draws are
the same in whatever order, group or part of the data it is asked for. Draws are whole tonnes and barrels: sums are
exact, in any order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from stsdetect.errors import SettingsError, did_you_mean
from stsdetect.reference.facts import read_facts
from stsdetect.settings import VolumeSettings

Floats = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.signedinteger]

#: Draws weighed for each draw kept where draughts were typed (our choice): a change known to a tenth fits about one in
#: ten of the parcels that hulls can hold.
_WEIGHED_PER_KEPT = 4
#: Standard deviation of a typed change of draught [m]: two values rounded to 0.1 (0.041) and read in a swell at sea
#: (0.05, our choice).
CHANGE_SD_M = 0.065
#: Density of changes that have nothing to do with the transfer [1/m]: anything from 2 m up to 2 m down.
_UNRELATED_PER_M = 0.25
#: A smaller change is none [m]: draughts are typed in tenths.
LEAST_CHANGE_M = 0.05
#: A greater change is none of a ship that AIS can tell of [m]: draughts go to 25.5 (ITU-R M.1371-5).
_MOST_CHANGE_M = 25.5
#: How often a ship takes in or puts out ballast while it hands over cargo: seldom at sea, often in port (our choice).
_BALLAST_AT_SEA, _BALLAST_IN_PORT = 1 / 3, 1 / 2
#: Cargo as a share of deadweight, the rest being fuel, water and stores (our choice).
_CARGO_SHARE = (0.90, 0.97)
#: Pumping at sea [t/h], and the time for mooring and hoses [h] (our choice; 600-2,000 t in a night are published).
_RATE_T_H, _MOORING_H = (250.0, 500.0, 1000.0), 0.5
#: Least parcel [t] (our choice): below it a meeting is no delivery.
_LEAST_T = 30.0
#: What a hull may measure to be believed: length [m], length by breadth.
_LENGTHS_M, _SLENDER = (20.0, 420.0), (3.0, 10.0)


@dataclass(frozen=True, slots=True)
class Size:
    """Length overall and breadth of a hull [m] as broadcast; None where not known or not credible."""

    length_m: float | None = None
    breadth_m: float | None = None

    @classmethod
    def of(cls, length_m: float | None, breadth_m: float | None) -> Size:
        """Keep what a hull can measure."""
        if length_m is None or not _LENGTHS_M[0] <= length_m <= _LENGTHS_M[1]:
            return cls()
        if breadth_m is None or breadth_m <= 0 or not _SLENDER[0] <= length_m / breadth_m <= _SLENDER[1]:
            return cls(float(length_m))
        return cls(float(length_m), float(breadth_m))


@dataclass(frozen=True, slots=True)
class Passing:
    """What is known of one possible transfer.

    Attributes
    ----------
    key
        Id of the event that leads it: with the seed it fixes the draws.
    sizes
        Both hulls; of a delivery the one that brought it.
    changes
        Side (place in ``sizes``) and typed change of draught [m], deeper is positive.
    hours
        Longest time together [h]; None where not known.
    delivery
        Whether one hull loaded and landed the cargo, both of which ``changes`` may tell.
    """

    key: str
    sizes: tuple[Size, ...]
    changes: tuple[tuple[int, float], ...] = ()
    hours: float | None = None
    delivery: bool = False

    @property
    def told(self) -> tuple[tuple[int, float], ...]:
        """The changes that say something: of a hull of known length, and not of nothing, which crews often leave."""
        known = [(side, change) for side, change in self.changes if self.sizes[side].length_m is not None]
        return tuple((side, change) for side, change in known if LEAST_CHANGE_M <= abs(change) <= _MOST_CHANGE_M)

    @property
    def basis(self) -> str:
        """What the volume rests on."""
        sides = len({side for side, _ in self.told})
        if sides:
            return "draught" if self.delivery else ("draughts of both" if sides > 1 else "draught of one")
        known = sum(size.length_m is not None for size in self.sizes)
        return "hull sizes" if known == len(self.sizes) else "one hull size" if known else "published parcels"


@dataclass(frozen=True)
class Drawn:
    """Draws of one transfer, shape (n,): whole tonnes and barrels, and the share in which the first hull gave."""

    tonnes: Wholes
    barrels: Wholes
    first_gave: float


def draw(passing: Passing, settings: VolumeSettings = VolumeSettings()) -> Drawn:
    """Draw what may have passed in one transfer, if anything did.

    Parameters
    ----------
    passing
        What is known of it.
    settings
        Number of draws, seed, products, and how many typed changes are of something else.

    Returns
    -------
    Drawn
        The same for the same key and settings.

    Raises
    ------
    SettingsError
        If a product is unknown.

    Examples
    --------
    >>> drawn = draw(Passing("e1", (Size(105.0, 16.0), Size(80.0, 12.5)), ((0, -0.8), (1, 1.3))))
    >>> bool(900 < np.median(drawn.tonnes) < 1300), drawn.first_gave > 0.95
    (True, True)
    """
    if _turned(passing) is not passing:
        found = draw(_turned(passing), settings)
        return Drawn(found.tonnes, found.barrels, 1.0 - found.first_gave)
    rng = np.random.Generator(np.random.Philox(key=[settings.seed, _number(passing.key)]))
    n = settings.draws * (_WEIGHED_PER_KEPT if passing.told else 1)
    common = _common(settings.seed, settings.draws)
    lines = [_deadweight(size, n, rng) for size in passing.sizes]
    tonnes = _parcels(passing, lines, n, rng, common)
    first_gave = 0.5
    if passing.told:
        weights, as_given = _weigh(passing, tonnes, lines, rng, settings.unrelated)
        kept = _pick(weights, settings.draws, rng)
        tonnes, first_gave = tonnes[kept], float(as_given[kept].mean())
    factor = _span(factors(settings), _partly(common[2], rng))
    whole = np.rint(tonnes)
    return Drawn(whole.astype(np.int32), np.rint(whole * factor).astype(np.int32), first_gave)


def _turned(passing: Passing) -> Passing:
    """Return the sides in one order, the smaller first, so that which of them is a does not matter."""
    told = [tuple(change for at, change in passing.changes if at == side) for side in range(len(passing.sizes))]
    keys = [(size.length_m or 0.0, size.breadth_m or 0.0, own) for size, own in zip(passing.sizes, told, strict=True)]
    if keys == sorted(keys):
        return passing
    changes = tuple(sorted((1 - side, change) for side, change in passing.changes))
    return replace(passing, sizes=passing.sizes[::-1], changes=changes)


def interval(draws: Wholes, share: float) -> tuple[int, int, int]:
    """Return low, median and high of draws, with ``share`` of them between low and high.

    >>> interval(np.arange(101), 0.9)
    (5, 50, 95)
    """
    ranked = np.sort(draws)
    last = ranked.size - 1
    low, mid, high = (int(ranked[round(last * part)]) for part in ((1 - share) / 2, 0.5, (1 + share) / 2))
    return low, mid, high


def displacement_t(change_m: float, size: Size, waterplane: float) -> float:
    """Return the tonnes of salt water that a change of draught moves: density x waterplane x length x breadth x change.

    Parameters
    ----------
    change_m
        Change of draught [m].
    size
        Length and breadth [m]; both must be known.
    waterplane
        Coefficient of the waterplane for that length.

    Examples
    --------
    >>> round(displacement_t(0.01, Size(128.0, 20.0), 0.85), 1)
    22.3
    """
    if size.length_m is None or size.breadth_m is None:
        raise ValueError("length and breadth must be known")
    return coefficient("density")[1] * waterplane * size.length_m * size.breadth_m * change_m


def deadweight_t(size: Size) -> float | None:
    """Return what a tanker of a size can carry, by the likeliest coefficients [t]; None where no length is known.

    >>> round(deadweight_t(Size(109.45, 18.2)))
    6875
    """
    if size.length_m is None:
        return None
    breadth = size.breadth_m or size.length_m / coefficient("length_by_breadth")[1]
    draught = breadth * coefficient("draught_by_breadth")[1]
    return coefficient("density")[1] * size.length_m * breadth * draught * coefficient("deadweight")[1]


@lru_cache(maxsize=1)
def _coefficients() -> dict[str, tuple[float, float, float]]:
    rows = read_facts("hull_coefficients.csv")
    return {row["name"]: (float(row["low"]), float(row["mid"]), float(row["high"])) for row in rows}


def coefficient(name: str) -> tuple[float, float, float]:
    """Return least, likeliest and greatest value of a row of ``hull_coefficients.csv``.

    >>> coefficient("density")
    (1.025, 1.025, 1.025)
    """
    return _coefficients()[name]


def factors(settings: VolumeSettings) -> tuple[float, float]:
    """Return the least and the greatest number of barrels per tonne among the products of the settings.

    Raises
    ------
    SettingsError
        If a product is unknown; the nearest are offered.
    """
    known = {row["product"]: float(row["bbl_per_tonne"]) for row in read_facts("bbl_per_tonne.csv")}
    for name in settings.products:
        if name not in known:
            hint = did_you_mean(name, known) or f" Known are {', '.join(known)}."
            raise SettingsError(f"volume.products: there is no product '{name}'.{hint}")
    chosen = [known[name] for name in settings.products]
    return min(chosen), max(chosen)


def cap_barrels() -> int:
    """Return how much refined petroleum may be supplied to the DPRK in a calendar year [barrels], UN resolution 2397.

    >>> cap_barrels()
    500000
    """
    return int(read_facts("import_caps.csv")[0]["value"])


# --- Draws ------------------------------------------------------------------------------------------------


def _number(key: str) -> int:
    """Return 64 bits of a key; never 0, which is the stream that all transfers share."""
    return int.from_bytes(hashlib.sha256(f"volume:{key}".encode("utf-8", "surrogatepass")).digest()[:8]) or 1


@lru_cache(maxsize=4)
def _common(seed: int, n: int) -> Floats:
    """Return numbers that all transfers share in each draw, shape (3, n): scenario, share, product.

    If ships sail laden to the brim, most of them do; what is not known of all alike does not average out in a sum.
    """
    found = np.random.Generator(np.random.Philox(key=[seed, 0])).random((3, n))
    found.setflags(write=False)
    return found


def _partly(common: Floats, rng: np.random.Generator) -> Floats:
    """Return even numbers of which about half are the common ones (our choice), shape (n,)."""
    own, coin = rng.random((2, common.size))
    return np.where(coin < 0.5, common, own)


def _span(ends: tuple[float, float], part: Floats) -> Floats:
    low, high = ends
    return low + (high - low) * part


def _triangle(name: str, n: int, rng: np.random.Generator) -> Floats:
    low, mid, high = coefficient(name)
    drawn: Floats = rng.triangular(low, mid, high, n)
    return drawn


@dataclass(frozen=True, slots=True)
class _Hull:
    """Draws of one hull, shape (n,): its length by breadth [m2] and its deadweight [t]."""

    area_m2: Floats
    deadweight_t: Floats


def _deadweight(size: Size, n: int, rng: np.random.Generator) -> _Hull:
    """Draw the deadweight of a hull: by its dimensions, else as those of published receivers."""
    if size.length_m is None:
        low, _, high = coefficient("receiver_dwt")
        return _Hull(np.full(n, np.nan), np.exp(rng.uniform(np.log(low), np.log(high), n)))
    if size.breadth_m is None:
        breadth = size.length_m / _triangle("length_by_breadth", n, rng)
    else:
        breadth = np.full(n, size.breadth_m)
    area = size.length_m * breadth
    draught = breadth * _triangle("draught_by_breadth", n, rng)
    return _Hull(area, coefficient("density")[1] * area * draught * _triangle("deadweight", n, rng))


def _parcels(passing: Passing, hulls: Sequence[_Hull], n: int, rng: np.random.Generator, common: Floats) -> Floats:
    """Draw parcels [t] that the hulls can hold and pump in the time, before any draught is looked at.

    Half of them are a share of what the smaller hull can carry (laden scenarios), half are parcels as published ones. A
    third sort comes in where draughts were typed: any parcel, so that these can speak.
    """
    if passing.told:
        which, part = rng.random(n) * 3, rng.random(n)
    else:
        which, part = _partly(common[0], rng) * 2, _partly(common[1], rng)
    smallest = np.min([hull.deadweight_t for hull in hulls], axis=0)
    room = smallest * rng.uniform(*_CARGO_SHARE, n)
    share_low, _, share_high = coefficient("laden_share")
    laden = smallest * _span((share_low, share_high), part)
    parcel_low, _, parcel_high = coefficient("parcel_t")
    published = laden if passing.delivery else _span((parcel_low, parcel_high), part)
    any_at_all = np.exp(np.log(_LEAST_T) + (np.log(room) - np.log(_LEAST_T)) * part)
    tonnes = np.where(which < 1, laden, np.where(which < 2, published, any_at_all))
    parcels: Floats = np.minimum(tonnes, room)
    if passing.hours is not None and not passing.delivery:
        pumped = rng.triangular(*_RATE_T_H, n) * max(passing.hours - _MOORING_H, 0.1)
        parcels = np.minimum(parcels, pumped)
    return parcels


def _tonnes_per_metre(area_m2: Floats, rng: np.random.Generator) -> Floats:
    """Draw how many tonnes of cargo a metre of draught is, shape (n,), between the two published formulas."""
    n = area_m2.size
    block = _triangle("block", n, rng)
    between = rng.random(n)
    waterplane = between * (1 + 2 * block) / 3 + (1 - between) * (0.55 + 0.45 * block)
    length = _triangle("lpp_by_length", n, rng) * coefficient("waterline_by_lpp")[1]
    per_metre: Floats = coefficient("density")[1] * waterplane * length * area_m2
    return per_metre


def _weigh(
    passing: Passing, tonnes: Floats, hulls: Sequence[_Hull], rng: np.random.Generator, unrelated: float
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Weigh parcels by the typed changes of draught, shape (n,), and draw for each whether the first hull gave."""
    n = tonnes.size
    often = _BALLAST_IN_PORT if passing.delivery else _BALLAST_AT_SEA
    per_metre = {side: _tonnes_per_metre(hulls[side].area_m2, rng) for side in range(len(hulls))}
    logs = np.zeros((2, n))
    for side, change in passing.told:
        low, _, high = coefficient("ballast")
        ballast = np.where(rng.random(n) < often, rng.uniform(low, high, n), 0.0)
        moved = tonnes * (1 - ballast) / per_metre[side]
        for row in (0, 1):
            gives = (side == row) and not passing.delivery
            sign = np.sign(change) if passing.delivery else (-1.0 if gives else 1.0)
            off = (change - sign * moved) / CHANGE_SD_M
            peak = np.exp(-0.5 * off**2) / (CHANGE_SD_M * np.sqrt(2 * np.pi))
            logs[row] += np.log((1 - unrelated) * peak + unrelated * _UNRELATED_PER_M)
    logs -= logs.max()
    weights = np.exp(logs)
    total = weights.sum(axis=0)
    return total, rng.random(n) * total < weights[0]


def _pick(weights: Floats, n: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Pick ``n`` places by weight (systematic resampling), in random order, so that draws of transfers stay apart."""
    edges = np.cumsum(weights)
    at = (np.arange(n) + rng.random()) / n * edges[-1]
    return rng.permutation(np.minimum(np.searchsorted(edges, at, side="right"), weights.size - 1))


def real(key: str, share: float, settings: VolumeSettings) -> npt.NDArray[np.bool_]:
    """Draw whether a transfer happened in each draw, as if ``share`` were the probability that it did, shape (n,)."""
    rng = np.random.Generator(np.random.Philox(key=[settings.seed, _number(f"real:{key}")]))
    found: npt.NDArray[np.bool_] = rng.random(settings.draws) < share
    return found
