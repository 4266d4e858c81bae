"""``stsdetect detect``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stsdetect.cli import console, options


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("--out", metavar="DIR", required=True, type=click.Path(path_type=Path), help="Folder for the results.")
@options.settings_options
@options.profile_option
@options.model_option
@click.option("--since", metavar="TIME", help="Only reports from this time on (ISO 8601, UTC).")
@click.option("--until", metavar="TIME", help="Only reports before this time (ISO 8601, UTC).")
@click.option(
    "--bbox",
    metavar="LON_MIN,LAT_MIN,LON_MAX,LAT_MAX",
    help="Only events in this area; LON_MIN greater than LON_MAX reaches over the antimeridian.",
)
@click.option("--vessel", "vessels", metavar="ID", multiple=True, help="Only this MMSI or vessel id; may be repeated.")
@click.option(
    "--zones", "context__zones_file", metavar="FILE", help="Your own transfer zones (any GIS file of polygons)."
)
@click.option(
    "--ports", "context__ports_file", metavar="FILE", help="Your own ports (World Port Index CSV, or name, lat, lon)."
)
@click.option(
    "--within-zone",
    "context__within_zone_km",
    metavar="KM",
    type=float,
    help="Keep only meetings at most this far from a zone [km].",
)
@click.option(
    "--watch-list",
    "watch_lists",
    metavar="[NAME@DATE=]FILE",
    multiple=True,
    help="Vessels to look for, in a list of your own or as others publish them (see `stsdetect about lists`); "
    "'packaged' for an old snapshot; may be repeated.",
)
@options.known_option
@click.option("--format", "formats", metavar="NAMES", multiple=True, help="More files: csv, geojson, gpkg, kml.")
@click.option("--no-page", is_flag=True, help="Do not write report.html.")
@click.option("--workers", "run__workers", metavar="N", type=int, help="Threads to work with (default: one per core).")
@click.option(
    "--memory",
    "run__memory",
    metavar="SIZE",
    help="About as much memory as the work may take, such as 2GB (default: a quarter).",
)
@click.option("--sha256", is_flag=True, help="SHA-256 of every input in run.json instead of a fast hash.")
@click.option(
    "--max-reject-share",
    "read__max_reject_share",
    metavar="SHARE",
    type=float,
    help="Exit with 4 above this share of bad rows, 0..1.",
)
@options.messages
def detect(
    inputs: tuple[str, ...],
    out: Path,
    settings_file: Path | None,
    changes: tuple[str, ...],
    mapped: tuple[str, ...],
    bbox: str | None,
    formats: tuple[str, ...],
    no_page: bool,
    sha256: bool,
    quiet: bool,
    since: str | None,
    until: str | None,
    vessels: tuple[str, ...],
    watch_lists: tuple[str, ...],
    known: Path | None,
    model_file: Path | None,
    **single: Any,
) -> None:
    """Find loitering, encounters and gaps and rank the pairs of vessels that met.

    INPUT is any number of AIS exports: files (plain, .gz, .zip, .zst), folders, or quoted patterns. Layouts are
    recognised by content; `stsdetect about formats` lists them. DIR gets events.parquet, pairs.parquet,
    report.html, run.json and more, all at once at the end.
    """
    settings = options.build_settings(settings_file, changes, mapped, **single)
    from stsdetect.pipeline import check_rejects, run_job
    from stsdetect.score.watchlists import list_file
    from stsdetect.store import hold_memory

    hold_memory()
    with console.progress() as follow:
        result = run_job(
            list(inputs), out=out, settings=settings, since=since, until=until, bbox=options.parse_bbox(bbox),
            vessels=vessels or None, watch_lists=[list_file(text) for text in watch_lists], known=known,
            model=model_file, formats=options.parse_formats(formats), page=not no_page, hash_inputs=sha256,
            progress=follow,
        )  # fmt: skip
    if not quiet:
        from stsdetect.cli.summary import print_result

        print_result(result, out)
    check_rejects(result, settings)
