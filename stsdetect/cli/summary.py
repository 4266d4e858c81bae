"""What `detect`, `inspect`, `chains` and `ledger` print for people."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stsdetect.cli.console import plain
from stsdetect.pipeline.inspection import NOT_READ
from stsdetect.report.counts import possible_occasions
from stsdetect.report.texts import clean, is_base, iso_time, score_text, vessel_name

if TYPE_CHECKING:
    import pyarrow as pa

    from stsdetect.pipeline import Inspection, RejectList, Result
    from stsdetect.score.ledger import Ledger

#: Pairs shown at the end of `detect`.
TOP = 10
#: Width of tables that go to a file or pipe.
_PIPE_WIDTH = 140


#: What one and several events of a kind are called, where it is not the name of the kind.
_KINDS = {
    "port_call": ("port call", "port calls"),
    "identity": ("identity remark", "identity remarks"),
}


def stdout() -> Console:
    """Return the console for what is asked for."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False)


def print_result(result: Result, out: Path) -> None:
    """Print the counts, the strongest pairs, and where the files are."""
    rows, counts = result.run["rows"], result.run["counts"]
    console = stdout()
    rejected = f", {rows['rejected_total']:,} rejected" if rows["rejected_total"] else ""
    filtered = f", {rows['filtered']:,} filtered out" if rows["filtered"] else ""
    read = f"{rows['read']:,} {'row' if rows['read'] == 1 else 'rows'} read, {rows['kept']:,} kept"
    vessels = f"{counts['vessels']:,} {'vessel' if counts['vessels'] == 1 else 'vessels'}"
    say(console, f"{read}{filtered}{rejected}; {vessels}")
    kinds = event_counts(counts["events"], result.events_table)
    say(console, f"events: {', '.join(kinds) or 'none'}; pairs: {counts['pairs']:,}")
    if counts["gaps_by_coverage"]:
        say(console, _silences(counts))
    if result.berths.num_rows:
        say(console, _harbours(result.run["summed_up"]))
    for one in result.run.get("watch_lists", ()):
        say(console, _watched(one))
    if "known" in result.run:
        lines, leads = result.run["known"]["lines"], result.run["known"]["leads"]
        say(console, f"known to be innocent: {lines:,} lines, {leads:,} leads, which rank low")
    doubtful = sum(bool(file["doubts"]) for file in result.run["inputs"])
    if doubtful:
        files = "1 file" if doubtful == 1 else f"{doubtful:,} files"
        say(console, f"warning: the values of {files} speak against how they were read; see doubts in run.json")
    if result.pairs_table.num_rows:
        console.print(pair_table(result.pairs_table.slice(0, TOP).to_pylist()))
        say(console, scores_are(result.pairs_table))
    pages = [path for path in result.files if path.name == "report.html"]
    say(console, f"written to {out}: {', '.join(path.name for path in result.files)}")
    if pages:
        say(console, f"open {pages[0]} in a browser")


def event_counts(counts: Mapping[str, int], events: pa.Table) -> list[str]:
    """Say how many events of each kind there are; of possible rendezvous what the page says, and all rows."""
    said = []
    for kind, number in counts.items():
        if kind == "dark_rendezvous":
            occasions = len(possible_occasions(events))
            more = "" if number == occasions else f", {number:,} with every candidate"
            said.append(f"{occasions:,} possible rendezvous (not observed{more})")
        else:
            said.append(f"{number:,} {_KINDS.get(kind, (kind, f'{kind}s'))[number != 1]}")
    return said


def say(console: Console, text: str) -> None:
    """Print a line, whatever its text holds."""
    console.print(Text(plain(text)), soft_wrap=True)


def scores_are(pairs: pa.Table) -> str:
    """Say what scores are: priorities, and probabilities only where a calibrated model made them."""
    told = pairs.num_rows - pairs.column("likelihood").null_count
    if not told:
        return "Leads to look at, not verdicts; the score is a priority, not a probability."
    return (
        f"Leads to look at, not verdicts. Of {told:,} of {pairs.num_rows:,} the score is a probability that labels "
        "bear (column likelihood, in the words of ICD 203); of the others it is a priority."
    )


