"""Whether loops are compiled is remembered by machine, and forgotten where it no longer holds."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from stsdetect.kernels import choice

pytest.importorskip("numba")


@pytest.fixture
def apart(tmp_path, monkeypatch):
    """Sources and caches of their own, so that what is really compiled here does not matter."""
    sources = tmp_path / "compiled"
    shutil.copytree(choice._SOURCES, sources, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(choice, "_SOURCES", sources)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return sources


def test_what_was_compiled_is_remembered_until_a_loop_changes(apart):
    assert not choice.compiled_before()
    choice.remember_compiled()
    assert choice.compiled_before()
    os.utime(apart / "order.py", (1, 1))
    assert not choice.compiled_before()


def test_numbas_own_folder_is_asked_where_it_is_named(apart, tmp_path, monkeypatch):
    choice.remember_compiled()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "own"))
    assert not choice.compiled_before()
    choice.remember_compiled()
    assert choice.compiled_before()
    assert list((tmp_path / "own").iterdir())


def test_where_nothing_can_be_written_nothing_is(apart, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "below"))
    choice.remember_compiled()
    assert not choice.compiled_before()


@pytest.mark.parametrize("text", ["raise ImportError('Numba needs NumPy 1.9 or less')", "import no_such_llvmlite"])
def test_a_numba_that_cannot_be_imported_is_told(text, tmp_path, monkeypatch):
    (tmp_path / "numba.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    # What is restored at the end must be what is there now, or nothing.
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "numba")
    assert "numba cannot be used" in str(choice.why_no_loops())


def test_many_threads_that_want_loops_leave_no_trace():
    def many_times() -> None:
        for _ in range(2000):
            with choice.use_compiled(True):
                assert choice._depth > 0

    before = choice._depth
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(many_times) for _ in range(8)]:
            done.result()
    assert choice._depth == before


def test_what_was_compiled_before_is_loaded_and_nothing_compiled(tmp_path, monkeypatch):
    pytest.importorskip("numba")
    from stsdetect.kernels.compiled import jit

    path = tmp_path / "small_loop.py"
    path.write_text(
        "from stsdetect.kernels.compiled.jit import loop\n\n@loop\ndef twice(x):\n    return 2 * x\n", encoding="utf-8"
    )

    def as_in_a_new_process():
        spec = importlib.util.spec_from_file_location("small_loop", path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "small_loop", module)
        spec.loader.exec_module(module)
        return module.twice

    before = as_in_a_new_process()
    jit.load(before)
    assert before.signatures == []
    before(1), before(1.5)
    now = as_in_a_new_process()
    jit.load(now)
    assert now.signatures == before.signatures
    assert len(now.signatures) == 2
    assert (sum(now.stats.cache_hits.values()), sum(now.stats.cache_misses.values())) == (2, 0)
    jit.load(len)  # without numba's compiler a loop is a plain function
