"""``stsdetect simulate``: exports with known truth."""

from __future__ import annotations

from pathlib import Path

import click

from stsdetect.cli import console, options


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--out", metavar="DIR", required=True, type=click.Path(path_type=Path), help="Folder for the exports.")
@click.option("--preset", metavar="NAME", default="scenarios", show_default=True, help="scenarios, sample or traffic.")
@click.option("--seed", metavar="N", type=int, default=0, show_default=True, help="Seed of every random draw.")
@click.option("--rows", metavar="N", type=int, help="About how many rows to make; for traffic only.")
@click.option(
    "--layout",
    "layouts",
    metavar="NAMES",
    multiple=True,
    help="noaa, noaa2025, dma, nmea, parquet; may be repeated or parted by commas. Default: all; for the preset "
    "sample: each scenario in one of four.",
)
@options.messages
def simulate(out: Path, preset: str, seed: int, rows: int | None, layouts: tuple[str, ...], quiet: bool) -> None:
    """Make AIS exports of simulated vessels, with what is true about them in truth.json.

    The same options give the same bytes.
    """
    from stsdetect.simulate import LAYOUTS, write, write_sample
    from stsdetect.simulate import simulate as make

    names = options.parse_formats(layouts)
    console.info(f"Simulating {preset} with seed {seed} ...", stage="simulate")
    if preset == "sample" and not names and rows is None:
        paths = write_sample(out, seed=seed)
    else:
        paths = write(make(preset, seed=seed, rows=rows), out, names or LAYOUTS)
    if not quiet:
        for path in paths:
            click.echo(console.plain(path))
