"""Write the packaged fact tables of stsdetect/reference/data from a folder of gathered source facts.

    python seeds/make_facts.py FOLDER

FOLDER holds zones.csv, ports.csv, mid_flags.csv and flag_evidence.csv (each row with ``source`` and
``confidence``). The AIS code tables are short and stand below, in our own words; their sources are named
on every row. The output is the same byte for byte for the same input.
"""

from __future__ import annotations

import csv
import re
import sys
import unicodedata
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "stsdetect" / "reference" / "data"
GATHERED = "2026-11"

ITU = "ITU-R M.1371-5, as described by gpsd www/AIVDM.adoc"
DMA = "Danish Maritime Authority daily CSV files (Ship type and Navigational status columns)"
NOAA = "NOAA MarineCadastre vessel type codes 2018 (AVIS service types); AIS type is our reading"
M585 = "ITU-R M.585-9, as quoted by leoneljdias/mmsi-country-lookup README"

#: first code, last code, name, other spellings (the first code is what a spelling stands for)
SHIP_TYPES = [
    (0, 0, "not available", "undefined|unknown|not available|none"),
    (1, 19, "reserved", ""),
    (20, 29, "wing in ground", "wig"),
    (30, 30, "fishing", "fishing vessel"),
    (31, 31, "towing", "tug tow"),
    (32, 32, "towing, long or wide", "towing long/wide"),
    (33, 33, "dredging or underwater work", "dredging|dredging/underwater ops"),
    (34, 34, "diving", "diving ops"),
    (35, 35, "military", "military ops"),
    (36, 36, "sailing", ""),
    (37, 37, "pleasure craft", "pleasure|pleasure craft/sailing"),
    (38, 39, "reserved", "reserved"),
    (40, 49, "high-speed craft", "hsc|high speed craft|high speed craft (hsc)"),
    (50, 50, "pilot vessel", "pilot"),
    (51, 51, "search and rescue", "sar|search and rescue vessel"),
    (52, 52, "tug", ""),
    (53, 53, "port tender", ""),
    (54, 54, "anti-pollution", "anti pollution|anti-pollution equipment"),
    (55, 55, "law enforcement", ""),
    (56, 56, "local vessel", "spare 1"),
    (57, 57, "local vessel", "spare 2"),
    (58, 58, "medical transport", "medical"),
    (59, 59, "not party to a conflict", "not party to conflict|ships according to rr"),
    (60, 69, "passenger", "passenger ship"),
    (70, 79, "cargo", "cargo ship"),
    (80, 89, "tanker", ""),
    (90, 99, "other", "other type"),
]
HAZARD = {1: "hazard category A", 2: "hazard category B", 3: "hazard category C", 4: "hazard category D"}

NAV_STATUS = [
    (0, "under way using engine", "underway using engine"),
    (1, "at anchor", "anchored"),
    (2, "not under command", ""),
    (3, "restricted manoeuvrability", "restricted maneuverability|restricted manoeuverability"),
    (4, "constrained by draught", "constrained by her draught|constrained by her draft"),
    (5, "moored", ""),
    (6, "aground", ""),
    (7, "engaged in fishing", "fishing"),
    (8, "under way sailing", "underway sailing"),
    (9, "reserved, high-speed craft", "reserved for future amendment [hsc]"),
    (10, "reserved, wing in ground", "reserved for future amendment [wig]"),
    (11, "towing astern", "power-driven vessel towing astern|reserved for future use [11]"),
    (
        12,
        "pushing ahead or towing alongside",
        "power-driven vessel pushing ahead or towing alongside|reserved for future use [12]",
    ),
    (13, "reserved", "reserved for future use|reserved for future use [13]"),
    (14, "search and rescue transmitter", "ais-sart|ais-sart (active)|ais-sart is active"),
    (15, "undefined", "unknown value|unknown|not defined|not defined (default)"),
]

LEGACY = [
    (1001, "commercial fishing vessel", 30, "high"),
    (1002, "fish processing vessel", 30, "high"),
    (1003, "freight barge", 70, "medium"),
    (1004, "freight ship", 70, "high"),
    (1005, "industrial vessel", 90, "medium"),
    (1006, "miscellaneous vessel", 90, "medium"),
    (1007, "mobile offshore drilling unit", 90, "medium"),
    (1008, "non-vessel", 90, "medium"),
    (1009, "non-vessel", 90, "medium"),
    (1010, "offshore supply vessel", 90, "medium"),
    (1011, "oil recovery", 54, "low"),
    (1012, "passenger, inspected", 60, "high"),
    (1013, "passenger, uninspected", 60, "high"),
    (1014, "passenger barge, inspected", 60, "medium"),
    (1015, "passenger barge, uninspected", 60, "medium"),
    (1016, "public freight", 70, "medium"),
    (1017, "public tankship or barge", 80, "medium"),
    (1018, "public vessel, unclassified", 90, "medium"),
    (1019, "recreational", 37, "high"),
    (1020, "research vessel", 90, "medium"),
    (1021, "search and rescue aircraft", 51, "low"),
    (1022, "school ship", 90, "medium"),
    (1023, "tank barge (NOAA groups it with tugs and tows)", 80, "medium"),
    (1024, "tank ship", 80, "high"),
    (1025, "towing vessel", 31, "high"),
]

