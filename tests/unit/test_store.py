"""A shelf gives back what was put down, from memory or from files, and leaves nothing behind."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stsdetect.errors import UsageError
from stsdetect.store import Shelf


def table(*values: int) -> pa.Table:
    words = pa.array([f"w{value % 3}" for value in values]).dictionary_encode()
    return pa.table({"x": pa.array(values, pa.int64()), "word": words})


@given(st.lists(st.tuples(st.integers(0, 3), st.lists(st.integers(0, 99), max_size=5)), max_size=20), st.booleans())
def test_everything_comes_back_in_order(puts, in_memory):
    expected: dict[int, list[int]] = {}
    with Shelf(10**9 if in_memory else 100) as shelf:
        for number, values in puts:
            shelf.put(number, table(*values))
            expected.setdefault(number, []).extend(values)
        assert shelf.rows == {number: len(values) for number, values in expected.items() if values}
        for number, values in expected.items():
            for found in (shelf.look(number), shelf.take(number)):
                assert (found.column("x").to_pylist() if found is not None else []) == values
                assert found is None or found.column("word").to_pylist() == [f"w{value % 3}" for value in values]
            assert shelf.take(number) is None


def test_files_are_made_only_when_needed_and_removed_at_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Shelf(10**6) as shelf:
        shelf.put(1, table(*range(100)))
        assert not list(tmp_path.iterdir())
    with Shelf(10**3) as shelf:
        shelf.put(1, table(*range(100)))
        assert shelf.spilled_bytes > 0
        assert [path.suffix for path in tmp_path.rglob("*.*") if path.is_file()] == [".parquet"]
        shelf.take(1)
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_no_files(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def fails() -> None:
        with Shelf(0) as shelf:
            shelf.put(1, table(1, 2))
            assert list(Path(tmp_path).iterdir())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    assert not list(tmp_path.iterdir())


def test_a_full_temporary_folder_is_said_in_plain_words(monkeypatch):
    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    with Shelf(0) as shelf, pytest.raises(UsageError, match=r"No space left on device.*TMPDIR.*--memory"):
        shelf.put(1, table(1))


def test_no_temporary_folder_is_said_in_plain_words(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with Shelf(0) as shelf, pytest.raises(UsageError, match="TMPDIR"):
        shelf.put(1, table(1))


@pytest.mark.parametrize("limit_bytes", [0, 10**9])
def test_several_threads_take_at_once(limit_bytes):
    numbers = range(200)
    with Shelf(limit_bytes) as shelf, ThreadPoolExecutor(8) as pool:
        for number in numbers:
            shelf.put(number, table(number, number + 1))
        # Each number is asked for twice, and had once.
        found = list(pool.map(shelf.take, [*numbers, *numbers]))
        got = sorted(part.column("x").to_pylist() for part in found if part is not None)
        assert got == [[number, number + 1] for number in numbers]
        assert shelf.rows == {}
        # Nothing counts as held any more: what comes next stays in memory.
        if limit_bytes:
            shelf.put(0, table(*range(50)))
            assert shelf.spilled_bytes == 0
