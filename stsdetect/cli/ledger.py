"""``stsdetect ledger``: likely volume by month and year against the cap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stsdetect.cli import options


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@options.own_settings
@click.option("--ports", "context__ports_file", metavar="FILE", help="Your own ports, in place of those of the run.")
@click.option("--zones", "context__zones_file", metavar="FILE", help="Your own zones, in place of those of the run.")
@click.option(
    "--min-score",
    "volume__min_score",
    metavar="S",
    type=float,
    help="Take leads from this score as real (default: as the run says, 0.98).",
)
@click.option(
    "--picture", metavar="FILE", type=click.Path(path_type=Path), help="Write the year's sum and the cap as SVG."
)
@click.option("--transfers", is_flag=True, help="Print every possible transfer, counted or not and why.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: months, transfers and assumptions.")
@options.messages
def ledger(
    folder: Path,
    settings_file: Path | None,
    changes: tuple[str, ...],
    picture: Path | None,
    transfers: bool,
    as_csv: bool,
    as_json: bool,
    quiet: bool,
    **single: object,
) -> None:
    """Add up what the leads of an earlier run in DIR may have brought, against the cap of 500,000 barrels a year.

    Each volume is an interval, and whether a lead is real is not known: so it is worked out on two assumptions, that
    all leads from a score on are real, and that scores are probabilities, which they are not unless a model was
    calibrated. It is never a verdict. Settings are those of the run; what is given here lies on top.
    """
    settings = options.settings_on_run(folder, settings_file, changes, **single)
    from stsdetect.pipeline.ledgered import ledger_of

    found = ledger_of(folder, settings=settings)
    if picture is not None:
        from stsdetect.report.ledger_picture import write_picture

        write_picture(
            picture, found.months, min_score=settings.volume.min_score, calibrated_share=found.calibrated_share
        )
    if as_json:
        from stsdetect.cli.summary import print_json

        content: dict[str, Any] = {
            "assumptions": list(found.assumptions),
            "months": found.months.to_pylist(),
            "transfers": found.transfers.to_pylist(),
        }
        print_json(content)
        return
    table = found.transfers if transfers else found.months
    if as_csv or transfers:
        from stsdetect.cli.summary import print_csv

        print_csv(table)
    elif not quiet:
        from stsdetect.cli.summary import print_ledger

        print_ledger(found)
