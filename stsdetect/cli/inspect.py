"""``stsdetect inspect``: a first look at exports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stsdetect.cli import console, options


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@options.settings_options
@click.option("--rejects", is_flag=True, help="List the rejected rows by reason, with examples.")
@click.option(
    "--examples",
    type=click.IntRange(0, 10_000),
    default=5,
    show_default=True,
    help="With --rejects: rows shown of each.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.messages
def inspect(
    files: tuple[str, ...],
    settings_file: Path | None,
    changes: tuple[str, ...],
    mapped: tuple[str, ...],
    rejects: bool,
    examples: int,
    as_json: bool,
    quiet: bool,
    **read: Any,
) -> None:
    """Say what FILEs are: layout, rows, span, vessels, sampling, and what is wrong with them.

    FILE is a file, folder or pattern. Each is read whole. Shares of quality are of the rows kept;
    `stsdetect about columns` says what the names mean.
    """
    settings = options.build_settings(settings_file, changes, mapped, **read)
    console.info("Reading ...", stage="read")
    if rejects:
        from stsdetect.pipeline import inspect_rejects

        lost = inspect_rejects(list(files), settings=settings, examples=examples)
    else:
        from stsdetect.pipeline import inspect as look

        found = look(list(files), settings=settings)
    if as_json:
        import json
        from dataclasses import asdict

        data = asdict(lost) if rejects else [asdict(one) | {"rejected_share": one.rejected_share} for one in found]
        click.echo(json.dumps(data, indent=1))
    elif not quiet:
        from stsdetect.cli.summary import print_inspections, print_rejects

        if rejects:
            print_rejects(lost)
        else:
            print_inspections(found)
