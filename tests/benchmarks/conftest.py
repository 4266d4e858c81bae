"""The archive that all benchmarks share, and the table at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from stsdetect.simulate import Archive, write_archive
from tests.benchmarks.measure import ROUNDS, ROWS, STSDETECT, Table, linux_only, whole_process

_TABLE = Table()
_ORDER = ("test_stages", "test_contact", "test_main_job", "test_doubling", "test_memory")
#: Rows of what is held in one process as a whole, to look at a stage by itself.
STAGE_ROWS = min(ROWS, 2_000_000)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Switch benchmarks on, which ordinary runs switch off; our own table takes the place of the plugin's."""
    config.option.benchmark_disable = False
    config.option.benchmark_quiet = True
    config.option.randomly_reorganize = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """From the parts to the whole; stable, so tests of one file stay in its order."""
    items.sort(key=lambda item: _ORDER.index(item.path.stem) if item.path.stem in _ORDER else len(_ORDER))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _TABLE.lines:
        terminalreporter.section(f"archive of {ROWS:,} rows, medians of {ROUNDS}")
        for line in _TABLE.lines:
            terminalreporter.write_line(str(line))


@pytest.fixture(scope="session", autouse=True)
def _linux() -> None:
    linux_only()


@pytest.fixture(scope="session", autouse=True)
def _compiled(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Have all loops compiled once, so that no measurement pays for it."""
    folder = tmp_path_factory.mktemp("small")
    write_archive(Archive(30_000, seed=2), folder, ["noaa", "parquet"])
    for layout in ("noaa", "parquet"):
        out = str(folder / f"out-{layout}")
        command = [*STSDETECT, "detect", str(folder / layout), "--out", out, "--quiet", "--set", "run.compiled=always"]
        whole_process(command)


@pytest.fixture(scope="session")
def table() -> Table:
    return _TABLE


@pytest.fixture(scope="session")
def piece(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Like ``archive``, of `STAGE_ROWS` rows."""
    return _written(STAGE_ROWS, tmp_path_factory.mktemp("piece"))


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same archive as NOAA CSV (``noaa``) and as our own Parquet (``parquet``)."""
    return _written(ROWS, tmp_path_factory.mktemp("archive"))


def _written(rows: int, folder: Path) -> Path:
    write_archive(Archive(rows, seed=1), folder, ["noaa", "parquet"])
    return folder
