"""``stsdetect simulate``: exports with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stsdetect.cli import console, options
from stsdetect.errors import UsageError

#: Rows of an archive unless told otherwise: an eighth of a day of NOAA's.
ARCHIVE_ROWS = 1_000_000
#: Every layout, core ones first, then positions, then events. They stand here in words so that help needs no Arrow;
#: a test holds them to what the simulator writes.
LAYOUT_NAMES = (
    "noaa", "noaa2025", "dma", "nmea", "parquet",
    "kystdatahuset", "aishub", "aishub_raw", "exactearth", "eais_ungp", "spire_historical", "brest", "piraeus",
    "kr_mof", "marinetraffic", "marinetraffic_extended", "marinetraffic_ps01", "marinetraffic_web", "gfw_positions",
    "amsa_cts", "barentswatch", "digitraffic", "aishub_json", "aishub_json_raw", "aishub_xml", "aisstream",
    "marinetraffic_json", "vesselfinder", "spire_graphql", "kpler", "tw_mpb", "tw_mpb_geojson", "noaa_geoparquet",
    "eais_ungp_parquet", "amsa_cts_shapefile",
    "gfw_events", "gfw_encounters",
)  # fmt: skip


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--out", metavar="DIR", required=True, type=click.Path(path_type=Path), help="Folder for the exports.")
@click.option(
    "--preset",
    metavar="NAME",
    default="scenarios",
    show_default=True,
    help="scenarios, sample, traffic, archive or dark-month.",
)
@click.option("--seed", metavar="N", type=int, default=0, show_default=True, help="Seed of every random draw.")
@click.option(
    "--rows",
    metavar="N",
    type=int,
    help="How many rows to make; for traffic and archive only (an archive has 8 million a day).",
)
@click.option(
    "--layout",
    "layouts",
    metavar="NAMES",
    multiple=True,
    help=f"{', '.join(LAYOUT_NAMES)}; or all. May be repeated or parted by commas. Default: the first five; for the "
    "preset sample: each scenario in one of four; for archive: noaa; for dark-month: parquet. The last two tell "
    "what was planted.",
)
@click.option("--days", metavar="N", type=int, help="Length of a dark-month [days]. Default: 30.")
@click.option("--vessels", metavar="N", type=int, help="Vessels of a dark-month beside those planted. Default: 2000.")
@click.option("--cases", metavar="N", type=int, help="Cases of each family in a dark-month. Default: 7.")
@click.option(
    "--families",
    metavar="NAMES",
    help="Families planted in a dark-month, parted by commas: one_dark, both_dark, hand_over, direct_delivery, chain "
    "(the default), seen_at_night, seen_again, seen_under_way.",
)
@click.option(
    "--ordinary",
    metavar="N",
    type=int,
    help="Scenes of each kind of ordinary meeting (bunkering, lightering, fleets, rafts) added to a dark-month. "
    "Default: 0.",
)
@click.option("--area", metavar="BOX", help="lat_min,lat_max,lon_min,lon_max of a dark-month [degrees].")
@options.messages
def simulate(
    out: Path,
    preset: str,
    seed: int,
    rows: int | None,
    layouts: tuple[str, ...],
    quiet: bool,
    **month: int | str | None,
) -> None:
    """Make AIS exports of simulated vessels, with what is true about them in truth.json.

    The same options give the same bytes.
    """
    from stsdetect.simulate import (
        CORE,
        EVENT_LAYOUTS,
        LAYOUTS,
        Archive,
        Month,
        write,
        write_archive,
        write_month,
        write_sample,
    )
    from stsdetect.simulate import simulate as make

    given = [f"--{name}" for name, value in month.items() if value is not None]
    if given and preset != "dark-month":
        raise UsageError(f"{', '.join(given)}: only the preset dark-month takes that, not {preset}")
    names = options.parse_formats(layouts)
    if names == ["all"]:
        names = [*LAYOUTS, *EVENT_LAYOUTS]
    console.info(f"Simulating {preset} with seed {seed} ...", stage="simulate")
    if preset == "archive":
        paths = write_archive(Archive(ARCHIVE_ROWS if rows is None else rows, seed), out, names or ("noaa",))
    elif preset == "dark-month" and rows is None:
        paths = write_month(Month(seed=seed, **_month(month)), out, names or ("parquet",))
    elif preset == "sample" and not names and rows is None:
        paths = write_sample(out, seed=seed)
    else:
        paths = write(make(preset, seed=seed, rows=rows, **_month(month)), out, names or CORE)
    if not quiet:
        for path in paths:
            click.echo(console.plain(path))


def _month(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a month that were given."""
    chosen = {name: value for name, value in given.items() if value is not None}
    if "families" in chosen:
        chosen["families"] = tuple(options.parse_formats((str(chosen["families"]),)))
    if "area" in chosen:
        words = str(chosen["area"]).split(",")
        try:
            lat_min, lat_max, lon_min, lon_max = (float(word) for word in words)
        except ValueError as problem:
            raise UsageError(
                f"--area {','.join(words)!r} is not four numbers; write lat_min,lat_max,lon_min,lon_max"
            ) from problem
        chosen["area"] = (lat_min, lat_max, lon_min, lon_max)
    return chosen
