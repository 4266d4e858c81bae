"""Read the packaged fact tables; every row has ``source``, ``confidence`` and ``date``."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable


def data_file(name: str) -> Traversable:
    """Return a handle on one packaged file of ``reference/data``."""
    return resources.files("stsdetect.reference").joinpath("data", name)


@cache
def read_facts(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a packaged table such as ``"zones.csv"``; read once.

    Examples
    --------
    >>> read_facts("nav_status.csv")[5]["name"]
    'moored'
    """
    text = data_file(name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
