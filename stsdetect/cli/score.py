"""``stsdetect score``: events of an earlier run scored again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stsdetect.cli import options


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--out", metavar="DIR2", type=click.Path(path_type=Path), help="Folder for the results (default: DIR itself)."
)
@options.own_settings
@options.profile_option
@options.model_option
@click.option(
    "--watch-list", "watch_lists", metavar="[NAME@DATE=]FILE", multiple=True,
    help="Vessels to look for, as for detect; may be repeated (default: what the run found).",
)  # fmt: skip
@click.option("--no-watch-list", is_flag=True, help="Score without watch-lists.")
@options.known_option
@click.option("--no-page", is_flag=True, help="Do not write report.html.")
@options.messages
def score(
    folder: Path,
    out: Path | None,
    settings_file: Path | None,
    changes: tuple[str, ...],
    score__profile: str | None,
    model_file: Path | None,
    watch_lists: tuple[str, ...],
    no_watch_list: bool,
    known: Path | None,
    no_page: bool,
    quiet: bool,
) -> None:
    """Score the events of an earlier run in DIR again, without reading positions or detecting.

    Another profile, a model, other lists or weights give other leads of the same events. Nothing changed gives the same
    leads, byte for byte. Settings are those of the run: of a file, and of --set, the groups score, volume and chains
    are taken.
    """
    from stsdetect.errors import UsageError
    from stsdetect.pipeline.earlier import read_run, settings_of
    from stsdetect.pipeline.rescored import on_profile
    from stsdetect.pipeline.rescored import score as score_again
    from stsdetect.score.watchlists import list_file

    if watch_lists and no_watch_list:
        raise UsageError("--watch-list and --no-watch-list exclude each other; give one of them")
    settings = settings_of(read_run(folder), folder)
    if score__profile is not None:
        settings = on_profile(settings, score__profile)
    if model_file is not None:
        own: dict[str, Any] = {"weights": {}, "calibration": None}
        settings = settings.model_copy(update={"score": settings.score.model_copy(update=own)})
    settings = options.changed_settings(settings, settings_file, changes, score__profile)
    lists = [] if no_watch_list else [list_file(text) for text in watch_lists] or None
    result = score_again(
        folder, out=out, settings=settings, model=model_file, watch_lists=lists, known=known,
        page=False if no_page else None,
    )  # fmt: skip
    if not quiet:
        from stsdetect.cli.learning import print_scored

        print_scored(result, folder if out is None else out)
