"""Blocks whose rows say alike of vessels hold the same rows as plain tables, whatever is read and left out."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stsdetect.kernels.choice import use_compiled, why_no_loops
from stsdetect.readers import ReadResult, alike, stream
from stsdetect.readers.alike import expanded, found, is_alike, with_nulls
from stsdetect.schema import POSITIONS
from stsdetect.simulate.forms import NOAA_HEADER
from stsdetect.tracks import Coder

ROWS = 900
NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


def noaa(begin: int, end: int) -> str:
    """Lines of a file, second by second; some are odd or wrong, in what changes and in what is repeated."""
    lines = []
    for i in range(begin, end):
        time = f"2024-03-01T{11 + i // 3600:02d}:{i // 60 % 60:02d}:{i % 60:02d}"
        mmsi = "1072211352" if i % 90 == 7 else f"{366000000 + i % 8}"
        name = {5: '"SEA, STAR"', 6: "Ærø"}.get(i % 8, f"N{i % 8}")
        lat = "x" if i % 77 == 3 else f"{30 + i / 1000}"
        imo = "?" if i % 8 == 2 else ""
        lines.append(f"{mmsi},{time},{lat},5.0,{i % 20}.5,2.0,,{name},{imo},C{i % 3},70,0,5,6,7,70,A")
        if i % 100 == 50:
            lines += ["", "1,2"]
    return "\n".join([NOAA_HEADER, *lines]) + "\n"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A file, a quiet one whose rows are all wrong, and an archive of two."""
    (tmp_path / "a.csv").write_text(noaa(3000, 3000 + ROWS))
    (tmp_path / "b.csv").write_text(NOAA_HEADER + "\n" + ("0,x" + "," * 15 + "\n") * 40)
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("c1.csv", noaa(0, 300))
        archive.writestr("c2.csv", noaa(200, 500))
    return sorted(tmp_path.iterdir())


def blocks(files: list[Path], fast: bool, hints: bool, **wanted: Any) -> tuple[list[pa.Table], ReadResult]:
    with use_compiled(fast), stream(files, hints=hints, **wanted) as read:
        return list(read), read.result()


def values(tables: list[pa.Table]) -> list[dict[str, Any]]:
    return [row for table in tables for row in expanded(table).to_pylist()]


@pytest.mark.parametrize(
    "wanted",
    [{}, {"since": NOON}, {"until": NOON}, {"since": NOON.replace(year=2030)}, {"vessels": [366000001, "366000005"]}],
    ids=["all", "since", "until", "nothing", "vessels"],
)
@pytest.mark.parametrize(("block", "rows"), [(1 << 24, 100_000), (5000, 1), (5000, 200)], ids=["one", "many", "joined"])
@pytest.mark.skipif(why_no_loops() is not None, reason="numba is not installed")
def test_the_same_rows_in_either_form(
    files: list[Path], block: int, rows: int, wanted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stsdetect.readers.blocks.BLOCK_BYTES", block)
    monkeypatch.setattr("stsdetect.readers.streaming.MIN_ROWS", rows)
    plain, account = blocks(files, False, False, **wanted)
    expected = values(plain)
    for hints in (False, True):
        tables, result = blocks(files, True, hints, **wanted)
        assert values(tables) == expected
        assert any(map(is_alike, tables)) == (hints and bool(tables) and (rows == 1 and "vessels" not in wanted))
        assert result.files == account.files
        assert result.rejects.to_pylist() == account.rejects.to_pylist()
        coder = Coder()
        codes = [coder.coded(table).column("code").to_numpy() for table in tables]
        if codes:  # what has one number says the same; it is what was there
            said = coder.register.said(np.arange(coder.register.size))
            mmsi = said.mmsi[np.concatenate(codes)].astype(int).tolist()
            assert mmsi == [row["mmsi"] for row in expected]
            names = [said.words["name"][k] if k >= 0 else None for k in said.texts["name"][np.concatenate(codes)]]
            assert names == [row["name"] for row in expected]


def table_of(n: int, **columns: Any) -> pa.Table:
    time = pa.array(1_704_067_200_000_000 + np.arange(n) * 1_000_000).cast(pa.timestamp("us", "UTC"))
    row = pa.array(np.arange(1, n + 1))
    return with_nulls({"time": time, "mmsi": pa.array(200_000_000 + np.arange(n) % 3), "source_row": row, **columns}, n)


@pytest.mark.parametrize("words", [["A", "B"], ["A", "A"], ["A", None, ""], [None]], ids=str)
@pytest.mark.parametrize("draught", [[1.0, None], [0.0, -0.0], [None]], ids=str)
def test_odd_dictionaries_and_numbers_come_back(words: list[str | None], draught: list[float | None]) -> None:
    n = 24
    index = pa.array([None if i % 5 == 4 else i % len(words) for i in range(n)], pa.int32())
    name = pa.DictionaryArray.from_arrays(index, pa.array(words, pa.string()))
    deep = pa.array([draught[i // 2 % len(draught)] for i in range(n)], pa.float64())
    table = table_of(n, name=name, draught_m=deep)
    again = expanded(found(table))
    assert again.schema == POSITIONS.arrow
    assert again.to_pylist() == table.to_pylist()
    bits = [np.asarray(t.column("draught_m").fill_null(1.5)).view(np.int64) for t in (table, again)]
    assert np.array_equal(*bits)


def test_two_combinations_of_one_digest_stay_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alike, "mix", lambda *_: None)  # all digests are the same
    table = table_of(20, length_m=pa.array([float(i // 4) for i in range(20)]))
    assert expanded(found(table)).to_pylist() == table.to_pylist()


def test_no_rows_at_all() -> None:
    assert expanded(found(POSITIONS.empty())).equals(POSITIONS.empty())
    block = found(table_of(5))
    assert expanded(block.filter(pa.array([False] * 5))).equals(POSITIONS.empty())
