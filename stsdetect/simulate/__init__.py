"""Simulated AIS with known truth: scenes in the Yellow and East China Seas, and bulk traffic for benchmarks."""

from __future__ import annotations

from stsdetect.simulate.export import LAYOUTS, read_truth, write, write_sample
from stsdetect.simulate.world import FAMILIES, PRESETS, START, Planted, Preset, World, simulate

__all__ = [
    "FAMILIES", "LAYOUTS", "PRESETS", "START", "Planted", "Preset", "World", "read_truth", "simulate", "write",
    "write_sample",
]  # fmt: skip
