"""``stsdetect chains``: from supply ports over vessels to where the cargo may have gone."""

from __future__ import annotations

from pathlib import Path

import click

from stsdetect.cli import options


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@options.own_settings
@click.option("--ports", "context__ports_file", metavar="FILE", help="Your own ports, in place of those of the run.")
@click.option("--zones", "context__zones_file", metavar="FILE", help="Your own zones, in place of those of the run.")
@click.option(
    "--listed",
    "listed_file",
    metavar="[NAME@DATE=]FILE",
    help="Vessels at which a chain may end beside those the run found, by IMO number: as for detect --watch-list.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.messages
def chains(
    folder: Path,
    settings_file: Path | None,
    changes: tuple[str, ...],
    listed_file: str | None,
    as_csv: bool,
    as_json: bool,
    quiet: bool,
    **single: object,
) -> None:
    """Show the chains that time allows in the results of an earlier run in DIR.

    A chain leads from a call at a supply port over meetings, seen or possible, to a port of the DPRK, its waters, or a
    listed vessel. It says what could have passed from hand to hand, not that anything did. Settings and lists are those
    of the run; what is given here lies on top.
    """
    settings = options.settings_on_run(folder, settings_file, changes, **single)
    from stsdetect.pipeline.chained import chains_of, read_listed
    from stsdetect.score.watchlists import list_file

    listed = [] if listed_file is None else read_listed(list_file(listed_file))
    found = chains_of(folder, settings=settings, listed=listed)
    if as_json:
        from stsdetect.cli.summary import print_json

        print_json(found.to_pylist())
    elif as_csv:
        from stsdetect.cli.summary import print_csv

        print_csv(found)
    elif not quiet:
        from stsdetect.cli.summary import print_chains

        print_chains(found)
