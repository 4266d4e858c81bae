"""Encounters by SQL: a self-join in DuckDB over time bins and cells. Usage: OUT CSV..."""

from __future__ import annotations

import sys

import duckdb

#: One slow fix per vessel and five minutes; vessels at rest report every three.
FIXES = """
create temp table fix as
select MMSI as mmsi, bin, arg_min(lat, t) as lat, arg_min(lon, t) as lon, min(t) as t,
       floor(arg_min(lat, t) / 0.0045)::int as y, floor(arg_min(lon, t) / 0.009)::int as x
from (select MMSI, LAT as lat, LON as lon, epoch(BaseDateTime)::bigint as t, epoch(BaseDateTime)::bigint // 300 as bin
      from read_csv($files, types = {'MMSI': 'BIGINT', 'BaseDateTime': 'TIMESTAMP', 'LAT': 'DOUBLE', 'LON': 'DOUBLE',
                                     'SOG': 'DOUBLE', 'VesselType': 'VARCHAR', 'Cargo': 'VARCHAR'})
      where SOG < 2 and abs(LAT) <= 90 and abs(LON) <= 180 and not (LAT = 0 and LON = 0))
group by MMSI, bin
"""
#: Cells are 500 m high and, up to 60 degrees, at least as wide, so a partner lies in the same cell or next to it.
MEETINGS = """
create temp table met as
with around as (
    select fix.* exclude (x, y), y + dy as y, x + dx as x
    from fix, (values (-1), (0), (1)) as v (dy), (values (-1), (0), (1)) as h (dx)
), near as (
    select a.mmsi as a, b.mmsi as b, bin, least(a.t, b.t) as t0, greatest(a.t, b.t) as t1
    from fix as a join around as b using (bin, y, x)
    where a.mmsi < b.mmsi
      and 2 * 6371000 * asin(sqrt(pow(sin(radians(b.lat - a.lat) / 2), 2)
          + cos(radians(a.lat)) * cos(radians(b.lat)) * pow(sin(radians(b.lon - a.lon) / 2), 2))) <= 500
), runs as (
    select *, bin - lag(bin) over one_pair > 3 as fresh from near window one_pair as (partition by a, b order by bin)
), numbered as (
    select *, count(*) filter (where fresh) over (partition by a, b order by bin) as run from runs
)
select a, b, min(t0) as start_s, max(t1) as end_s from numbered group by a, b, run having max(t1) - min(t0) >= 3600
"""

if __name__ == "__main__":
    out, *files = sys.argv[1:]
    con = duckdb.connect()
    con.execute(FIXES, {"files": files})
    con.execute(MEETINGS)
    con.execute(f"copy met to '{out}' (format parquet)")
