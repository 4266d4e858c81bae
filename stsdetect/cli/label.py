"""``stsdetect label``: a verdict on a lead, appended to a file that is never rewritten."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from stsdetect.cli import options


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("pair", metavar="[PAIR]", required=False)
@click.option(
    "--verdict", metavar="VERDICT", help="transfer (consistent with one), innocent (something else explains it) or "
    "unclear.",
)  # fmt: skip
@click.option("--who", metavar="NAME", help="Whose verdict it is.")
@click.option("--why", metavar="TEXT", help="What it rests on.")
@click.option("--when", metavar="TIME", help="When it was given (ISO 8601, UTC); now unless told.")
@click.option(
    "--labels", "labels_file", metavar="FILE", type=click.Path(path_type=Path),
    help="The file of labels (default: labels.jsonl in DIR).",
)  # fmt: skip
@click.option("--list", "listed", is_flag=True, help="List the labels, and whether a lead in DIR is theirs.")
@click.option("--csv", "as_csv", is_flag=True, help="With --list: print CSV.")
@options.messages
def label(
    folder: Path,
    pair: str | None,
    verdict: str | None,
    who: str | None,
    why: str | None,
    when: str | None,
    labels_file: Path | None,
    listed: bool,
    as_csv: bool,
    quiet: bool,
) -> None:
    """Write down what you found of a lead of an earlier run in DIR; PAIR is its pair_id or its rank.

    Labels are added to a file, and none is ever changed or removed: a later verdict on the same lead takes the place of
    an earlier one when they are used. `stsdetect fit` makes a model of them.
    """
    from stsdetect.errors import UsageError
    from stsdetect.pipeline.output import LABELS_FILE

    path = folder / LABELS_FILE if labels_file is None else labels_file
    if listed:
        if pair is not None:
            raise UsageError("--list lists all labels; leave out the PAIR")
        _list(folder, path, as_csv, quiet)
        return
    missing = [name for name, value in (("PAIR", pair), ("--verdict", verdict), ("--who", who), ("--why", why))
               if value is None]  # fmt: skip
    if missing:
        raise UsageError(
            f"a label needs {missing[0]}: stsdetect label DIR PAIR --verdict transfer --who NAME --why TEXT"
        )
    from stsdetect.pipeline.fitted import label as add

    one = add(
        folder, str(pair), str(verdict), who=str(who), why=str(why), when=None if when is None else _time(when),
        labels=path,
    )  # fmt: skip
    if not quiet:
        from stsdetect.cli.console import plain

        click.echo(plain(f"{one.verdict}: lead {one.rank} ({one.pair_id}), by {one.who}; added to {path}"))


def _time(text: str) -> datetime:
    from stsdetect.errors import UsageError

    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--when is {text!r}; write a time like 2024-03-01T06:00:00Z") from None


def _list(folder: Path, path: Path, as_csv: bool, quiet: bool) -> None:
    from stsdetect.cli.learning import print_labels
    from stsdetect.pipeline.earlier import read_leads
    from stsdetect.pipeline.output import LABELS_FILE
    from stsdetect.score.labels import Labels, match_labels, read_labels

    _, pairs = read_leads(folder)
    # Before the first label there is no file, which is no mistake where none was named.
    named = path != folder / LABELS_FILE
    told = read_labels(path) if named or path.exists() else Labels(())
    if not quiet or as_csv:
        print_labels(told, match_labels(told.labels, pairs), pairs, as_csv=as_csv)
