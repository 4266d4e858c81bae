"""Doubts whether a file says what it seems to say: columns exchanged, other units, day and month exchanged.

A bounded sample of each file is looked at. A doubt is a sentence with its evidence; no value is ever changed for it.
"""

from __future__ import annotations

from stsdetect.readers.suspicion.sample import Suspicion
from stsdetect.readers.suspicion.zones import Sketch, zone_doubts

__all__ = ["Sketch", "Suspicion", "zone_doubts"]
