"""``stsdetect simulate``: exports with known truth."""

from __future__ import annotations

from pathlib import Path

import click

from stsdetect.cli import console, options

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
    "--preset", metavar="NAME", default="scenarios", show_default=True, help="scenarios, sample, traffic or archive."
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
    "preset sample: each scenario in one of four; for archive: noaa. The last two tell what was planted.",
)
@options.messages
def simulate(out: Path, preset: str, seed: int, rows: int | None, layouts: tuple[str, ...], quiet: bool) -> None:
    """Make AIS exports of simulated vessels, with what is true about them in truth.json.

    The same options give the same bytes.
    """
    from stsdetect.simulate import CORE, EVENT_LAYOUTS, LAYOUTS, Archive, write, write_archive, write_sample
    from stsdetect.simulate import simulate as make

    names = options.parse_formats(layouts)
    if names == ["all"]:
        names = [*LAYOUTS, *EVENT_LAYOUTS]
    console.info(f"Simulating {preset} with seed {seed} ...", stage="simulate")
    if preset == "archive":
        paths = write_archive(Archive(ARCHIVE_ROWS if rows is None else rows, seed), out, names or ("noaa",))
    elif preset == "sample" and not names and rows is None:
        paths = write_sample(out, seed=seed)
    else:
        paths = write(make(preset, seed=seed, rows=rows), out, names or CORE)
    if not quiet:
        for path in paths:
            click.echo(console.plain(path))
