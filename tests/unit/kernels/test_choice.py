"""When loops are compiled: only where asked for, and only where they can be."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from stsdetect.kernels import choice
from stsdetect.kernels.choice import have_numba, use_compiled


@pytest.mark.parametrize("text", ["raise ImportError('Numba needs NumPy 1.9 or less')", "import no_such_llvmlite"])
def test_a_numba_that_cannot_be_imported_is_none(text, tmp_path, monkeypatch):
    (tmp_path / "numba.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    # What is restored at the end must be what is there now, or nothing.
    monkeypatch.setitem(sys.modules, "numba", None)
    assert not have_numba()
    monkeypatch.delitem(sys.modules, "numba")
    assert not have_numba()


def test_many_threads_that_want_loops_leave_no_trace():
    def many_times() -> None:
        for _ in range(2000):
            with use_compiled(True):
                assert choice._depth > 0

    before = choice._depth
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(many_times) for _ in range(8)]:
            done.result()
    assert choice._depth == before
