"""Hypothesis draws the same examples at every run; STSDETECT_EXPLORE=1 draws new ones."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
if not os.environ.get("STSDETECT_EXPLORE"):
    settings.load_profile("repeatable")
