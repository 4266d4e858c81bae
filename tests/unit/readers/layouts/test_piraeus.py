"""Piraeus research set: Unix milliseconds, a hash for the vessel, longitude first."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.unit.readers.layouts.lib import adds_up, read_text, rows

HEADER = "t,vessel_id,lon,lat,heading,speed,course"
HASH = "4a5b96f2b7ac0e63ddb0cf0dd01ccd4b4a3b58cc8bd0a8e2c5b9b5e8f9ad1a11"
ROW = f"1527811200250,{HASH},23.5643,37.9436,511,0.1,283.5"


def test_hash_and_milliseconds(tmp_path):
    result = read_text(tmp_path, f"{HEADER}\n{ROW}\n")
    assert result.files[0].layout == "piraeus"
    (row,) = rows(result)
    assert row["time"] == datetime(2018, 6, 1, 0, 0, 0, 250_000, tzinfo=UTC)
    assert (row["vessel_id"], row["mmsi"]) == (HASH, None)
    assert (row["lon_deg"], row["lat_deg"], row["sog_kn"], row["cog_deg"]) == (23.5643, 37.9436, 0.1, 283.5)
    assert rows(read_text(tmp_path, f"{HEADER}\n{ROW}\n", speed_unit="0.1kn"))[0]["sog_kn"] == 0.01


def test_bad_rows(tmp_path):
    seconds, nobody = ROW.replace("1527811200250", "1527811200"), ROW.replace(HASH, "")
    result = read_text(tmp_path, "\n".join([HEADER, ROW, seconds, nobody, ROW.replace("1527811200250", "")]))
    assert result.files[0].rejected == {"bad_time": 1, "missing_vessel": 1, "time_out_of_range": 1}
    adds_up(result)