#: form, first and last MMSI (leading zeros lost), what it is
MMSI_FORMS = [
    ("ship", 200_000_000, 799_999_999, "MIDXXXXXX ship station", M585, "high"),
    ("base", 2_000_000, 7_999_999, "00MIDXXXX coast or base station", M585, "high"),
    ("group", 20_000_000, 79_999_999, "0MIDXXXXX group of ships", M585, "high"),
    ("sar_aircraft", 111_200_000, 111_799_999, "111MIDXXX search and rescue aircraft", M585, "high"),
    ("handheld", 800_000_000, 899_999_999, "8MIDXXXXX handheld VHF", M585, "high"),
    ("sart", 970_000_000, 970_999_999, "970XXYYYY search and rescue transmitter", M585, "high"),
    ("sart", 972_000_000, 972_999_999, "972XXYYYY man overboard device", M585, "high"),
    ("sart", 974_000_000, 974_999_999, "974XXYYYY emergency beacon", M585, "high"),
    ("aux", 980_000_000, 989_999_999, "98MIDXXXX craft of a parent ship", M585, "high"),
    ("aid", 990_000_000, 999_999_999, "99MIDXXXX aid to navigation", M585, "high"),
]
JUNK_SOURCE = "factory settings and typing patterns; none has an allocated country code but 666666666"
MMSI_FORMS += [
    ("junk", value, value, "never a vessel's own number", JUNK_SOURCE, "medium")
    for value in (
        0,
        1,
        1_193_046,
        12_345_678,
        111_111_111,
        123_456_789,
        222_222_222,
        333_333_333,
        444_444_444,
        555_555_555,
        666_666_666,
        777_777_777,
        888_888_888,
        987_654_321,
        999_999_999,
    )
]


def slug(text: str) -> str:
    """Return lower-case ASCII words joined by underscores."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def write(name: str, rows: list[dict[str, object]]) -> None:
    with (DATA / name).open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{name}: {len(rows)} rows")


def dated(row: dict[str, str]) -> str:
    """Return the day a source was read where the row says so, else the month all were gathered."""
    found = re.search(r"checked (\d{4}-\d{2}-\d{2})", row["source"])
    return found.group(1) if found else GATHERED


def main(folder: Path) -> None:
    DATA.mkdir(parents=True, exist_ok=True)
    zones = [{**row, "date": dated(row)} for row in read(folder, "zones.csv")]
    write("zones.csv", zones)
    ports = []
    for row in read(folder, "ports.csv"):
        short = re.sub(r"\(.*", "", row["name"]).split("/")[0]
        ports.append({"id": f"{row['country'].lower()}_{slug(short)}", **row, "date": dated(row)})
    write("ports.csv", ports)
    flags = [
        {
            "mid": row["mid"],
            "iso2": row["iso2"],
            "country": row["name"],
            "source": row["source"],
            "confidence": row["confidence"],
            "date": GATHERED,
        }
        for row in read(folder, "mid_flags.csv")
    ]
    write("mid_flags.csv", flags)
    write("flag_evidence.csv", [{**row, "date": GATHERED} for row in read(folder, "flag_evidence.csv")])
    write("ship_types.csv", ship_types())
    status = [dict(zip(("code", "name", "texts"), row, strict=True)) for row in NAV_STATUS]
    write("nav_status.csv", [{**row, **known(f"{ITU}; {DMA}", "high")} for row in status])
    legacy = [(dict(zip(("code", "name", "ais_type"), row[:3], strict=True)), row[3]) for row in LEGACY]
    write("legacy_noaa_types.csv", [{**row, **known(NOAA, sure)} for row, sure in legacy])
    names = ("form", "first", "last", "meaning")
    forms = [(dict(zip(names, row[:4], strict=True)), row[4], row[5]) for row in MMSI_FORMS]
    write("mmsi_forms.csv", [{**row, **known(source, sure)} for row, source, sure in forms])


def known(source: str, confidence: str) -> dict[str, object]:
    return {"source": source, "confidence": confidence, "date": GATHERED}


def ship_types() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for first, last, name, texts in SHIP_TYPES:
        for code in range(first, last + 1):
            hazard = HAZARD.get(code % 10, "") if last - first == 9 and first >= 20 else ""
            rows.append(
                {
                    "code": code,
                    "name": f"{name}, {hazard}" if hazard else name,
                    "texts": texts if code == first else "",
                    **known(f"{ITU}; {DMA}" if texts else ITU, "low" if texts == "reserved" else "high"),
                }
            )
    return rows


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
