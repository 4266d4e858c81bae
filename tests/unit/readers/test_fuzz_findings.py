"""What the fuzzing campaign found, and what it starts from, read in every way it knows."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz import ledger
from tests.fuzz.__main__ import DIED, Campaign
from tests.fuzz.judge import WAYS, BrokenRuleError, judge
from tests.fuzz.seeds import SETTINGS, names, replayed, seeds
from tests.fuzz.work import Tally, input_of, smaller

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


def test_a_lost_row_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge is worth nothing if it lets a planted fault pass."""
    lines = seeds("dma")[0].splitlines()
    content = b"\n".join([*lines, b"cut", lines[-1]])
    judge(content, "dma", 0)
    monkeypatch.setattr("stsdetect.readers.text._is_row", lambda line, spec: False)
    with pytest.raises(BrokenRuleError, match="fewer rows than lines"):
        judge(content, "dma", 0)


def test_a_wrong_account_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    content = seeds("noaa_2025")[0] + b"\nx,,,,,,,,,,,,,,,,\n"
    monkeypatch.setattr("stsdetect.readers.streaming._Tally.reject", lambda self, rejects: None)
    with pytest.raises(BrokenRuleError, match="does not add up"):
        judge(content, "noaa_2025", 0)


def test_a_campaign_is_counted(tmp_path: Path) -> None:
    """Two pieces that go on from each other are one run; what is found has its place in the ledger."""
    path = tmp_path / "ledger.json"
    run = {"layout": "dma", "code": "abc", "seed": 1, "guided": False, "first": 0, "inputs": 10, "read": 9, "rows": 30,
           "seconds": 1.0, "findings": {}}  # fmt: skip
    ledger.enter(path, run)
    ledger.enter(path, {**run, "first": 10, "findings": {"half a position": 2}})
    ledger.enter(path, {**run, "code": "abd", "first": 20})
    book = ledger.load(path)
    assert [r["inputs"] for r in book["runs"]] == [20, 10]
    assert (ledger.done(book, "dma"), ledger.following(book, "dma", 1), ledger.following(book, "dma", 2)) == (30, 30, 0)
    totals = ledger.table(book).splitlines()[1].split()
    assert totals == ["dma", "30", "0", "27", "90", "1", "10"]


def test_inputs_come_again_from_their_number() -> None:
    assert input_of("nmea", 1, 7) == input_of("nmea", 1, 7)
    assert len({input_of("nmea", 1, number) for number in range(50)}) > 45


def test_findings_are_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(content: bytes, layout: str, way: int) -> str:
        return "broken" if b"needle" in content else "fine"

    monkeypatch.setattr("tests.fuzz.work.attempt", read)
    assert smaller(b"a\nb\nxx needle yy\nc\n", "dma", 0, "broken") == b"needle"


def test_an_input_that_ends_the_process_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Namespace(
        layouts=["dma"], inputs=10, seed=1, guided=False, ledger=tmp_path / "book.json", findings=tmp_path
    )
    pieces: list[tuple[int, int]] = []

    def process(self: Campaign, layout: str, first: int, count: int, tally: Path) -> dict[str, Any] | None:
        pieces.append((first, count))
        seen = Tally(tally, first)
        seen.number += 4 if len(pieces) == 1 else count
        seen.show()
        return None if len(pieces) == 1 else {"findings": {}, "seconds": 1.0}

    monkeypatch.setattr(Campaign, "process", process)
    Campaign(given).run()
    assert pieces[0] == (0, 10)
    assert len(pieces) == 2
    book = ledger.load(given.ledger)
    assert ledger.done(book, "dma") == 10
    assert book["runs"][0]["findings"] == {DIED: 1}
    (kept,) = (tmp_path / "dma").iterdir()
    assert kept.read_bytes() == input_of("dma", 1, 4)[0]
