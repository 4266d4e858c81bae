"""The greatest speed a hull can plausibly have kept over hours, by AIS ship type and length.

A silence is judged by it: what is too low makes a true meeting impossible, what is too high makes half a fleet
possible partners. So each limit is what is built for the trade plus a margin for current, and no hull is taken
to be slower than it was seen.

Sources, and the limits are our choice from both:

* *seen*: the fastest of 10,631 ships in 25 minutes of NOAA MarineCadastre, 2022-01-03, by type and length. Tankers
  of 90-130 m: 16.5 kn, of 130-250 m: 15.6, longer: 21.8 (gas carriers). Cargo ships of 50-130 m: 13.0, of 130-250 m:
  19.9 (but for one of 31), longer: 23.7. Fishing under 20 m: 17.1, longer: 11.4. Tugs of 20 m and more: 23.2, but 99 of
  100 under 11.5. Passenger under 50 m: 38.7, longer: 32.6. Pleasure craft: 37.3.
* *built*: service speeds as usually published (confidence medium). Product tankers of 1,000-8,000 dwt, which are
  60-125 m long: 11-14 kn; larger product and chemical tankers: 14-15.5; gas carriers: to 20. Container ships: 18-25,
  small ones 14-18. High-speed ferries: to 50, the fastest 58.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stsdetect.kernels.sphere import Floats

#: So much faster than it was seen may a hull have gone (our choice): current, a lighter load, a short watch.
SEEN_MARGIN = 1.1
#: No hull in the tables is faster [kn] but wing-in-ground craft; for those whose type and length are not known.
WIDEST_KN = 45.0

#: First and last AIS ship type; then, rising, the length [m] up to which a limit holds, and the limit [kn]. A
#: hull of unknown length has the greatest of its type's. Types in no row are as type 0, not known.
_LIMITS: tuple[tuple[int, int, tuple[tuple[float, float], ...]], ...] = (
    # Not known: anything; but ships of 50 m and more that are faster are ferries and warships, which say so.
    (0, 0, ((50.0, WIDEST_KN), (np.inf, 30.0))),
    (20, 29, ((np.inf, 100.0),)),  # wing in ground: built for 60-100 kn
    (30, 30, ((20.0, 25.0), (np.inf, 18.0))),  # fishing
    (31, 32, ((20.0, 30.0), (np.inf, 18.0))),  # towing: small workboats are entered so too
    (33, 34, ((50.0, 30.0), (np.inf, 18.0))),  # dredging, diving
    (35, 37, ((np.inf, WIDEST_KN),)),  # military, sailing, pleasure
    (40, 49, ((np.inf, 60.0),)),  # high-speed craft
    (50, 51, ((np.inf, WIDEST_KN),)),  # pilot, search and rescue
    (52, 52, ((20.0, 30.0), (np.inf, 18.0))),  # tug
    (53, 59, ((np.inf, WIDEST_KN),)),  # port tender, law enforcement and so on
    (60, 69, ((50.0, WIDEST_KN), (np.inf, 33.0))),  # passenger
    (70, 79, ((90.0, 17.0), (130.0, 19.0), (250.0, 25.0), (np.inf, 27.0))),  # cargo: containers, ro-ro
    (80, 89, ((130.0, 16.5), (250.0, 19.0), (np.inf, 23.0))),  # tanker: gas carriers are the fast ones
)


def max_speed_kn(ship_type: ArrayLike, length_m: ArrayLike, seen_kn: ArrayLike) -> Floats:
    """Return the greatest plausible speed of hulls over hours [kn], shape (n,).

    Parameters
    ----------
    ship_type
        AIS ship type; NaN, or any number in no table, where it is not known.
    length_m
        Length [m]; NaN or 0 where it is not known.
    seen_kn
        The fastest the hull was believably seen [kn], such as the greatest or the 99th percentile of the speeds of
        its fixes; NaN where it was not.

    Examples
    --------
    >>> max_speed_kn([80, 80, 30, 0], [105.0, 105.0, 14.0, np.nan], [11.0, 16.0, np.nan, 3.0]).round(1).tolist()
    [16.5, 17.6, 25.0, 45.0]
    """
    code, length, seen = (np.asarray(values, dtype=np.float64) for values in (ship_type, length_m, seen_kn))
    code, length, seen = np.broadcast_arrays(np.atleast_1d(code), length, seen)
    limit = _by_length(_LIMITS[0][2], length)
    for first, last, steps in _LIMITS[1:]:
        limit = np.where((code >= first) & (code <= last), _by_length(steps, length), limit)
    return np.asarray(np.fmax(limit, seen * SEEN_MARGIN))


def _by_length(steps: tuple[tuple[float, float], ...], length_m: NDArray[np.float64]) -> Floats:
    tops, limits = np.array([top for top, _ in steps]), np.array([limit for _, limit in steps])
    by_length = limits[np.minimum(np.searchsorted(tops, np.nan_to_num(length_m)), len(limits) - 1)]
    return np.asarray(np.where(length_m > 0, by_length, limits.max()))
