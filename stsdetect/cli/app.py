"""The command group, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import atexit
import errno
import gc
import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from stsdetect.cli import console
from stsdetect.cli.about import about
from stsdetect.cli.chains import chains
from stsdetect.cli.detect import detect
from stsdetect.cli.evaluate import evaluate
from stsdetect.cli.fit import fit
from stsdetect.cli.inspect import inspect
from stsdetect.cli.label import label
from stsdetect.cli.ledger import ledger
from stsdetect.cli.score import score
from stsdetect.cli.simulate import simulate
from stsdetect.errors import StsError

BUG, USAGE, INTERRUPTED = 1, 2, 130
#: A disk that is full or broken, a quota that is used up, a file that may not grow: no bug of ours.
_CANNOT_WRITE = (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT)
ISSUES = "the project's issue tracker"
#: Nearly all of the few hundred thousand objects that imports make stay: looking for garbage among them at every 700th,
#: as Python does by itself, takes a tenth of the start.
_NEW_OBJECTS_BETWEEN_COLLECTIONS = 50_000

EPILOG = (
    "Exit codes: 0 done; 1 a bug; 2 wrong use or settings; 3 input unreadable; 4 done, but more rows were "
    "rejected than allowed; 130 interrupted."
)


class _Group(click.Group):
    """A group that keeps click from printing an empty line on stderr at an interruption."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise click.Abort from None


@click.group(
    cls=_Group, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
def cli(debug: bool) -> None:
    """Find likely ship-to-ship transfers of petroleum in public AIS positions, with reasons.

    Start with: stsdetect detect EXPORTS --out results
    """


for verb in (detect, inspect, score, label, fit, chains, ledger, evaluate, simulate, about):
    cli.add_command(verb)


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code."""
    words = list(sys.argv[1:] if args is None else args)
    _open_closed_streams()
    console.start(quiet="--quiet" in words or "-q" in words, as_json="--log-json" in words)
    _write_what_can_be_written()
    if threading.current_thread() is threading.main_thread():
        # A scheduler ends a job with SIGTERM: tidy up as for Ctrl-C.
        signal.signal(signal.SIGTERM, _interrupt)
    gc.set_threshold(_NEW_OBJECTS_BETWEEN_COLLECTIONS)
    # At the end all is given back anyway; to look for garbage before that takes a fifth of a second.
    atexit.register(gc.freeze)
    sys.exit(_run(words))


def _open_closed_streams() -> None:
    """Put the null device in the place of closed streams, of which some schedulers start jobs with one or more.

    Files opened later would get their numbers, and what is meant for the stream would be written into them.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the least number that is free
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115


def _write_what_can_be_written() -> None:
    """Let names that the encoding of stdout lacks come out with question marks: the work is done by then."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("_", "-")
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if encoding not in ("utf-8", "utf8") and reconfigure is not None:
        reconfigure(errors="replace")


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _run(words: list[str]) -> int:
    try:
        code = cli.main(args=words, prog_name="stsdetect", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except StsError as problem:
        console.error(str(problem), code=problem.exit_code)
        return problem.exit_code
    except click.exceptions.NoArgsIsHelpError as problem:
        click.echo(problem.ctx.get_help(), err=True)
        return USAGE
    except click.ClickException as problem:
        _say_usage(problem)
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        console.error("interrupted; no half-written output is left", code=INTERRUPTED)
        return INTERRUPTED
    except SystemExit:
        # Click ends so when the reader of our output has had enough (`| head`): the work itself is done.
        return 0
    except OSError as problem:
        if problem.errno not in _CANNOT_WRITE:
            _say_bug(problem, "--debug" in words)
            return BUG
        what, why = problem.filename or "the output", problem.strerror or problem
        console.error(f"{what} cannot be written: {why}; make room, or write elsewhere", code=USAGE)
        return USAGE
    except Exception as problem:  # the last resort: whatever else happens is a bug
        _say_bug(problem, "--debug" in words)
        return BUG


def _say_usage(problem: click.ClickException) -> None:
    text = problem.format_message()
    context = getattr(problem, "ctx", None)
    if context is not None:
        text += f" (see `{context.command_path} --help`)"
    console.error(text, code=USAGE)


def _say_bug(problem: Exception, debug: bool) -> None:
    if isinstance(problem, MemoryError):
        console.error("out of memory; take fewer files, or a shorter time with --since and --until", code=BUG)
        return
    console.error(
        f"an unexpected error, which is a bug: {type(problem).__name__}: {problem}. Please report it to {ISSUES} "
        "with the command and what --debug prints.",
        code=BUG,
    )
    if debug:
        import traceback

        sys.stderr.write(console.plain("".join(traceback.format_exception(problem)), keep_lines=True))
