"""Stops by MovingPandas. Usage: OUT CSV..."""

from __future__ import annotations

import sys
from datetime import timedelta

import movingpandas as mpd
import pandas as pd

#: A vessel at anchor swings within this [m].
DIAMETER_M = 1000

if __name__ == "__main__":
    out, *files = sys.argv[1:]
    columns = ["MMSI", "BaseDateTime", "LAT", "LON"]
    rows = pd.concat(pd.read_csv(path, usecols=columns, parse_dates=["BaseDateTime"]) for path in files)
    rows = rows[(rows["LAT"].abs() <= 90) & (rows["LON"].abs() <= 180) & ((rows["LAT"] != 0) | (rows["LON"] != 0))]
    rows = rows.drop_duplicates(["MMSI", "BaseDateTime"])
    tracks = mpd.TrajectoryCollection(rows, traj_id_col="MMSI", t="BaseDateTime", x="LON", y="LAT", crs=4326)
    tracks = mpd.ObservationGapSplitter(tracks).split(gap=timedelta(hours=2))
    stops = mpd.TrajectoryStopDetector(tracks, n_processes=None).get_stop_time_ranges(
        max_diameter=DIAMETER_M, min_duration=timedelta(hours=1)
    )
    found = [(int(str(s.traj_id).split("_")[0]), 0, int(s.t_0.timestamp()), int(s.t_n.timestamp())) for s in stops]
    pd.DataFrame(found, columns=["a", "b", "start_s", "end_s"]).to_parquet(out)
