"""Hypothesis draws the same examples at every run; STSDETECT_EXPLORE=1 draws new ones."""

from __future__ import annotations

import os

from hypothesis import settings

# How long an example takes says nothing where the machine is busy with other work.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("explore" if os.environ.get("STSDETECT_EXPLORE") else "repeatable")
