"""Cleaning with compiled loops: what `stsdetect.tracks` does step by step with arrays, in few looks at each report."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from stsdetect.kernels.sphere import Bools, Floats, Ints, to_columns
from stsdetect.settings import CleanSettings
from stsdetect.tracks.columns import some
from stsdetect.tracks.fixes import FixArrays, speeds
from stsdetect.tracks.flags import BBox, Flagged, Flags, believed, coarse_codes
from stsdetect.tracks.hulls import Hulls, split_hulls
from stsdetect.tracks.identity import Spells
from stsdetect.tracks.rows import Reports, Rows
from stsdetect.units import KNOT_MPS

_NO_CHAIN = np.zeros(0, dtype=np.int64)


class OnePass:
    """Room for the fixes of all groups of vessels, filled by one group after the other.

    Parameters
    ----------
    fast
        The compiled loops, `stsdetect.kernels.compiled.cleaning`.
    """

    def __init__(
        self,
        fast: ModuleType,
        reports: Reports,
        never: Bools,
        settings: CleanSettings,
        bbox: BBox | None,
        wrong_days: frozenset[int],
    ) -> None:
        self._fast, self._settings = fast, settings
        self._never, self._coarse = never, coarse_codes(reports.said)
        self._bbox = np.array(bbox or (), dtype=np.float64)
        self._wrong_days = np.array(sorted(wrong_days), dtype=np.int64)
        size = reports.time_us.size
        self._ints = np.empty((fast.N_INTS, size), dtype=np.int64)
        self._floats = np.empty((fast.N_FLOATS, size))
        self._kinds, self._why = np.empty(size, dtype=np.int8), np.empty(size, dtype=np.int8)
        self._size, self._segments, self._hulls = 0, 0, 0

    def add(self, rows: Rows, counts: Ints) -> tuple[list[str], Spells, Flagged]:
        """Clean the reports of some vessels; their fixes are kept here.

        Parameters
        ----------
        counts
            Reports by flag, added to.

        Returns
        -------
        The labels of their hulls, what these say, and the reports that are not used; hulls are numbered from 0.
        """
        fast, settings = self._fast, self._settings
        quality, lon = np.empty(rows.size, dtype=np.int8), np.empty(rows.size)
        fast.flag_rows(
            rows.time_us, rows.lat_deg, rows.lon_deg, rows.code, rows.repeat,
            self._never, self._coarse, self._wrong_days, quality, lon,
        )  # fmt: skip
        with np.errstate(invalid="ignore"):
            xyz = to_columns(rows.lat_deg, lon)
        hulls = self._split(rows, quality, xyz)
        if hulls.chain is not None and (hulls.hull[1:] < hulls.hull[:-1]).any():
            order = np.argsort(hulls.hull, kind="stable")
            rows, hulls = rows.take(order), hulls.take(order)
            quality, lon, xyz = quality[order], lon[order], np.take(xyz, order, axis=1)
        hull, chain = hulls.hull, _NO_CHAIN if hulls.chain is None else hulls.chain
        near_us = round(settings.near_repeat_s * 1e6)
        fast.flag_crowds(hull, chain, rows.time_us, rows.lat_deg, lon, near_us, self._bbox, quality)
        spells, told = np.empty((rows.size, 4), dtype=np.int64), np.empty(rows.size, dtype=np.int64)
        n_spells, n_told = fast.sort_out(hull, rows.time_us, rows.code, quality, counts, spells, told)
        self._fill(rows, hulls.hull, chain, quality, lon, xyz)
        self._hulls += len(hulls.labels)
        whose, code, from_us, to_us = spells[:n_spells].T.copy()
        told = told[:n_told]
        return (
            hulls.labels,
            Spells(whose, code.astype(np.int32), from_us, to_us),
            Flagged(hull[told], quality[told], rows.row[told]),
        )

    def _split(self, rows: Rows, quality: Flags, xyz: Floats) -> Hulls:
        """Tell hulls apart; only the vessels with a step that cannot be need a closer look."""
        settings, first, last = self._settings, int(rows.key[0]), int(rows.key[-1])
        labels = rows.said.labels[first : last + 1]
        odd = np.empty(len(labels), dtype=np.bool_)
        speed_mps = settings.max_speed_kn * KNOT_MPS
        if not self._fast.odd_keys(
            rows.key, rows.time_us, quality, *xyz, speed_mps, settings.jump_slack_m, settings.min_chain_fixes, odd
        ):
            return Hulls(labels, rows.key - first, None)
        spots = np.flatnonzero(odd[rows.key - first])
        kinds = quality[spots]
        found = split_hulls(rows.take(spots), some(believed(kinds)), xyz.T[spots], kinds, settings)
        quality[spots] = kinds
        chain = np.zeros(rows.size, dtype=np.int64)
        if found.chain is not None:
            chain[spots] = found.chain
        given = [*(label for label, strange in zip(labels, odd.tolist(), strict=True) if not strange), *found.labels]
        order = sorted(range(len(given)), key=given.__getitem__)
        place = np.empty(len(given), dtype=np.int64)
        place[order] = np.arange(len(given))
        usual = np.cumsum(~odd) - 1
        hull = place[usual[rows.key - first]]
        hull[spots] = place[len(given) - len(found.labels) + found.hull]
        return Hulls([given[k] for k in order], hull, chain)

    def _fill(self, rows: Rows, hull: Ints, chain: Ints, quality: Flags, lon_deg: Floats, xyz: Floats) -> None:
        begin = self._size
        self._size, self._segments = self._fast.fill_fixes(
            hull, chain, rows.time_us, rows.row, rows.code, quality,
            rows.lat_deg, lon_deg, *xyz, rows.sog_kn, rows.heading_deg, rows.said.mmsi,
            self._coarse, round(self._settings.max_silence_s * 1e6), self._hulls, begin, self._segments,
            self._ints, self._floats, self._kinds, self._why,
        )  # fmt: skip
        new = slice(begin, self._size)
        _, segment, time, _ = self._ints[:, new]
        *_, sog, _, _, _, _, speed, course = self._floats[:, new]
        places = self._floats[self._fast.X : self._fast.Z + 1, new].T
        speed[:], course[:] = speeds(segment, time, places, sog, self._kinds[new], self._settings.speed_window_s)

    def fixes(self) -> tuple[FixArrays, Flags]:
        """Return all fixes, and what each of their segments begins after."""
        hull, segment, time, row = self._ints[:, : self._size]
        mmsi, lat, lon, sog, heading, _, _, _, speed, course = self._floats[:, : self._size]
        places = self._floats[self._fast.X : self._fast.Z + 1, : self._size].T
        fixes = FixArrays(
            hull, segment, time, mmsi, lat, lon, places, sog, heading, speed, course, self._kinds[: self._size], row
        )
        return fixes, self._why[: self._segments]
