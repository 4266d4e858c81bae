"""Messages on stderr: plain lines, progress bars on a terminal, or one JSON object per line."""

from __future__ import annotations

import json
import logging
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress

_LOGGER = "stsdetect"
_TITLES = {
    "read": "Reading",
    "tracks": "Cleaning tracks",
    "detect": "Finding events",
    "context": "Looking at places",
    "score": "Ranking pairs",
    "write": "Writing files",
}
#: How often a log without bars says how far the work is [s].
_EVERY_S = 10.0
Follow = Callable[[str, int, int], None]


@dataclass
class _Mode:
    quiet: bool = False
    as_json: bool = False
    bars: Progress | None = None


_mode = _Mode()


def plain(text: object, *, keep_lines: bool = False) -> str:
    """Return text without control, format and bidirectional characters: file and vessel names are not ours.

    >>> plain("SEA\\x1b[31m\\u202eSTAR\\n")
    'SEA[31mSTAR '
    """
    kept = []
    for c in str(text):
        if keep_lines and c == "\n":
            kept.append(c)
        elif c.isspace():
            kept.append(" ")
        elif unicodedata.category(c)[0] != "C":
            kept.append(c)
    return "".join(kept)


def start(*, quiet: bool, as_json: bool) -> None:
    """Set up how messages are shown, for this process."""
    _mode.quiet, _mode.as_json, _mode.bars = quiet, as_json, None
    # Warnings of libraries would break a stream of JSON lines, and `--quiet`.
    logging.captureWarnings(True)
    for name in (_LOGGER, "py.warnings"):
        logger = logging.getLogger(name)
        logger.handlers = [_Handler()]
        logger.setLevel(logging.ERROR if quiet else logging.INFO)
        logger.propagate = False


class _Handler(logging.Handler):
    """Writes to stderr as it is now: tests and pipes may have changed it since."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if _mode.as_json:
                sys.stderr.write(_json_line(record) + "\n")
            else:
                label = {"ERROR": "error: ", "WARNING": "note: "}.get(record.levelname, "")
                _write_line(label + plain(record.getMessage()))
        except Exception:  # a message that cannot be shown must not end the work
            self.handleError(record)


def _write_line(text: str) -> None:
    if _mode.bars is not None:
        from rich.text import Text

        _mode.bars.console.print(Text(text), soft_wrap=True)
        return
    # A terminal or pipe that is not UTF-8 shows a question mark rather than failing.
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    sys.stderr.write(text.encode(encoding, "replace").decode(encoding) + "\n")


def _json_line(record: logging.LogRecord) -> str:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    data: dict[str, Any] = {
        "time": f"{stamp}.{int(record.msecs):03d}Z",
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage(),
    }
    data |= getattr(record, "data", {})
    return json.dumps(data)


def info(message: str, **data: Any) -> None:
    """Say something in passing."""
    logging.getLogger(f"{_LOGGER}.cli").info("%s", message, extra={"data": data})


def error(message: str, *, code: int) -> None:
    """Say what went wrong; shown even when quiet."""
    logging.getLogger(f"{_LOGGER}.cli").error("%s", message, extra={"data": {"exit_code": code}})


@contextmanager
def progress() -> Iterator[Follow]:
    """Yield a function to report progress to: bars on a terminal, else lines now and then."""
    if _mode.quiet:
        yield lambda stage, done, total: None
    elif _mode.as_json or not sys.stderr.isatty():
        yield _say_stages()
    else:
        with _bars() as follow:
            yield follow


def _say_stages() -> Follow:
    """Say a line at the start of each stage, and every `_EVERY_S` how far it is."""
    begun: dict[str, float] = {}
    said = time.monotonic()

    def follow(stage: str, done: int, total: int) -> None:
        nonlocal said
        now = time.monotonic()
        title = _TITLES.get(stage, stage)
        if stage not in begun:
            begun[stage] = said = now
            info(f"{title} ...", stage=stage)
        elif total > 1 and now - said >= _EVERY_S:
            said = now
            info(f"{title}: {how_far(done, total, now - begun[stage])}", stage=stage, rows=done, of=total)

    return follow


def how_far(done: int, total: int, seconds: float) -> str:
    """Say rows done, rate and time left.

    >>> how_far(2_000_000, 10_000_000, 4.0)
    '2,000,000 of about 10,000,000 rows, 500,000 rows/s, 0:00:16 left'
    """
    rate = done / seconds if seconds > 0 else 0.0
    left = str(timedelta(seconds=round((total - done) / rate))) if rate > 0 else "unknown time"
    return f"{done:,} of about {total:,} rows, {rate:,.0f} rows/s, {left} left"


@contextmanager
def _bars() -> Iterator[Follow]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    bars = Progress(
        TextColumn("{task.description:<18}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[rows]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("left", markup=False),
        console=Console(stderr=True),
    )
    tasks: dict[str, Any] = {}

    def follow(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(_TITLES.get(stage, stage), total=None, rows="")
        if total > 0:
            task = next(task for task in bars.tasks if task.id == tasks[stage])
            rate = f"{done:,} rows, {done / task.elapsed:,.0f}/s" if total > 1 and task.elapsed else task.fields["rows"]
            bars.update(tasks[stage], completed=done, total=total, rows=rate)

    with bars:
        _mode.bars = bars
        try:
            yield follow
        finally:
            _mode.bars = None
