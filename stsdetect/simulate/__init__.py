"""Simulated AIS with known truth: scenes in the Yellow and East China Seas, and archives of any size."""

from __future__ import annotations

from stsdetect.simulate.archive import ARCHIVE_LAYOUTS, Archive, write_archive
from stsdetect.simulate.export import CORE, EVENT_LAYOUTS, LAYOUTS, read_truth, write, write_sample
from stsdetect.simulate.month import Month
from stsdetect.simulate.month_files import read_silences, read_troubles, write_month
from stsdetect.simulate.world import FAMILIES, PRESETS, START, Planted, Preset, World, simulate

__all__ = [
    "ARCHIVE_LAYOUTS", "CORE", "EVENT_LAYOUTS", "FAMILIES", "LAYOUTS", "PRESETS", "START", "Archive", "Month",
    "Planted", "Preset", "World", "read_silences", "read_troubles", "read_truth", "simulate", "write",
    "write_archive", "write_month", "write_sample",
]  # fmt: skip
