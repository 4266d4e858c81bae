"""UN Global Platform: CSV and Parquet with the columns as published, longitude first, extra columns."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stsdetect.readers import inspect_layout, read
from tests.unit.readers.layouts.lib import adds_up, read_text, rows

HEADER = (
    "mmsi,imo,vessel_name,callsign,vessel_type,vessel_type_code,vessel_type_cargo,vessel_class,length,width,"
    "flag_country,flag_code,destination,eta,draught,longitude,latitude,sog,cog,rot,heading,nav_status,nav_status_code,"
    "source,ts_pos_utc,ts_static_utc,dt_pos_utc,dt_static_utc,vessel_type_main,vessel_type_sub"
)
LINE = (
    "273123000,9074729,NEVA,UBXX,Tanker,84,,A,244,42,Russia,273,PRIMORSK,03201200,12.5,130.25,42.5,0.3,360,0,511,"
    "At Anchor,1,S-AIS,20240301000005,20240229235500,2024-03-01 00:00:05,2024-02-29 23:55:00,Tanker,Crude"
)
EXTRA = ",message_type,eeid,source_filename,H3index_0,H3_int_index_0"


@pytest.mark.parametrize(("more", "cells", "kind"), [("", "", None), (EXTRA, ",3,77,a.csv,8030,5769", 3)])
def test_csv(tmp_path, more, cells, kind):
    result = read_text(tmp_path, f"{HEADER}{more}\n{LINE}{cells}\n")
    assert result.files[0].layout == "eais_ungp"
    (row,) = rows(result)
    assert row["time"] == datetime(2024, 3, 1, 0, 0, 5, tzinfo=UTC)
    assert (row["lon_deg"], row["lat_deg"], row["sog_kn"], row["heading_deg"]) == (130.25, 42.5, 0.3, 511.0)
    assert (row["ship_type"], row["nav_status"], row["transceiver"]) == (84, 1, "A")
    assert (row["imo"], row["name"], row["draught_m"], row["message_type"]) == (9074729, "NEVA", 12.5, kind)
    assert "eais" in inspect_layout(tmp_path / "input.csv")[0][1]


@pytest.mark.parametrize("zone", ["Z", ".000Z", "+00:00", " UTC"])
def test_csv_as_spark_writes_times(tmp_path, zone):
    line = LINE.replace("2024-03-01 00:00:05", f"2024-03-01T00:00:05{zone}")
    (row,) = rows(read_text(tmp_path, f"{HEADER}\n{line}\n"))
    assert row["time"] == datetime(2024, 3, 1, 0, 0, 5, tzinfo=UTC)


def test_bad_rows_of_csv(tmp_path):
    late, nowhere = LINE.replace("2024-03-01 00:00:05", "20240301000005"), LINE.replace(",42.5,", ",,")
    result = read_text(tmp_path, f"{HEADER}\n{LINE}\n{late}\n{nowhere}\n")
    assert result.files[0].rejected == {"bad_position": 1, "bad_time": 1}
    adds_up(result)


@pytest.mark.parametrize("typed", [pa.string(), pa.timestamp("ns"), pa.timestamp("us", "UTC")], ids=str)
def test_parquet(tmp_path, typed):
    table = pa.table({name: [cell, cell] for name, cell in zip(HEADER.split(","), LINE.split(","), strict=True)})
    times = pa.array(["2024-03-01 00:00:05", None])
    times = times if typed == pa.string() else times.cast(pa.timestamp("us")).cast(typed)
    for name, column in {"dt_pos_utc": times, "latitude": pa.array([42.5, 42.5]), "mmsi": pa.array([1, 2])}.items():
        table = table.set_column(table.column_names.index(name), name, column)
    folder = tmp_path / "year=2024" / "month=3"
    folder.mkdir(parents=True)
    pq.write_table(table, folder / "a.parquet")
    result = read(tmp_path)
    assert result.files[0].layout == "eais_ungp_parquet"
    (row,) = rows(result)
    assert row["time"] == datetime(2024, 3, 1, 0, 0, 5, tzinfo=UTC)
    assert (row["mmsi"], row["lon_deg"], row["lat_deg"], row["ship_type"]) == (1, 130.25, 42.5, 84)
    assert result.files[0].rejected == {"bad_time": 1}
    assert rows(result)[0]["source_row"] == 1
    adds_up(result)
