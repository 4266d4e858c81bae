"""Tables through a column map, our own Parquet, and frames from Python."""

from __future__ import annotations

import gzip
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.errors import InputError, SchemaError, StsError, UsageError
from stsdetect.readers import read, write_positions
from stsdetect.schema import POSITIONS
from stsdetect.settings import ReadSettings

MAP = {"time": "when", "lat": "Lat N", "lon": "Lon E", "mmsi": "id"}


def write(tmp_path: Path, text: str, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def times(result) -> list[datetime]:
    return result.positions.column("time").to_pylist()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path, delimiter):
    text = "when,Lat N,Lon E,id\n2021-03-20 00:22:00,31.5,32.5,1\n".replace(",", delimiter)
    result = read(write(tmp_path, text), settings=ReadSettings(columns=MAP))
    assert result.files[0].layout == "table"
    assert result.files[0].notes == ("times have no zone; read as UTC",)
    assert times(result) == [datetime(2021, 3, 20, 0, 22, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("stamps", "note"),
    [
        (["2021-03-20 00:22:00 KST"], None),
        (["2021-03-20 00:22:00 KST", "soon"], None),
        (["soon", "2021-03-20 00:22:00"], "times have no zone; read as UTC"),
        (["2021-03-20 00:22:00 KST", "13/04/2021 00:00"], "times have no zone; read as UTC"),
        (["2021-03-20 00:22:00 KST", "2021-03-20 00:22:00+09"], None),
        (["soon"] * 2000 + ["1616199720"], "times read as Unix time in s"),
    ],
)
@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_is_said_of_times_goes_by_one_that_can_be_read(tmp_path, stamps, note, form):
    rows = [{"when": stamp, "Lat N": 31.5, "Lon E": 32.5, "id": 1} for stamp in stamps]
    lines = [",".join(map(str, row.values())) for row in rows]
    text = json.dumps(rows) if form == "json" else "\n".join([",".join(rows[0]), *lines, ""])
    result = read(write(tmp_path, text), settings=ReadSettings(columns=MAP, day_first=True))
    assert [said for said in result.files[0].notes if said.startswith("times")] == ([note] if note else [])


@pytest.mark.parametrize(
    ("dates", "day_first", "expected"),
    [
        (["03/04/2021 00:00", "13/04/2021 00:00"], None, [(4, 3), (4, 13)]),
        (["03/04/2021 00:00", "04/13/2021 00:00"], None, [(3, 4), (4, 13)]),
        (["03/04/2021 00:00"], True, [(4, 3)]),
        (["03/04/2021 00:00"], False, [(3, 4)]),
        (["03/04/2021 00:00"], None, "3 April or 4 March"),
        (["when", "03/04/2021 00:00"], None, "3 April or 4 March"),
        (["13/04/2021 00:00", "04/13/2021 00:00"], None, "day first and dates with the month first"),
    ],
)
def test_day_or_month_first(tmp_path, dates, day_first, expected):
    path = write(tmp_path, "when,Lat N,Lon E,id\n" + "".join(f"{date},31.5,32.5,1\n" for date in dates))
    chosen = ReadSettings(columns=MAP, day_first=day_first)
    if isinstance(expected, str):
        with pytest.raises(InputError, match=expected):
            read(tmp_path, settings=chosen)  # asked even where the file is one of a folder
        return
    assert [(t.month, t.day) for t in times(read(path, settings=chosen))] == expected


def test_day_is_settled_far_into_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr("stsdetect.readers.blocks.BLOCK_BYTES", 100)
    rows = ["03/04/2021 00:00,31.5,32.5,1"] * 50 + ["30/04/2021 00:00,31.5,32.5,1"]
    result = read(write(tmp_path, "\n".join(["when,Lat N,Lon E,id", *rows])), settings=ReadSettings(columns=MAP))
    assert times(result)[0] == datetime(2021, 4, 3, tzinfo=UTC)


def test_epochs_are_noted(tmp_path):
    path = write(tmp_path, "when,Lat N,Lon E,id\n1616198400000,31.5,32.5,1\n")
    result = read(path, settings=ReadSettings(columns=MAP))
    assert result.files[0].notes == ("times read as Unix time in ms",)
    assert times(result) == [datetime(2021, 3, 20, tzinfo=UTC)]


def test_offset_of_the_clock(tmp_path):
    path = write(tmp_path, "when,Lat N,Lon E,id\n2021-03-20 09:00:00,31.5,32.5,1\n")
    result = read(path, settings=ReadSettings(columns=MAP, utc_offset_h=9))
    assert times(result) == [datetime(2021, 3, 20, tzinfo=UTC)]
    assert "9 h ahead" in result.files[0].notes[0]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({**MAP, "speeed": "id"}, "nothing can be mapped to 'speeed'.*Names to map to"),
        ({**MAP, "lat": "Lat_N"}, "no column 'Lat_N' .mapped to lat.. Did you mean 'Lat N'"),
        ({"time": "when", "mmsi": "id"}, "lacks lat, lon;"),
        ({"time": "when", "lat": "Lat N", "lon": "Lon E"}, "lacks mmsi"),
    ],
)
def test_wrong_maps(tmp_path, columns, message):
    path = write(tmp_path, "when,Lat N,Lon E,id\n2021-03-20 00:22:00,31.5,32.5,1\n")
    with pytest.raises(UsageError, match=message):
        read(path, settings=ReadSettings(columns=columns))


