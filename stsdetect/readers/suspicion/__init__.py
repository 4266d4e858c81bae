"""Doubts whether a file says what it seems to say: columns exchanged, other units, day and month exchanged.

A bounded sample of each file is looked at. A doubt is a sentence with its evidence; no value is ever changed for it.
"""

from __future__ import annotations

from stsdetect.readers.suspicion.sample import Suspicion

__all__ = ["Suspicion"]
