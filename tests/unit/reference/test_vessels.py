"""Codes that vessels broadcast."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stsdetect.reference
from stsdetect.reference.facts import read_facts
from stsdetect.reference.vessels import (
    MMSI_FORM_NAMES,
    NAV_STATUSES,
    SHIP_TYPES,
    flag_evidence,
    flag_of,
    imo_ok,
    legacy_noaa_type,
    mmsi_form,
    mmsi_forms,
    nav_status_code,
    nav_status_name,
    ship_type_code,
    ship_type_name,
)

TABLES = sorted((Path(stsdetect.reference.__file__).parent / "data").glob("*.csv"))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_packaged_fact_has_source_confidence_and_date(path):
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert rows
    for row in rows:
        assert None not in row
        assert row["source"]
        assert row["confidence"].split(" ")[0] in {"high", "medium", "medium-low", "low"}
        assert row["date"][:2] == "20"


def test_reading_a_table_keeps_all_its_rows():
    assert {len(read_facts(path.name)) for path in TABLES if path.stem == "mid_flags"} == {292}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Tanker", 80),
        ("CARGO", 70),
        (" passenger ", 60),
        ("Fishing", 30),
        ("Towing", 31),
        ("Towing long/wide", 32),
        ("Dredging", 33),
        ("Diving", 34),
        ("Military", 35),
        ("Sailing", 36),
        ("Pleasure", 37),
        ("Reserved", 38),
        ("HSC", 40),
        ("Pilot", 50),
        ("SAR", 51),
        ("Tug", 52),
        ("Port tender", 53),
        ("Anti-pollution", 54),
        ("Law enforcement", 55),
        ("Spare 1", 56),
        ("Spare 2", 57),
        ("Medical", 58),
        ("Not party to conflict", 59),
        ("WIG", 20),
        ("Other", 90),
        ("Undefined", 0),
        ("37.0", 37),
        ("1024.0", 80),
        ("zeppelin", None),
        ("", None),
        ("-1", None),
        ("37.5", None),
        ("nan", None),
        ("1e400", None),
        ("500", None),
    ],
)
def test_ship_type_texts(text, code):
    assert ship_type_code(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Under way using engine", 0),
        ("At anchor", 1),
        ("Not under command", 2),
        ("Restricted maneuverability", 3),
        ("Constrained by her draught", 4),
        ("moored", 5),
        ("Aground", 6),
        ("Engaged in fishing", 7),
        ("Under way sailing", 8),
        ("Reserved for future amendment [HSC]", 9),
        ("Power-driven vessel towing astern", 11),
        ("Power-driven vessel pushing ahead or towing alongside", 12),
        ("Reserved for future use [13]", 13),
        ("AIS-SART (active)", 14),
        ("Unknown value", 15),
        ("5.0", 5),
        ("16", None),
        ("adrift", None),
    ],
)
def test_nav_status_texts(text, code):
    assert nav_status_code(text) == code


def test_names_lead_back_to_their_class():
    assert all(ship_type_code(name) is not None for code, name in SHIP_TYPES.items() if code % 10 == 0)
    assert all(nav_status_code(name) == code for code, name in NAV_STATUSES.items())
    assert set(SHIP_TYPES) == set(range(100))
    assert ship_type_name(1024) == "tank ship"
    assert ship_type_name(4000) == "unknown type 4000"
    assert nav_status_name(99) == "unknown status 99"


def test_legacy_types_cover_1001_to_1025_and_no_more():
    assert all(legacy_noaa_type(code) in SHIP_TYPES for code in range(1001, 1026))
    assert [legacy_noaa_type(code) for code in (1000, 1026, 80)] == [None] * 3
    assert [legacy_noaa_type(code) for code in (1017, 1019, 1023, 1024, 1025)] == [80, 37, 80, 80, 31]


@pytest.mark.parametrize(
    ("mmsi", "form", "flag"),
    [
        (445123000, "ship", "KP"),
        (638000123, "ship", "SS"),
        (740331000, "ship", "FK"),
        (2190064, "base", "DK"),  # 002190064 as written
        (21900640, "group", "DK"),
        (111265001, "sar_aircraft", "SE"),
        (812345678, "handheld", None),
        (836612345, "handheld", "US"),
        (970012345, "sart", None),
        (972012345, "sart", None),
        (974012345, "sart", None),
        (983661234, "aux", "US"),
        (992190001, "aid", "DK"),
        (299000000, "ship", None),
        (0, "junk", None),
        (1, "junk", None),
        (111111111, "junk", None),
        (123456789, "junk", None),
        (999999999, "junk", None),
        (1193046, "junk", None),
        (-5, "invalid", None),
        (99, "invalid", None),
        (973012345, "invalid", None),
        (111999999, "invalid", None),
        (1_000_000_000, "invalid", None),
        (10**30, "invalid", None),
    ],
)
def test_mmsi_forms_and_flags(mmsi, form, flag):
    assert mmsi_form(mmsi) == form
    found = flag_of(mmsi)
    assert (found and found[0]) == flag


@given(st.lists(st.integers(-(2**62), 2**62) | st.integers(0, 999_999_999)))
def test_vectorised_forms_equal_the_plain_ones(values):
    codes = mmsi_forms(np.array(values, dtype=np.int64))
    assert codes.dtype == np.int8
    assert [MMSI_FORM_NAMES[code] for code in codes] == [mmsi_form(value) for value in values]


@given(st.integers(100_000, 999_999))
def test_one_last_digit_of_ten_makes_an_imo_number(first):
    assert sum(imo_ok(first * 10 + last) for last in range(10)) == 1


@pytest.mark.parametrize("imo", [None, "", "IMO9074729", 0, -9074729, 907472, 99999999, float("nan"), float("inf")])
def test_what_is_not_an_imo_number(imo):
    assert not imo_ok(imo)


def test_imo_numbers_in_use():
    assert all(imo_ok(imo) for imo in (9074729, "9074729", 7408873, 8916293, np.int64(8126070)))


def test_flag_evidence_is_keyed_by_country():
    assert flag_evidence()["SL"]["confidence"] == "high"
