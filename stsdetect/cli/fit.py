"""``stsdetect fit``: labels make a model."""

from __future__ import annotations

from pathlib import Path

import click

from stsdetect.cli import options


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--labels", "labels_file", metavar="FILE", required=True, type=click.Path(path_type=Path),
    help="Labels that `stsdetect label` wrote.",
)  # fmt: skip
@click.option("--out", metavar="FILE", required=True, type=click.Path(path_type=Path), help="The model, as JSON.")
@click.option(
    "--prior-strength", metavar="N", type=float, default=20.0, show_default=True,
    help="How firmly the profile's weights are believed; more holds them more firmly.",
)  # fmt: skip
@click.option(
    "--unlabelled-share", metavar="SHARE", type=float,
    help="Share of leads nobody judged that are believed true, 0..1 (default: as the weights say).",
)  # fmt: skip
@click.option("--date", metavar="DATE", help="Date the model is to bear (default: that of the newest label).")
@options.messages
def fit(
    folders: tuple[Path, ...],
    labels_file: Path,
    out: Path,
    prior_strength: float,
    unlabelled_share: float | None,
    date: str | None,
    quiet: bool,
) -> None:
    """Move the weights towards the labels of runs in DIR..., and write them as a model for --model.

    Few labels move little. Scores become probabilities only where a hundred leads of one kind were judged transfers and
    a hundred innocent; else they stay priorities. What moved, and by how much, is printed.
    """
    from stsdetect.pipeline.fitted import fit as fit_model

    found = fit_model(folders, labels_file, prior_strength=prior_strength, unlabelled_share=unlabelled_share, date=date)
    found.model.save(out)
    if not quiet:
        from stsdetect.cli.learning import print_fit

        print_fit(found, out)
