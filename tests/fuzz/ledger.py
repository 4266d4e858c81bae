"""The ledger of the campaign: inputs by layout and run, each with the code it ran on, so that the totals are honest."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LEDGER = HERE / "ledger.json"


def code() -> str:
    """The commit that is checked out; ``+`` where files differ from it."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def load(path: Path) -> dict[str, Any]:
    """Read a ledger; an empty one where there is none."""
    return json.loads(path.read_text()) if path.exists() else {"runs": []}


def enter(path: Path, run: dict[str, Any]) -> None:
    """Add what one process did; runs that go on from each other are put together."""
    ledger = load(path)
    same = ("layout", "code", "seed", "guided")
    for old in ledger["runs"]:
        if all(old[key] == run[key] for key in same) and old["first"] + old["inputs"] == run["first"]:
            for key in ("inputs", "read", "rows", "seconds"):
                old[key] = round(old[key] + run[key], 1)
            for key, count in run["findings"].items():
                old["findings"][key] = old["findings"].get(key, 0) + count
            break
    else:
        ledger["runs"].append(run)
    aside = path.with_name(f".{path.name}.part")
    aside.write_text(json.dumps(ledger, indent=1) + "\n")
    os.replace(aside, path)


def done(ledger: dict[str, Any], layout: str, guided: bool | None = None) -> int:
    """How many inputs a layout has had."""
    return sum(
        int(run["inputs"]) for run in ledger["runs"] if run["layout"] == layout and guided in (None, run["guided"])
    )


def following(ledger: dict[str, Any], layout: str, seed: int) -> int:
    """The first number of an input that was not made of this random seed yet."""
    runs = [run for run in ledger["runs"] if run["layout"] == layout and run["seed"] == seed and not run["guided"]]
    return max((int(run["first"] + run["inputs"]) for run in runs), default=0)


def table(ledger: dict[str, Any]) -> str:
    """Return totals by layout, as lines to print."""
    lines = [f"{'layout':24}{'inputs':>12}{'guided':>10}{'read':>12}{'rows':>13}{'findings':>10}{'since the last':>16}"]
    for layout in dict.fromkeys(run["layout"] for run in ledger["runs"]):
        runs = [run for run in ledger["runs"] if run["layout"] == layout]
        with_findings = [i for i, run in enumerate(runs) if run["findings"]]
        clean = runs[with_findings[-1] + 1 :] if with_findings else runs
        kinds = {key for run in runs for key in run["findings"]}
        lines.append(
            f"{layout:24}{done(ledger, layout):>12,}{done(ledger, layout, True):>10,}"
            f"{sum(int(run['read']) for run in runs):>12,}{sum(int(run['rows']) for run in runs):>13,}"
            f"{len(kinds):>10}{sum(int(run['inputs']) for run in clean):>16,}"
        )
    return "\n".join(lines)
