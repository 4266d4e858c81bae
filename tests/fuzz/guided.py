"""Inputs chosen by the code they reach: atheris keeps and changes those that reach new lines of the readers.

Run by ``python -m tests.fuzz --guided``. Half of the changes are libFuzzer's own, on bytes; half are those of
`tests.fuzz.mutate`. An input begins with one byte that says in which way it is read.
"""

from __future__ import annotations

import atexit
import json
import random
import sys
import time
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["stsdetect.readers"]):
    import stsdetect.readers  # noqa: F401 - instrumented before others import it
    from tests.fuzz import mutate
    from tests.fuzz.judge import SHARES, WAYS, judge
    from tests.fuzz.seeds import seeds
    from tests.fuzz.work import Hunt, Tally

#: What was reached before; where it is lost, it is found again. Not kept with the code.
CORPUS = Path(__file__).parent / "corpus"
#: Longest input [bytes].
LONGEST = 20_000


def main() -> None:
    """Judge one piece of the campaign; libFuzzer ends the process."""
    layout, seed, first, count, tally, folder = sys.argv[2:]
    begin = time.perf_counter()
    warnings.simplefilter("error")
    for way in range(len(WAYS)):
        judge(seeds(layout)[0], layout, way)
    hunter = Hunt(layout, Tally(Path(tally), int(first)), Path(folder))

    def one(data: bytes) -> None:
        if hunter.tally.number - hunter.tally.first < int(count):
            hunter.one(data[1:], SHARES[data[0] % len(SHARES)] if data else 0)

    def change(data: bytes, longest: int, number: int) -> bytes:
        rng = random.Random(number)
        if rng.random() < 0.5:
            return atheris.Mutate(data, longest)
        way = data[:1] if data and rng.random() < 0.8 else bytes([rng.randrange(256)])
        return (way + mutate.make(rng, (data[1:] or seeds(layout)[0],)))[:longest]

    def end() -> None:
        hunter.tally.show()
        seconds = round(time.perf_counter() - begin, 1)
        print(json.dumps({"findings": dict(hunter.findings), "seconds": seconds}), flush=True)

    corpus = CORPUS / layout
    corpus.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(seeds(layout)):
        (corpus / f"seed-{number}").write_bytes(bytes([number]) + content)
    atexit.register(end)
    words = [f"-atheris_runs={count}", f"-seed={1 + int(seed) * 7919 + int(first)}", f"-max_len={LONGEST}",
             "-timeout=60", "-rss_limit_mb=3000", "-verbosity=0",
             f"-artifact_prefix={Path(tally).parent}/"]  # fmt: skip
    atheris.Setup([sys.argv[0], *words, str(corpus)], one, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
