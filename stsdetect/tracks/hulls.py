"""One identity on two hulls: which reports belong to which, and what the hulls are called."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import numpy as np

from stsdetect.kernels.sphere import Floats, Ints
from stsdetect.settings import CleanSettings
from stsdetect.tracks.chains import assign_chains, group_hulls, impossible_steps, lone_strays, times_heard
from stsdetect.tracks.columns import Index, rows_of
from stsdetect.tracks.flags import Flags, believed
from stsdetect.tracks.identity import hull_imo
from stsdetect.tracks.quality import Quality
from stsdetect.tracks.rows import Rows

#: What is put behind the label of each of several hulls on one identity, see `_hull_names` and `_number`; a user's own
#: ids may look the same (NYK#20240301): whoever takes two labels for one identity compares their MMSIs as well.
SPLIT = re.compile(r"#(?:IMO\d+|[0-9a-f]{8})~*\Z")


@dataclass(frozen=True)
class Hulls:
    """The hulls of some vessels, numbered by label.

    Attributes
    ----------
    hull, chain
        Hull and chain of each report, shape (n,). A hull's chains follow each other in time; ``chain`` is None
        where no hull has more than one.
    """

    labels: list[str]
    hull: Ints
    chain: Ints | None

    def take(self, index: Ints) -> Hulls:
        """Return the hulls of some reports."""
        return Hulls(self.labels, self.hull[index], None if self.chain is None else self.chain[index])


def split_hulls(rows: Rows, use: Index, xyz: Floats, quality: Flags, settings: CleanSettings) -> Hulls:
    """Tell the hulls apart that share an identity; fixes that belong to none are flagged as teleports in place.

    Parameters
    ----------
    use
        Reports whose place is believed.
    xyz
        Places of all reports, shape (n, 3).
    """
    first, last = int(rows.key[0]), int(rows.key[-1])
    jump = impossible_steps(rows.key[use], rows.time_us[use], rows_of(xyz, use), settings)
    if not jump.any():
        return Hulls(rows.said.labels[first : last + 1], rows.key - first, None)
    # Only vessels with a step that cannot be need a closer look.
    odd = np.unique(rows.key[use][jump])
    suspect = np.flatnonzero(np.isin(rows.key, odd) & believed(quality))
    stray = suspect[lone_strays(rows.key[suspect], rows.time_us[suspect], xyz[suspect], settings)]
    quality[stray] = Quality.TELEPORT
    suspect = suspect[quality[suspect] != Quality.TELEPORT]
    key = rows.key[suspect]
    jump = impossible_steps(key, rows.time_us[suspect], xyz[suspect], settings)
    chain = np.zeros(rows.size, dtype=np.int64)
    part = np.zeros(rows.size, dtype=np.int64)
    names: dict[tuple[int, int], str] = {}
    for troubled in np.unique(key[jump]).tolist():
        fixes = suspect[np.searchsorted(key, troubled) : np.searchsorted(key, troubled, side="right")]
        numbers = assign_chains(rows.time_us[fixes], xyz[fixes], settings)
        heard = times_heard(rows.time_us[fixes], numbers)
        few = heard < settings.min_chain_fixes
        if few.all():
            few[:] = numbers != numbers[np.argmax(heard)]
        quality[fixes[few]] = Quality.TELEPORT
        good = fixes[~few]
        chain[good] = numbers[~few]
        hulls = group_hulls(rows.time_us[good], numbers[~few])
        part[good] = hulls
        every = np.arange(np.searchsorted(rows.key, troubled), np.searchsorted(rows.key, troubled, side="right"))
        _lend_hull(rows, every, good, part)
        if hulls.max() > 0:
            names.update(_hull_names(rows, troubled, good, hulls, every[~rows.repeat[every]], part))
    labels, hull = _number(rows, part, names)
    return Hulls(labels, hull, chain)


def _lend_hull(rows: Rows, every: Ints, good: Ints, part: Ints) -> None:
    """Give reports without a place of their own (static data) to the hull heard nearest in time.

    Where two IMO numbers are heard, each goes to one hull as a whole: that nearest to most of its reports.
    """
    times = rows.time_us[good]
    right = np.clip(np.searchsorted(times, rows.time_us[every]), 0, good.size - 1)
    left = np.maximum(right - 1, 0)
    nearer = np.abs(rows.time_us[every] - times[left]) <= np.abs(times[right] - rows.time_us[every])
    placed = np.isin(every, good)
    part[every] = np.where(placed, part[every], part[good[np.where(nearer, left, right)]])
    imo = rows.said.numbers["imo"][rows.code[every]]
    said = imo > 0
    numbers, number = np.unique(imo[said], return_inverse=True)
    if numbers.size > 1:
        voters, whose = every[said], ~rows.repeat[every[said]]
        votes, counts = np.unique(np.stack([number[whose], part[voters[whose]]]), axis=1, return_counts=True)
        votes = votes[:, np.lexsort((votes[1], -counts, votes[0]))]
        _, best = np.unique(votes[0], return_index=True)
        lent = ~placed[said]
        part[voters[lent]] = votes[1, best][number[lent]]


def _hull_names(
    rows: Rows, key: int, fixes: Ints, hulls: Ints, reports: Ints, part: Ints
) -> dict[tuple[int, int], str]:
    """Name each hull on one MMSI by its IMO number where that tells them apart, else by its first fix."""
    label = rows.said.labels[key]
    said = rows.said.numbers["imo"][rows.code[reports]]
    numbers = [hull_imo(said[part[reports] == hull]) for hull in range(int(hulls.max()) + 1)]
    names: dict[tuple[int, int], str] = {}
    for hull, imo in enumerate(numbers):
        if imo is not None and numbers.count(imo) == 1:
            names[key, hull] = f"{label}#IMO{imo}"
        else:
            first = fixes[hulls == hull][0]
            text = f"{rows.time_us[first]},{rows.lat_deg[first]!r},{rows.lon_deg[first]!r}"
            names[key, hull] = f"{label}#{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return names


def _number(rows: Rows, part: Ints, names: dict[tuple[int, int], str]) -> tuple[list[str], Ints]:
    """Return the labels of all hulls in order, and each report's hull."""
    n_parts = int(part.max()) + 1
    present, of_row = np.unique(rows.key * n_parts + part, return_inverse=True)
    hulls = [(code // n_parts, code % n_parts) for code in present.tolist()]
    labels = [names.get(hull, rows.said.labels[hull[0]]) for hull in hulls]
    # A source's own id may look like a name made here: no two hulls may share one.
    made: set[str] = set()
    for k, hull in enumerate(hulls):
        if hull in names:
            while labels[k] in rows.said.taken or labels[k] in made:
                labels[k] += "~"
            made.add(labels[k])
    order = sorted(range(len(labels)), key=labels.__getitem__)
    place = np.empty(len(labels), dtype=np.int64)
    place[order] = np.arange(len(labels))
    return [labels[k] for k in order], place[of_row]
