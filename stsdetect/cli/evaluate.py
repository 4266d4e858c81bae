"""``stsdetect evaluate``: how good the leads of a run are, against what is known to be true."""

from __future__ import annotations

from pathlib import Path

import click

from stsdetect.cli import console, options


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--truth",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="truth.json of `stsdetect simulate`, if the input was simulated.",
)
@click.option(
    "--labels",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Verdicts of analysts on the leads, instead of --truth; may be repeated.",
)
@click.option(
    "--budget",
    metavar="N",
    type=float,
    default=20.0,
    show_default=True,
    help="Leads an analyst looks at in a week, the strongest first: recall is said of these.",
)
@click.option(
    "--k", metavar="N", type=int, default=20, show_default=True,
    help="Precision is said of the N strongest leads; with --labels of no more than were judged.",
)  # fmt: skip
@click.option(
    "--by",
    type=click.Choice(["case", "month"]),
    default="case",
    show_default=True,
    help="What intervals draw anew: what was sought, or whole months of the input.",
)
@click.option(
    "--rules",
    "inputs",
    metavar="INPUT",
    multiple=True,
    help="Apply the rules that others publish to the input of the run, and set them beside its leads; may be repeated. "
    "All positions are held in memory.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.messages
def evaluate(
    folder: Path,
    truth: Path | None,
    labels: tuple[Path, ...],
    budget: float,
    k: int,
    by: str,
    inputs: tuple[str, ...],
    as_csv: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Say how good the leads of an earlier run in DIR are.

    What is true comes from --truth or --labels. Precision and recall are from the top of the list, each with a
    bootstrap interval; what was to be found and has no lead counts as missed. Rules are applied to what the run took of
    the input, under its settings.
    """
    from stsdetect.pipeline.evaluated import as_rows, evaluate_run

    found = evaluate_run(
        folder,
        truth=truth,
        labels=labels,
        per_week=budget,
        k=k,
        by="case" if by == "case" else "block",
        rules_on=list(inputs) or None,
        progress=lambda rule: console.info(f"Applying {rule} ...", stage="rules"),
    )
    if as_json:
        import json

        click.echo(json.dumps(as_rows(found), indent=1))
    elif as_csv:
        import pyarrow as pa

        from stsdetect.cli.summary import print_csv

        print_csv(pa.Table.from_pylist(as_rows(found)))
    elif not quiet:
        from stsdetect.cli.evaluated import print_evaluation

        print_evaluation(found)
