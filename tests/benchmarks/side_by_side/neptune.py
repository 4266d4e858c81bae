"""Encounters or gaps by neptune-ais. Usage: encounters|gaps OUT CSV..."""

from __future__ import annotations

import sys

import polars as pl
from neptune_ais.derive.events import EncounterConfig, detect_encounters
from neptune_ais.derive.tracks import TrackConfig, detect_boundaries


def read(files: list[str]) -> pl.DataFrame:
    """Return the columns its detectors ask for, in its schema."""
    rows = pl.concat(pl.scan_csv(path, infer_schema=False) for path in files)
    return (
        rows.select(
            pl.col("MMSI").cast(pl.Int64).alias("mmsi"),
            pl.col("BaseDateTime")
            .str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", time_zone="UTC")
            .alias("timestamp"),
            *(pl.col(name.upper()).cast(pl.Float64, strict=False).alias(name) for name in ("lat", "lon", "sog")),
            pl.lit("noaa").alias("source"),
        )
        .filter(pl.col("lat").abs() <= 90, pl.col("lon").abs() <= 180, (pl.col("lat") != 0) | (pl.col("lon") != 0))
        .unique(["mmsi", "timestamp"])
        .sort("mmsi", "timestamp")
        .collect()
    )


def encounters(rows: pl.DataFrame) -> pl.DataFrame:
    """It has no rule for speed, so only slow reports are given to it; its own least duration is ten minutes."""
    found = detect_encounters(rows.filter(pl.col("sog") < 2), config=EncounterConfig(min_duration_s=3600))
    return found.select(pl.col("mmsi").alias("a"), pl.col("other_mmsi").alias("b"), *spell("start_time", "end_time"))


def gaps(rows: pl.DataFrame) -> pl.DataFrame:
    """It has no events for gaps, but ends a track where a vessel was silent: the silences between its tracks."""
    tracks = detect_boundaries(rows, TrackConfig(gap_seconds=7200)).group_by("mmsi", "_segment_id")
    ends = tracks.agg(pl.col("timestamp").min().alias("first"), pl.col("timestamp").max().alias("last"))
    between = ends.sort("mmsi", "first").with_columns(pl.col("last").shift(1).over("mmsi").alias("before"))
    silent = between.filter((pl.col("first") - pl.col("before")).dt.total_seconds() > 7200)
    return silent.select(pl.col("mmsi").alias("a"), pl.lit(0, pl.Int64).alias("b"), *spell("before", "first"))


def spell(start: str, end: str) -> list[pl.Expr]:
    """Return the seconds since 1970 of two columns."""
    return [pl.col(start).dt.epoch("s").alias("start_s"), pl.col(end).dt.epoch("s").alias("end_s")]


if __name__ == "__main__":
    what, out, *files = sys.argv[1:]
    {"encounters": encounters, "gaps": gaps}[what](read(files)).write_parquet(out)
