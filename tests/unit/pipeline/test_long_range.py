"""Long-range reports (type 27): "no speed" (63) and "no course" (511) are theirs alone, whatever file they come in."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pyais.encode import encode_dict

from stsdetect.kernels.choice import use_compiled
from stsdetect.pipeline import detect
from stsdetect.readers import read
from stsdetect.settings import load_settings
from stsdetect.tracks import build_tracks

EXACTEARTH = (
    "MMSI,Message_ID,Time,Millisecond,Vessel_Name,IMO,Ship_Type,Dimension_to_Bow,Dimension_to_stern,Dimension_to_port,"
    "Dimension_to_starboard,SOG,Longitude,Latitude,COG,Heading"
)
KPLER = {
    "mmsi": 273123000, "msg_type": 27, "msg_description": "position", "timestamp": "2024-03-01T00:00:05Z",
    "latitude": 42.5, "longitude": 130.25,
}  # fmt: skip


def sentence(sog: int, cog: int) -> str:
    (text,) = encode_dict(
        {"msg_type": 27, "mmsi": 273123000, "lat": 42.5, "lon": 130.25, "speed": sog, "course": cog, "status": 0},
        talker_id="AI", sentence_type="VDM", radio_channel="A", seq_id=0,
    )  # fmt: skip
    return f"{text},1709251205\n"


FORMS = {
    "exactearth": (
        "a.csv", lambda sog, cog: f"{EXACTEARTH}\n273123000,27,20240301_000005,0,,,,,,,,{sog},130.25,42.5,{cog},511\n"
    ),
    "spire_historical": (
        "a.csv",
        lambda sog, cog: (
            "timestamp,mmsi,msg_type,latitude,longitude,speed,course,heading,created_at,collection_type\n"
            f"2024-03-01T00:00:05Z,273123000,27,42.5,130.25,{sog},{cog},511,2024-03-01T00:09:00Z,satellite\n"
        ),
    ),
    "kystdatahuset": (
        "a.csv",
        lambda sog, cog: (
            "mmsi;date_time_utc;lon;lat;sog;cog;true_heading;nav_status;message_nr\n"
            f"273123000;2024-03-01 00:00:05;130.25;42.5;{sog};{cog};511;0;27\n"
        ),
    ),
    "eais_ungp": (
        "a.csv",
        lambda sog, cog: (
            "mmsi,longitude,latitude,sog,cog,heading,dt_pos_utc,message_type\n"
            f"273123000,130.25,42.5,{sog},{cog},511,2024-03-01 00:00:05,27\n"
        ),
    ),
    "kpler": ("a.json", lambda sog, cog: json.dumps([{**KPLER, "speed": sog, "course": cog}])),
    "nmea": ("a.nm4", sentence),
}  # fmt: skip
#: What a fix is, but for its line in a file, and what some forms do not tell.
MOMENT = ("vessel", "time", "lat_deg", "lon_deg", "sog_kn", "cog_deg", "heading_deg", "speed_kn", "quality")


@pytest.mark.parametrize("loops", [False, True])
@pytest.mark.parametrize("layout", FORMS)
def test_one_report_is_the_same_fix_in_every_form(tmp_path, layout, loops):
    if loops:
        pytest.importorskip("numba")
    name, form = FORMS[layout]
    for sent, said in (((63, 511), (None, None)), ((62, 359), (62.0, 359.0)), ((0, 0), (0.0, 0.0))):
        (tmp_path / name).write_text(form(*sent))
        result = read(tmp_path / name)
        assert result.files[0].layout == layout
        with use_compiled(loops):
            (fix,) = build_tracks(result.positions).fixes.select(MOMENT).to_pylist()
        assert (fix["vessel"], fix["time"].timestamp(), fix["quality"]) == ("273123000", 1709251205, 1)
        assert (fix["lat_deg"], fix["lon_deg"], fix["heading_deg"]) == (
            pytest.approx(42.5),
            pytest.approx(130.25),
            None,
        )
        assert (fix["sog_kn"], fix["cog_deg"], fix["speed_kn"]) == (*said, said[0])


def test_63_knots_of_other_reports_are_a_speed(tmp_path):
    name, form = FORMS["kystdatahuset"]
    (tmp_path / name).write_text(form(63, 90).replace(";27\n", ";1\n"))
    (fix,) = build_tracks(read(tmp_path / name).positions).fixes.to_pylist()
    assert (fix["sog_kn"], fix["speed_kn"]) == (63.0, 63.0)


def tankers(path: Path, sog: str, apart_km: float) -> Path:
    """Two tankers that sail north at 8 kn side by side, heard hourly by type 27 but for a day in the middle."""
    start, lines = datetime(2021, 3, 1), [EXACTEARTH]
    for mmsi, lon in ((257000001, -40.0), (273000002, -40.0 + apart_km / 71.6)):
        lines.append(f"{mmsi},5,{start:%Y%m%d_%H%M%S},0,N{mmsi},,84,200,44,20,22,,,,,")
        for hour in (*range(24), *range(48, 72)):
            # In the silence they stay where they are.
            lat = 50 + (min(hour, 24) + max(hour - 48, 0)) * 8 / 60
            stamp = start + timedelta(hours=hour)
            lines.append(f"{mmsi},27,{stamp:%Y%m%d_%H%M%S},0,,,,,,,,{sog},{lon},{lat:.4f},511,511")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("apart_km", [400, 1200])
def test_without_a_speed_nothing_is_fast_enough_to_meet_far_away(tmp_path, apart_km):
    path = tmp_path / "a.csv"
    found = []
    for sog in ("63", ""):
        events = detect(tankers(path, sog, apart_km), settings=load_settings()).events
        found.append(events.drop(columns="geometry"))
        assert sorted(events["kind"]) == ["gap", "gap"]
        assert events["speed_before_kn"].tolist() == [pytest.approx(8, abs=0.1)] * 2
    assert found[0].equals(found[1])