def pair_table(pairs: Sequence[dict[str, Any]]) -> Table:
    """Return the strongest pairs as a table for people."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("#", "score", "vessel a", "vessel b", "first (UTC)", "main reason"):
        table.add_column(name, justify="right" if name in ("#", "score") else "left", no_wrap=name != "main reason")
    for pair in pairs:
        cells = [
            str(pair["rank"]),
            score_text(pair["score"]),
            vessel_name(pair["name_a"], pair["mmsi_a"], pair["vessel_a"]),
            partner(pair),
            pair["first_time"].strftime("%Y-%m-%d %H:%M"),
            main_reason(pair["reasons"]),
        ]
        # Text, not str: a name such as "[red]" is no markup.
        table.add_row(*(Text(plain(cell)) for cell in cells))
    return table


def partner(pair: Mapping[str, Any]) -> str:
    """Name the second side of a pair: a vessel, a port, or one that is not known."""
    if pair["partner_kind"] == "unknown":
        return "(not observed)"
    if pair["partner_kind"] == "port":
        return f"port {clean(pair['partner_id'])}"
    return vessel_name(pair["name_b"], pair["mmsi_b"], pair["vessel_b"])


def print_chains(found: pa.Table) -> None:
    """Print chains as a table for people, strongest first."""
    console = stdout()
    if not found.num_rows:
        say(console, "no chain from a supply port")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("strength", "observed", "from (UTC)", "to (UTC)", "chain"):
        table.add_column(name, no_wrap=name != "chain")
    for row in found.to_pylist():
        steps = row["n_observed"] + row["n_inferred"]
        days = (row[name].strftime("%Y-%m-%d") for name in ("start_time", "end_time"))
        cells = (
            f"{row['strength']:.1f}",
            f"{row['n_observed']} of {steps}",
            *days,
            f"{row['path']}: {row['evidence']}",
        )
        table.add_row(*(Text(plain(cell)) for cell in cells))
    console.print(table)
    say(console, "What time allows, from hand to hand; not that anything was passed on.")


def print_ledger(found: Ledger) -> None:
    """Print the ledger for people: months and years, and what the figures assume."""
    console = stdout()
    if not found.months.num_rows:
        say(console, "no lead that could be a transfer of oil")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("period", no_wrap=True)
    for name in (
        "transfers",
        "barrels, if all are real",
        "year so far",
        "of the cap",
        "passed it",
        "weighted by score",
    ):
        table.add_column(name, justify="right")
    for row in found.months.to_pylist():
        share = row["year_mid"] / row["cap"]
        cells = (
            row["period"],
            f"{row['n_transfers']} of {row['n_leads']:,}",
            f"{row['barrels_low']:,} to {row['barrels_high']:,}",
            f"{row['year_low']:,} to {row['year_high']:,}",
            f"{share:.0%}",
            f"{row['p_passed']:.0%} of draws",
            f"{row['weighted_low']:,} to {row['weighted_high']:,}",
        )
        table.add_row(*(Text(cell) for cell in cells), style="bold" if len(row["period"]) == 4 else "")
    console.print(table)
    for line in found.assumptions:
        say(console, line)


def print_csv(found: pa.Table) -> None:
    """Print a table as CSV; lists are joined by spaces, times are UTC."""
    from stsdetect.report.gis import csv_cell

    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(found.column_names)
    for row in found.to_pylist():
        out.writerow([csv_cell(_csv_text(value)) for value in row.values()])


def _csv_text(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(str(item).lower() if isinstance(item, bool) else str(item) for item in value)
    return iso_time(value) if isinstance(value, datetime) else value


def print_json(content: Any) -> None:
    """Print lists and mappings as JSON; times are UTC."""
    click.echo(json.dumps(content, indent=1, default=iso_time))


def main_reason(reasons: Sequence[dict[str, Any]]) -> str:
    """Return the sentence of the heaviest reason, the base term left out.

    Of a lead that more speaks for than against it is one that speaks for it; of others it may be one against.
    """
    said = [reason for reason in reasons if not is_base(reason["indicator"])]
    if not said:
        return ""
    likely = sum(reason["weight"] for reason in reasons) > 0
    return clean(max(said, key=lambda one: one["weight"] if likely else abs(one["weight"]))["sentence"], 160)


def print_inspections(found: Sequence[Inspection]) -> None:
    """Print what was found in each file."""
    console = stdout()
    for number, one in enumerate(found):
        if number:
            console.print()
        say(console, f"{one.path}: {one.layout}, {one.size_bytes:,} bytes")
        for line in _lines(one):
            say(console, f"  {line}")


def print_rejects(found: RejectList) -> None:
    """Print rejected rows by reason; what strangers wrote is shown with its control characters escaped."""
    console = stdout()
    share = _percent(found.rejected / found.rows_read if found.rows_read else 0.0)
    say(console, f"{found.rejected:,} of {found.rows_read:,} rows rejected ({share})")
    for reason in found.reasons:
        say(console, f"{reason.reason}  {reason.count:,}")
        for file, row, detail, text in reason.examples:
            say(console, f"  {file}, row {row}: {escaped(detail, 100)}")
            if text:
                say(console, f"    {escaped(text, 300)}")
    for path, why in found.not_read:
        say(console, f"not read  {path}: {clean(why, 400)}")


def escaped(text: str, limit: int) -> str:
    """Return text on one line with everything that does not print escaped, cut at ``limit``.

    >>> escaped("A\\x1b[31m\\tB", 40)
    'A\\\\x1b[31m\\\\tB'
    """
    shown = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in shown)


def _percent(share: float) -> str:
    """Write a share so that one row in a million does not read as none."""
    return "<0.01%" if 0 < share < 0.0001 else f"{share:.2%}"


def _silences(counts: Mapping[str, Any]) -> str:
    """Say how gaps were judged, and how many areas of outage and jamming there were."""
    words = ", ".join(f"{number:,} {word}" for word, number in counts["gaps_by_coverage"].items())
    areas = ", ".join(f"{number:,} of {word}" for word, number in counts["areas"].items())
    return f"gaps by what else was heard there: {words}" + (f"; areas: {areas}" if areas else "")


def _watched(one: Mapping[str, Any]) -> str:
    """Say how many vessels are on a list, of when it is, and that it is stale where it is."""
    hulls, day = one["hulls"], f"of {one['date']}" if one["date"] else "undated"
    stale = " (stale: give a current list)" if one["stale"] else ""
    count = f"{one['entries']:,} vessels, {hulls['hit']:,} of them in these data by IMO number"
    return f"watch-list {clean(one['name'])} {day}{stale}: {count}, {hulls['possible']:,} hulls possibly"


def _harbours(summed_up: Mapping[str, Any]) -> str:
    """Say how much contact at crowded berths is summed up."""
    areas, days, hulls = (summed_up[name] for name in ("berth_areas", "area_days", "vessels"))
    return (
        f"harbours  {areas:,} crowded berth areas, {days:,} area-days: contact among {hulls:,} vessels "
        f"({summed_up['pairs_by_day']:,} pairs by day) is summed up"
    )


def _lines(one: Inspection) -> list[str]:
    lines = []
    if one.layout != NOT_READ:
        lines.append(
            f"rows      {one.rows_read:,} read, {one.rows_kept:,} kept, {_percent(one.rejected_share)} rejected"
        )
    if one.first_time:
        lines.append(f"span      {one.first_time} to {one.last_time}")
        step = "" if one.sampling_s is None else f", {one.sampling_s:g} s between fixes (median)"
        lines.append(f"vessels   {one.vessels:,}{step}")
    if one.quality:
        shares = sorted(one.quality.items(), key=lambda item: -item[1])
        lines.append("quality   " + ", ".join(f"{name} {_percent(share)}" for name, share in shares))
    if one.summed_up.get("area_days"):
        lines.append(_harbours(one.summed_up))
    if one.rejected:
        lines.append("rejected  " + ", ".join(f"{reason} {count:,}" for reason, count in one.rejected.items()))
    lines += [f"note      {clean(note, 400)}" for note in one.notes]
    lines += [f"doubt     {clean(sentence, 600)}" for _, sentence in one.doubts]
    for row, reason, detail, text in one.problems:
        lines.append(
            f"line {row}: {reason} {clean(detail, 200 if reason == 'damaged_file' else 60)!r} in {clean(text, 120)!r}"
        )
    return lines
