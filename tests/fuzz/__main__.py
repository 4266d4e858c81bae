"""The fuzzing campaign: ``python -m tests.fuzz --layout core --inputs 2000000 --workers 2``.

Brings each layout to so many inputs in the ledger, in pieces: it can be stopped and started again at any time.
A finding is written to ``findings/`` as small as it goes, and replayed by the ordinary tests from then on.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.fuzz import ledger
from tests.fuzz.seeds import CORE, FINDINGS, SEEDS, names
from tests.fuzz.work import Tally, counts, hunt, input_of, keep

#: A process judges so many inputs and ends; one that makes no step in so long is ended [s].
PIECE, STALLED_S = 40_000, 900.0
#: Layouts that are not core get so many times fewer inputs.
FEWER = 10
DIED = "the process died or hung"


class Campaign:
    """Deals pieces of work out to processes, and enters what they did."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.lock = threading.Lock()
        self.begun: dict[str, int] = {}
        self.stopped = False
        self.children: set[subprocess.Popen[str]] = set()
        self.code = ledger.code()
        book = ledger.load(given.ledger)
        self.following = {layout: ledger.following(book, layout, given.seed) for layout in given.layouts}

    def next_piece(self) -> tuple[str, int, int] | None:
        """Return layout, first number and count of the piece that is wanted most; None where all is done."""
        with self.lock:
            if self.stopped:
                return None
            book = ledger.load(self.given.ledger)
            share = {
                layout: (ledger.done(book, layout, self.given.guided or None) + self.begun.get(layout, 0))
                for layout in self.given.layouts
            }
            wanted = {layout: self.given.inputs // (1 if layout in CORE else FEWER) for layout in share}
            layout = min(share, key=lambda name: share[name] / max(wanted[name], 1))
            count = min(PIECE, wanted[layout] - share[layout])
            if count <= 0:
                return None
            first = self.following[layout]
            self.following[layout] += count
            self.begun[layout] = self.begun.get(layout, 0) + count
            return layout, first, count

    def stop(self, *_: object) -> None:
        """Begin no more pieces, and have those at work end; what they did counts."""
        self.stopped = True
        for child in list(self.children):
            child.terminate()

    def run(self) -> None:
        """Work piece by piece until all is done."""
        while (piece := self.next_piece()) is not None:
            layout, first, count = piece
            with tempfile.TemporaryDirectory() as folder:
                tally = Path(folder) / "tally"
                tally.write_bytes(Tally.NONE)
                said = self.process(layout, first, count, tally)
                number, inputs, read, rows = counts(tally)
                left = [path.read_bytes()[1:] for path in Path(folder).iterdir() if path != tally]
            if said is None and number < 0 and not self.stopped:
                print(f"{layout}: the process ended before its first input; no more is begun", file=sys.stderr)
                return
            if said is None and self.stopped:
                said = {"findings": {}, "seconds": 0.0}
            if said is None:  # the process died of the input at work
                said = {"findings": {DIED: 1}, "seconds": 0.0}
                inputs += 1
                if not self.given.guided:
                    left = [input_of(layout, self.given.seed, number)[0]]
                for content in left:
                    keep(self.given.findings, layout, content, DIED)
            entry = {
                "layout": layout, "code": self.code, "seed": self.given.seed, "guided": self.given.guided,
                "first": first, "inputs": inputs, "read": read, "rows": rows, **said,
            }  # fmt: skip
            with self.lock:
                ledger.enter(self.given.ledger, entry)
                self.begun[layout] -= count
            for kind, times in said["findings"].items():
                print(f"{layout}: {kind} ({times})", flush=True)
            print(f"{layout}: {inputs} inputs in {said['seconds']:.0f} s", flush=True)

    def process(self, layout: str, first: int, count: int, tally: Path) -> dict[str, Any] | None:
        """Have one process do a piece; None where it did not live to tell."""
        kind = "tests.fuzz.guided" if self.given.guided else "tests.fuzz"
        command = [sys.executable, "-m", kind, "--piece", layout, str(self.given.seed), str(first), str(count),
                   str(tally), str(self.given.findings)]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            self.children.add(child)
            watch = threading.Thread(target=_end_if_stalled, args=(child, tally), daemon=True)
            watch.start()
            out, err = child.communicate()
            self.children.discard(child)
        line = next((line for line in reversed(out.splitlines()) if line.startswith("{")), None)
        if line is None and not self.stopped:
            print(f"{layout}: ended with {child.returncode}\n{err[-2000:]}", file=sys.stderr, flush=True)
        elif counts(tally)[1] < count and not self.stopped:
            print(f"{layout}: ended early\n{err[-2000:]}", file=sys.stderr, flush=True)
        return None if line is None else json.loads(line)


def _end_if_stalled(child: subprocess.Popen[str], tally: Path) -> None:
    seen, since = -2, time.monotonic()
    while child.poll() is None:
        time.sleep(1)
        try:
            at = counts(tally)[0]
        except OSError:
            return
        if at != seen:
            seen, since = at, time.monotonic()
        elif time.monotonic() - since > STALLED_S:
            child.kill()


def main() -> None:
    """Run the campaign, or one piece of it."""
    if sys.argv[1:2] == ["--piece"]:
        layout, seed, first, count, tally, folder = sys.argv[2:]
        print(json.dumps(hunt(layout, int(seed), int(first), int(count), Path(tally), Path(folder))))
        return
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--layout", action="append", help="a layout, core, other or all (default: all)")
    parser.add_argument(
        "--inputs", type=int, default=2000, help="inputs each core layout is to have had in all; others a tenth"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes at work")
    parser.add_argument("--seed", type=int, default=1, help="random seed")
    parser.add_argument("--guided", action="store_true", help="let atheris choose inputs by what code they reach")
    parser.add_argument("--ledger", type=Path, default=ledger.LEDGER)
    parser.add_argument("--findings", type=Path, default=FINDINGS)
    parser.add_argument("--report", action="store_true", help="print the totals only")
    given = parser.parse_args()
    known = [name for name in names() if (SEEDS / name).is_dir()]
    groups = {"core": [n for n in known if n in CORE], "other": [n for n in known if n not in CORE], "all": known}
    given.layouts = list(dict.fromkeys(n for word in given.layout or ["all"] for n in groups.get(word, [word])))
    unknown = [name for name in given.layouts if name not in known]
    if unknown:
        parser.error(f"no seeds for '{unknown[0]}'; there are {', '.join(known)}")
    if not given.report:
        campaign = Campaign(given)
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, campaign.stop)
        threads = [threading.Thread(target=campaign.run) for _ in range(given.workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print(ledger.table(ledger.load(given.ledger)))


if __name__ == "__main__":
    main()
