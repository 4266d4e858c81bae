"""A small set of events, pairs and fixes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.unit.report.report_fakes import RUN, event, events_table, fixes_table, pairs_table


@pytest.fixture(scope="session")
def made():
    rows = [event(i, lon=123.0 + 0.25 * i, lat=37.6 + 0.2 * i) for i in range(5)]
    rows += [event(10 + i, "loitering", 122.0 + 0.4 * i, 37.1, hours=9 + i) for i in range(4)]
    rows += [event(20 + i, "gap", 124.0 + 0.3 * i, 38.9, hours=12) for i in range(3)]
    return SimpleNamespace(
        rows=rows, events=events_table(rows), pairs=pairs_table(rows), fixes=fixes_table(rows[:5]), run=RUN
    )