def test_a_table_without_map_is_refused_with_a_map_to_paste(tmp_path):
    path = write(tmp_path, "Time,MMSI,Latitude_degrees,Longitude_degrees,SOG knots\n")
    with pytest.raises(InputError) as caught:
        read(path)
    assert "--map time=Time --map lat=Latitude_degrees --map lon=Longitude_degrees --map mmsi=MMSI" in str(caught.value)


def test_vessel_ids_and_text_types(tmp_path):
    lines = ["2021-03-20 00:22:00,31.5,32.5,A-1,tanker,at anchor", ",1,1,A,,", "2021-03-20 00:22:00,1,1,,,"]
    text = "\n".join(["when,Lat N,Lon E,id,kind,state", *lines])
    columns = {"time": "when", "lat": "Lat N", "lon_deg": "Lon E", "vessel_id": "id", "ship_type": "kind"}
    result = read(
        write(tmp_path, text), settings=ReadSettings(columns={**columns, "nav_status": "state"}), vessels={"A-1"}
    )
    (row,) = result.positions.to_pylist()
    assert (row["vessel_id"], row["mmsi"], row["ship_type"], row["nav_status"]) == ("A-1", None, 80, 1)
    assert result.files[0].rejected == {"bad_time": 1, "missing_vessel": 1}


def positions() -> pa.Table:
    when = datetime(2024, 3, 1, tzinfo=UTC)
    return POSITIONS.table(
        {
            "mmsi": [412000001, None],
            "vessel_id": [None, "x"],
            "time": [when, when],
            "lat_deg": [38.123456789, None],
            "lon_deg": [-180.0, None],
            "nav_status": [5, None],
            "ship_type": [84, 0],
            "message_type": [27, 5],
            "transceiver": ["A", None],
            "station": ["ship", "sar_aircraft"],
            "imo": [9074729, 0],
            "name": ["=cmd()", None],
            "to_port_m": [0.5, None],
            "source_file": ["a.csv!b", None],
            "source_row": [7, None],
        }
    )


def test_own_parquet_comes_back_unchanged(tmp_path):
    path = tmp_path / "p.bin"
    table = positions()
    write_positions(table, path)
    result = read(path)
    assert result.files[0].layout == "positions"
    expected = table.to_pylist()
    expected[1] |= {"source_file": str(path), "source_row": 2}
    assert result.positions.to_pylist() == expected
    assert result.positions.schema == POSITIONS.arrow
    assert [p.name for p in tmp_path.iterdir()] == ["p.bin"]
    with pytest.raises(UsageError, match="cannot be written"):
        write_positions(table, tmp_path / "no" / "p.parquet")
    with pytest.raises(SchemaError):
        write_positions(table.drop_columns(["time"]), path)


