"""Compiled loops are used where that pays, and what is in the way is said."""

from __future__ import annotations

import subprocess
import sys

import pytest

import stsdetect as sts
from stsdetect.errors import UsageError
from stsdetect.kernels import choice
from stsdetect.pipeline import loops


@pytest.mark.parametrize(
    ("wish", "size", "numba", "before", "wanted"),
    [
        ("never", 10**12, True, True, False),
        ("auto", 10**6, True, True, False),
        ("auto", 5 * 10**8, True, True, True),
        ("auto", 5 * 10**8, True, False, False),
        ("auto", 10**10, True, False, True),
        ("auto", 10**10, False, False, False),
        ("always", 0, True, False, True),
    ],
)
def test_loops_are_compiled_where_that_pays(monkeypatch, wish, size, numba, before, wanted):
    monkeypatch.setattr(loops, "why_no_loops", lambda: None if numba else "there is no numba")
    monkeypatch.setattr(loops, "compiled_before", lambda: before)
    assert loops.wants_loops(wish, size) is wanted


@pytest.mark.parametrize(
    ("module", "said"), [(None, "numba is not installed"), ("broken", "numba cannot be used: Numba needs NumPy")]
)
def test_loops_that_must_be_compiled_need_numba(monkeypatch, module, said):
    def broken(name: str) -> object:
        raise ImportError("Numba needs NumPy 2.4 or less")

    monkeypatch.setattr(choice.importlib.util, "find_spec", lambda name: module)
    monkeypatch.setattr(choice, "import_module", broken)
    with pytest.raises(UsageError, match=f"run.compiled is 'always', but {said}"):
        sts.detect("sample_ais", settings=sts.load_settings(run={"compiled": "always"}))
    assert loops.wants_loops("auto", 10**10) is False


def test_what_later_stages_need_is_made_ready_while_files_are_read():
    pytest.importorskip("numba")
    program = (
        "import sys; from stsdetect.pipeline import loops; loops.get_ready();"
        "from stsdetect.reference.shoreline import load_shoreline;"
        "print('scipy.spatial' in sys.modules, '_squares' in vars(load_shoreline()),"
        "      'stsdetect.kernels.compiled.legs' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True True True\n"
