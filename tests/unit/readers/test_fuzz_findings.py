"""What the fuzzing campaign found, and what it starts from, read in every way it knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.judge import WAYS, judge
from tests.fuzz.seeds import SETTINGS, names, replayed, seeds

REPLAYED = replayed()


@pytest.mark.parametrize(("layout", "path"), REPLAYED, ids=[f"{layout}-{path.name}" for layout, path in REPLAYED])
def test_every_row_is_accounted(layout: str, path: Path) -> None:
    content = path.read_bytes()
    for way in range(len(WAYS)):
        judge(content, layout, way)


@pytest.mark.parametrize("layout", names())
def test_every_layout_has_seeds_that_it_reads(layout: str) -> None:
    """A layout without seeds is not fuzzed: put small files of it into tests/fuzz/seeds/<layout>/."""
    assert seeds(layout), layout
    outcomes = [judge(content, layout, 0) for content in seeds(layout)]
    assert layout in {outcome.layout for outcome in outcomes}
    assert set(SETTINGS) <= set(names())
