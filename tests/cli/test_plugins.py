"""Readers of other packages: a toy one through the installed command, and everything that can be wrong with one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from stsdetect.readers.recognition import layouts

TOY = '''
"""A toy reader: lines of `vessel@seconds@latitude@longitude` below a line that says TOY."""
from collections import Counter
import pyarrow as pa
from stsdetect.readers import Batch, Reject
from stsdetect.schema import POSITIONS


class Toy:
    name = "toy"
    title = "a toy export"
    doc = "The first line says TOY."
    time_rule = "Unix seconds."
    lost = "nothing."

    def recognise(self, head, settings):
        return head.data.startswith(b"TOY")

    def read(self, source, head, settings):
        stream = source.open()
        lines = stream.read(1 << 20).decode().splitlines()[1:]
        stream.close()
        good, rejects = [], []
        for number, line in enumerate(lines, start=2):
            cells = line.split("@")
            if len(cells) == 4:
                good.append((number, *map(float, cells)))
            else:
                rejects.append(Reject(number, "wrong_column_count", "no four cells", line))
        rows, mmsi, time, lat, lon = zip(*good)
        table = POSITIONS.table({
            "mmsi": [int(m) for m in mmsi],
            "time": pa.array([round(t * 1e6) for t in time], pa.timestamp("us", "UTC")),
            "lat_deg": lat, "lon_deg": lon,
            "source_file": [source.label] * len(rows), "source_row": rows,
        })
        yield Batch(len(lines), table, rejects)


TOY = Toy()
'''
FILE = "TOY\n412000001@1709251200@38.5@122.0\nnonsense\n412000001@1709251260@38.5@122.0\n"
NOAA = "MMSI,BaseDateTime,LAT,LON\n366000001,2022-01-01T00:00:00,28.0,-94.0\n"
_NUMBERS = count(1)


def package(folder: Path, code: str, points: str = "toy = {module}:TOY") -> Path:
    """Lay out what an installed package leaves in a folder of sys.path; its module has a name of its own."""
    module = f"toy_reader_{next(_NUMBERS)}"
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[stsdetect.readers]\n{points.format(module=module)}\n")
    (folder / f"{module}.py").write_text(code)
    return folder


@pytest.fixture
def installed(tmp_path, monkeypatch) -> Iterator[Callable[..., None]]:
    """Install a package for this process."""

    def install(code: str, points: str = "toy = {module}:TOY") -> None:
        monkeypatch.syspath_prepend(package(tmp_path / "site", code, points))
        layouts.cache_clear()

    yield install
    layouts.cache_clear()


def toy_file(tmp_path: Path) -> Path:
    path = tmp_path / "in.toy"
    path.write_text(FILE)
    return path


def test_a_toy_package_through_the_installed_command(tmp_path):
    site = package(tmp_path / "site", TOY)
    paths = [str(site), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}
    command = [sys.executable, "-c", "from stsdetect.cli import main; main()"]

    def call(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *map(str, words)], env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    done = call("inspect", toy_file(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    assert '"layout": "toy"' in done.stdout
    assert '"rows_kept": 2' in done.stdout
    assert '"wrong_column_count": 1' in done.stdout
    listed = call("about", "formats")
    assert "a toy export. The first line says TOY." in listed.stdout
    found = call("detect", toy_file(tmp_path), "--out", tmp_path / "out", "--no-page")
    assert found.returncode == 0, found.stderr
    assert (tmp_path / "out" / "run.json").read_text().count('"layout": "toy"') == 1


BROKEN = {
    "import": ("import nowhere_to_be_found\n", "cannot be loaded: ModuleNotFoundError: No module named"),
    "syntax": ("def (:\n", "cannot be loaded: SyntaxError"),
    "nothing": ("OTHER = 1\n", "cannot be loaded: AttributeError"),
    "no read": (TOY.replace("def read", "def red"), "is no reader: it has no 'read'"),
    "no lost": (TOY.replace("lost = ", "left = "), "is no reader: it has no 'lost'"),
    "name is a number": (TOY.replace('name = "toy"', "name = 7"), "is no reader: its 'name' is no text"),
    "name in use": (TOY.replace('name = "toy"', 'name = "dma"'), "has the name 'dma', which another layout has"),
    "name of the mapped table": (TOY.replace('name = "toy"', 'name = "table"'), "has the name 'table'"),
    "attribute that fails": (
        TOY.replace('lost = "nothing."', "@property\n    def lost(self): raise OSError('no disk')"),
        "cannot be loaded: OSError: no disk",
    ),
    "recognise": (TOY.replace("return head.data", "1 / 0; return head.data"), "fails to recognise"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_plug_in_that_does_not_work_stops_everything_by_name(installed, run, tmp_path, how):
    code, message = BROKEN[how]
    installed(code)
    path = tmp_path / "folder" / "in.csv"
    path.parent.mkdir()
    path.write_text(NOAA)
    for words in (("inspect", path), ("detect", path.parent, "--out", tmp_path / "out")):
        done = run(*words)
        assert done.code == 2, done.err
        assert "the reader plug-in 'toy' (toy_reader_" in done.err
        assert message in done.err
        assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


def test_two_plug_ins_of_one_name(installed, run, tmp_path):
    installed(TOY, "one = {module}:TOY\ntwo = {module}:TOY")
    done = run("inspect", toy_file(tmp_path))
    assert done.code == 2
    assert "the reader plug-in 'two'" in done.err
    assert "has the name 'toy'" in done.err


_YIELD = "yield Batch(len(lines), table, rejects)"
UNREADABLE = {
    "raises at once": ("stream = source.open()", "raise KeyError('x')", "fails to read"),
    "raises later": (_YIELD, f"{_YIELD}; 1 / 0", "ZeroDiv"),
    "no batch": (_YIELD, "yield table", "gives Table for"),
    "loses rows": (_YIELD, "yield Batch(len(lines), table)", "loses rows of"),
    "wrong columns": (_YIELD, "yield Batch(1, pa.table({'x': [1]}))", "gives wrong rows"),
    "no table": (_YIELD, "yield Batch(1, None)", "fails to read|gives wrong rows"),
}  # fmt: skip


@pytest.mark.parametrize("how", UNREADABLE)
def test_a_plug_in_that_fails_to_read_is_said_of_the_file(installed, run, tmp_path, how):
    old, new, message = UNREADABLE[how]
    assert old in TOY
    installed(TOY.replace(old, new))
    done = run("detect", toy_file(tmp_path), "--out", tmp_path / "out")
    assert done.code == 3, done.err
    assert "the reader plug-in 'toy'" in done.err
    assert "in.toy" in done.err
    assert any(part in done.err for part in message.split("|"))
    assert "Traceback" not in done.err


CLAIMS_NOAA = TOY.replace('startswith(b"TOY")', 'startswith(b"MMSI,")')


def test_two_layouts_that_claim_a_file_are_a_question_that_layout_settles(installed, run, tmp_path):
    installed(CLAIMS_NOAA)
    path = tmp_path / "in.csv"
    path.write_text(NOAA)
    asked = run("inspect", path)
    assert asked.code == 3
    assert "can be read as 'noaa_2015_2024'" in asked.err
    assert "or 'toy' (a toy export)" in asked.err
    assert "say which with --layout" in asked.err
    in_folder = run("detect", tmp_path, "--out", tmp_path.parent / f"{tmp_path.name}-out")
    assert in_folder.code == 3  # not passed over in silence
    settled = run("inspect", path, "--layout", "noaa_2015_2024", "--json")
    assert settled.code == 0, settled.err
    assert '"layout": "noaa_2015_2024"' in settled.out


def test_a_layout_that_is_not_there(run, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text(NOAA)
    done = run("inspect", path, "--layout", "noaa_2015")
    assert done.code == 2
    assert "there is no layout 'noaa_2015'" in done.err
    assert "Did you mean" in done.err


def test_a_layout_that_is_not_the_files(run, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text(NOAA)
    done = run("inspect", path, "--layout", "dma")
    assert done.code == 3
    assert "is not in the layout 'dma'" in done.err
    assert "# Timestamp" in done.err
