"""Hand-made exports in NOAA's layout, and the command line run in this process."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from stsdetect.cli import main

HEADER = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,Width,Draft,Cargo,"
    "TransceiverClass"
)
START = datetime(2024, 3, 1, 12)
Row = str


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


def row(mmsi: object, time: object, lat: object, lon: object, name: str = "", sog: object = 0.3) -> Row:
    imo = f"IMO9{str(mmsi)[-6:]}"
    stamp = time.isoformat() if isinstance(time, datetime) else time
    return f"{mmsi},{stamp},{lat},{lon},{sog},10.0,10.0,{name},{imo},CALL,80.0,0.0,90.0,14.0,5.0,80.0,A"


def vessel(mmsi: int, lat: float, lon: float, *, name: str = "", from_deg: float = 0.2) -> list[Row]:
    """A vessel that comes from the east for an hour, lies at a place for four, and leaves to the west."""
    hours, every_min = 6.0, 5
    rows = []
    steps = int(hours * 60 / every_min)
    for step in range(steps + 1):
        share = step / steps
        away = max(0.0, 1 / 6 - share) - max(0.0, share - 5 / 6)
        sog = 0.3 if away == 0 else 12.0
        time = START + timedelta(minutes=step * every_min)
        rows.append(row(mmsi, time, f"{lat:.5f}", f"{lon + away * 6 * from_deg:.5f}", name, sog))
    return rows


def meeting(name_a: str = "FIRST", name_b: str = "SECOND") -> list[Row]:
    """Two tankers 30 m apart for four hours in the East China Sea."""
    return vessel(412000001, 31.0, 124.5, name=name_a) + vessel(412000002, 31.0003, 124.5, name=name_b, from_deg=-0.2)


def write_noaa(path: Path, rows: Iterable[Row]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A folder with one export in which two vessels meet."""
    write_noaa(tmp_path / "exports" / "a.csv", meeting())
    return tmp_path / "exports"


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Iterable[Callable[..., Done]]:
    """Run ``stsdetect`` with the words given."""
    loggers = [logging.getLogger(name) for name in ("stsdetect", "py.warnings")]
    before = [(logger.handlers, logger.level, logger.propagate) for logger in loggers]
    on_term = signal.getsignal(signal.SIGTERM)

    def call(*words: object) -> Done:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        out, err = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, out, err)

    yield call
    logging.captureWarnings(False)
    for logger, (handlers, level, propagate) in zip(loggers, before, strict=True):
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)
    signal.signal(signal.SIGTERM, on_term)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