def test_own_parquet_rejects_wrong_rows(tmp_path):
    table = pa.table(
        {
            "time": pa.array([0, 1709251200000000, 1709251200000000], pa.timestamp("us", tz="UTC")),
            "lat_deg": [1.0, float("inf"), 2.0],
            "lon_deg": [1.0, 1.0, 2.0],
            "mmsi": [1, 2, 3],
        }
    )
    pq.write_table(table, tmp_path / "p")
    result = read(tmp_path / "p")
    assert result.files[0].rejected == {"bad_position": 1, "time_out_of_range": 1}
    assert result.positions.column("source_row").to_pylist() == [3]


def test_other_parquet_needs_a_map(tmp_path):
    path = tmp_path / "x.parquet"
    frame = pa.table({"when": [1616198400], "Lat N": [1.5], "Lon E": [2.5], "id": ["412000001"], "more": [[1]]})
    pq.write_table(frame, path)
    with pytest.raises(InputError, match="--map"):
        read(path)
    result = read(path, settings=ReadSettings(columns=MAP))
    assert result.files[0].layout == "table"
    assert result.positions.column("mmsi").to_pylist() == [412000001]


def test_frames_from_pandas_and_arrow():
    frame = pd.DataFrame(
        {
            "time": pd.to_datetime(["2024-03-01T00:00:00Z", "2024-03-01T00:01:00Z"]),
            "lat_deg": [38.5, None],
            "lon_deg": [122.0, None],
            "mmsi": [412000001, 412000002],
            "own notes": [object(), object()],
        }
    )
    before = frame.copy()
    result = read(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert result.files[0].layout == "frame"
    assert result.positions.column("lat_deg").to_pylist() == [38.5, None]
    assert result.positions.column("source_file").to_pylist() == ["frame", "frame"]
    arrow = read(pa.Table.from_pandas(frame.drop(columns="own notes")))
    assert arrow.positions.equals(result.positions)
    empty = read(frame.iloc[:0])
    assert empty.positions.num_rows == 0
    assert empty.positions.schema == POSITIONS.arrow


def test_frames_with_wrong_columns():
    frame = pd.DataFrame({"when": ["2024-03-01 00:00:00"], "lat_deg": [1.0], "lon_deg": [1.0], "mmsi": [1]})
    with pytest.raises(InputError, match="needs time, lat_deg"):
        read(frame)
    columns = {"time": "when", "lat": "lat_deg", "lon": "lon_deg", "mmsi": "mmsi"}
    assert read(frame, settings=ReadSettings(columns=columns)).files[0].rows_kept == 1
    naive = frame.rename(columns={"when": "time"}).assign(time=pd.to_datetime(frame["when"]))
    with pytest.raises(SchemaError, match="time zone"):
        read(naive)


def test_columns_of_one_name_are_refused(tmp_path):
    when = pa.array([datetime(2024, 3, 1, tzinfo=UTC)], pa.timestamp("us", tz="UTC"))
    one = pa.array([1.0])
    table = pa.Table.from_arrays([when, one, one, one, one], names=["time", "lat_deg", "lat_deg", "lon_deg", "mmsi"])
    with pytest.raises(SchemaError, match="more than one column"):
        read(table)
    pq.write_table(table, tmp_path / "p")
    with pytest.raises(StsError, match="more than one column"):
        read(tmp_path / "p")


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(["parquet", "gz", "zst", "zip"]), st.data())
def test_damaged_containers_never_end_in_a_traceback(tmp_path_factory, kind, data):
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / "x"
    text = b"MMSI,BaseDateTime,LAT,LON\n" + b"412000001,2024-03-01T00:00:00,38.5,122.5\n" * 20
    if kind == "parquet":
        write_positions(positions(), path)
        raw = bytearray(path.read_bytes())
    elif kind == "gz":
        raw = bytearray(gzip.compress(text))
    elif kind == "zst":
        raw = bytearray(pa.compress(text, "zstd", asbytes=True))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", text)
        raw = bytearray(path.read_bytes())
    raw[data.draw(st.integers(4, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, len(raw)))
    path.write_bytes(bytes(raw[:cut]) if data.draw(st.booleans()) else bytes(raw))
    try:
        result = read([path])
    except StsError as problem:
        assert str(path) in str(problem)  # noqa: PT017
        return
    for file in result.files:
        assert file.rows_read == file.rows_kept + sum(file.rejected.values())


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("time", datetime(1970, 1, 1, tzinfo=UTC), None),
        ("mmsi", 10**9, None),
        ("lat_deg", float("inf"), None),
        ("lat_deg", None, None),
        ("lat_deg", 120.0, 120.0),
        ("sog_kn", float("nan"), None),
        ("nav_status", 99, None),
        ("nav_status", 15, 15),
        ("ship_type", 1024, 80),
        ("ship_type", 84, 84),
        ("message_type", 64, None),
        ("imo", -1, None),
        ("transceiver", "class a", "A"),
        ("station", "lighthouse", None),
        ("name", "  SPACED ", "SPACED"),
        ("name", "", None),
        ("source_row", None, 2),
        ("source_file", None, "frame"),
    ],
)
def test_judged_rows_pass_as_they_stand_and_others_are_judged(column, value, expected):
    """A column that needs no judging and one that does, side by side, give what each gives alone."""
    good = positions().slice(0, 1).to_pylist()[0]
    table = POSITIONS.table({name: [good[name], value if name == column else good[name]] for name in good})
    result = read(table)
    first, *second = result.positions.to_pylist()
    assert first == good
    if column in ("time", "mmsi", "lat_deg") and expected is None:
        assert not second
        assert result.rejects.num_rows == 1
    else:
        assert second == [{**good, column: expected}]
        assert result.rejects.num_rows == 0


