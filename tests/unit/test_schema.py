"""Tables conform, or say why not."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pytest

from stsdetect.errors import SchemaError
from stsdetect.schema import EVENTS, PAIRS, POSITIONS, TABLES, TIME

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("schema", TABLES, ids=lambda schema: schema.name)
def test_an_empty_table_has_every_column(schema):
    empty = schema.empty()
    assert empty.num_rows == 0
    assert empty.column_names == schema.names == [column.name for column in schema]
    assert empty.schema == schema.arrow
    assert schema.conform(empty) == empty


@pytest.mark.parametrize("schema", TABLES, ids=lambda schema: schema.name)
def test_every_column_has_a_name_once_and_a_meaning(schema):
    assert len(set(schema.names)) == len(schema.names)
    assert schema.doc.endswith(".")
    assert all(column.doc for column in schema)
    assert all("_nm" not in name for name in schema.names)


def test_columns_left_out_are_null():
    table = POSITIONS.table({"mmsi": [412000001], "time": [NOON], "lat_deg": [31.0], "lon_deg": [124.0]})
    assert table.schema == POSITIONS.arrow
    assert table.column("sog_kn").null_count == 1


def test_a_column_that_is_not_there():
    with pytest.raises(SchemaError, match="has no column 'lat'"):
        POSITIONS.table({"lat": [1.0]})


def test_values_of_the_wrong_type():
    with pytest.raises(SchemaError, match="column 'lat_deg' of table 'positions' must hold double"):
        POSITIONS.table({"lat_deg": ["north"]})


def test_times_without_a_zone():
    with pytest.raises(SchemaError, match=r"without a time zone.*tz_localize"):
        POSITIONS.table({"time": [datetime(2024, 3, 1)]})


def test_pandas_frames_conform_and_stay_as_they_are():
    frame = pd.DataFrame({"time": pd.to_datetime(["2024-03-01"], utc=True), "mmsi": [412000001], "name": ["A"]})
    before = frame.copy()
    table = POSITIONS.conform(frame)
    assert table.column("time").type == TIME
    assert table.column("name").to_pylist() == ["A"]
    pd.testing.assert_frame_equal(frame, before)


def test_a_missing_required_column_names_the_nearest():
    with pytest.raises(SchemaError, match=r"needs a column 'time'.*Did you mean 'times'"):
        POSITIONS.conform(pa.table({"times": [NOON]}))


def test_a_required_column_with_a_null():
    with pytest.raises(SchemaError, match="column 'time' of table 'positions' has empty values"):
        POSITIONS.conform(pa.table({"time": pa.array([NOON, None], TIME)}))


def test_extra_columns_are_an_error_unless_allowed():
    table = pa.table({"time": pa.array([NOON], TIME), "colour": ["red"]})
    with pytest.raises(SchemaError, match="no column 'colour'"):
        POSITIONS.conform(table)
    assert POSITIONS.conform(table, extra=True).column_names == POSITIONS.names


def test_the_promised_columns_of_events_and_pairs():
    promised = (
        "event_id kind subtype vessel_a vessel_b mmsi_a mmsi_b start_time end_time duration_h observed_min "
        "inferred_min lat_deg lon_deg zone_id zone_distance_km shore_distance_km n_positions_a n_positions_b "
        "is_open flags settings_id geometry min_distance_m median_distance_m hull_gap_min_m hull_gap_max_m "
        "median_speed_kn heading_alignment draught_change_a_m draught_change_b_m"
    )
    assert set(promised.split()) <= set(EVENTS.names)
    promised = (
        "pair_id vessel_a vessel_b mmsi_a mmsi_b partner_kind partner_id rank score log_odds confidence n_events "
        "first_time last_time event_ids reasons"
    )
    assert set(promised.split()) <= set(PAIRS.names)