def test_lines_of_title_stand_above_the_header_of_a_mapped_table(tmp_path):
    path = tmp_path / "ministry.csv"
    path.write_text(
        "Vessel positions\nPeriod: 1 March 2024, all day\nShip,When,North,East\n367000001,2024-03-01T00:00:00,29,-94\n"
    )
    columns = {"mmsi": "Ship", "time": "When", "lat": "North", "lon": "East"}
    result = read(path, settings=ReadSettings(columns=columns))
    assert [(row["mmsi"], row["source_row"]) for row in result.positions.to_pylist()] == [(367000001, 4)]
    with pytest.raises(StsError, match=r"no column .Boat. .mapped to mmsi.*Its columns: Ship, When, North, East"):
        read(path, settings=ReadSettings(columns=columns | {"mmsi": "Boat"}))
    with pytest.raises(StsError, match=r"in no layout stsdetect knows .columns: Ship, When, North, East"):
        read(path)


@pytest.mark.parametrize(
    ("when", "remark"),
    [
        (pa.array([datetime(2024, 3, 1)], pa.timestamp("us")), "times have no zone; read as 9 h ahead of UTC"),
        (pa.array(["2024-03-01 00:00:00"]), "times have no zone; read as 9 h ahead of UTC"),
        (pa.array([1_709_251_200]), "times read as Unix time in s"),
        (pa.array([datetime(2024, 3, 1)], pa.timestamp("us", "UTC")), None),
    ],
    ids=lambda value: str(getattr(value, "type", "")),
)
def test_how_times_of_a_mapped_parquet_table_were_read_is_said(tmp_path, when, remark):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"when": when, "Lat N": [31.5], "Lon E": [32.5], "id": [1]}), path)
    result = read(path, settings=ReadSettings(columns=MAP, utc_offset_h=9.0))
    assert result.files[0].rows_kept == 1
    assert result.files[0].notes == (() if remark is None else (remark,))


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("from_file", [False, True])
@pytest.mark.parametrize(
    ("kind", "bits", "last"),
    [("float32", 32, 351_900_001), ("float32", 32, 1 << 24), ("float16", 16, 351_900_001), ("float16", 16, 2049)],
)
@pytest.mark.parametrize("name", ["mmsi", "imo", "vessel_id"])
def test_numbers_in_floats_too_short_for_them_are_refused(tmp_path, mapped, from_file, kind, bits, last, name):
    with np.errstate(over="ignore"):
        numbers = np.array([1000, np.nan, last]).astype(kind)
    table = pa.table(
        {
            "time": pa.array([datetime(2024, 3, 1, tzinfo=UTC)] * 3, pa.timestamp("us", tz="UTC")),
            "lat_deg": [1.0, 2.0, 3.0],
            "lon_deg": [1.0, 2.0, 3.0],
            "mmsi": [1, 2, 3],
        }
    )
    columns = {key: key for key in ("time", "lat_deg", "lon_deg", "mmsi", name)} if mapped else {}

    def given(values: pa.Array):
        whole = table.drop_columns(["mmsi"]) if name == "mmsi" else table
        whole = whole.append_column(name, values)
        if not from_file:
            return whole
        pq.write_table(whole, tmp_path / "t.parquet")
        return tmp_path / "t.parquet"

    with pytest.raises(SchemaError, match=f"column '{name}' of .*(frame|t.parquet) holds {bits}-bit floats.* as text"):
        read(given(pa.array(numbers)), settings=ReadSettings(columns=columns))
    # What such floats can hold, and longer ones, are read as before.
    short = pa.array(np.array([1000, 1001, 2047], kind))
    rows = read(given(short), settings=ReadSettings(columns=columns)).positions
    assert [int(value) for value in rows.column(name).to_pylist()] == [1000, 1001, 2047]
    long = pa.array([1000.0, 1001.0, 351_900_001.0])
    rows = read(given(long), settings=ReadSettings(columns=columns)).positions
    assert int(rows.column(name)[2].as_py()) == 351_900_001


def _as_naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


@pytest.mark.parametrize("zone_h", [None, 8.0])
@pytest.mark.parametrize(
    ("form", "note"),
    [
        (_as_naive, "times have no zone; read as UTC"),
        (lambda moment: _as_naive(moment).isoformat(" "), "times have no zone; read as UTC"),
        (lambda moment: int(moment.timestamp()), "times read as Unix time in s"),
        (lambda moment: moment, None),
        (lambda moment: moment.isoformat(), None),
    ],
)
def test_frames_and_files_say_alike_how_their_times_were_read(tmp_path, form, note, zone_h):
    moments = [datetime(2024, 3, 1, hour, tzinfo=UTC) for hour in (6, 7)]
    frame = pd.DataFrame({"when": [form(m) for m in moments], "lat": 1.5, "lon": 2.5, "id": [1, 1]})
    before = frame.copy()
    rules = ReadSettings(columns={"time": "when", "lat": "lat", "lon": "lon", "mmsi": "id"}, utc_offset_h=zone_h)
    frame.to_parquet(tmp_path / "t.parquet")
    one, other = read(frame, settings=rules), read(tmp_path / "t.parquet", settings=rules)
    if zone_h and note and "zone" in note:
        note = "times have no zone; read as 8 h ahead of UTC"
    said = one.files[0].notes
    assert said == other.files[0].notes
    assert said[:1] == (() if note is None else (note,))
    assert times(one) == times(other)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("form", "notes"),
    [
        (lambda moment: _as_naive(moment).isoformat(" "), ("times have no zone; read as UTC",)),
        (lambda moment: int(moment.timestamp()), ("times read as Unix time in s",)),
        (lambda moment: moment.isoformat(), ()),
        (lambda moment: moment, ()),
    ],
)
def test_without_a_map_frames_and_files_say_it_too(tmp_path, form, notes):
    moment = datetime(2024, 3, 1, 6, tzinfo=UTC)
    frame = pd.DataFrame({"time": [form(moment)], "lat_deg": 1.5, "lon_deg": 2.5, "mmsi": 1})
    frame.to_parquet(tmp_path / "t.parquet")
    for result in (read(frame), read(tmp_path / "t.parquet")):
        assert result.files[0].notes == notes
        assert times(result) == [moment]
