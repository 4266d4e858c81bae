"""Write the packaged fact tables of stsdetect/reference/data from a folder of gathered source facts.

    python seeds/make_facts.py FOLDER

FOLDER holds zones.csv, ports.csv, mid_flags.csv, flag_evidence.csv, bbl_per_tonne.csv and volumes.csv (each row with
``source`` and ``confidence``). The AIS code tables are short and stand below, in our own words; their sources are named
on every row. So do the coefficients that turn draughts and hull sizes into tonnes. The output is the same byte for byte
for the same input.
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

EPA = "as given in USEPA/Marine_Emissions_Tools"
SCHNEEKLUTH = f"Schneekluth and Bertram, Ship Design for Efficiency and Economy (1998), (1 + 2 Cb) / 3, {EPA} calcCwp.r"
KRISTENSEN = f"Kristensen and Lutzen, Clean Shipping Currents 1(6) (2012), 0.55 + 0.45 Cb, {EPA} calcCwp.r"
OURS = "our choice, between published ships in tankers.csv"
PAL = "https://finance.detik.com/energi/d-2745881/pertamina-terima-dua-kapal-tanker-i-made-in-i-surabaya"

#: name, least, likeliest and greatest value, unit, what it is, source, confidence. Where two formulas are published the
#: least is by the one, the greatest by the other.
HULL_COEFFICIENTS = [
    ("block", 0.74, 0.79, 0.83, "-", "block coefficient of small tankers between ballast and laden",
     "Barrass, Ship Design and Performance for Masters and Mates (2004): oil tankers 0.80-0.85 laden; less where "
     "smaller and lighter is our choice", "medium"),
    ("waterplane_schneekluth", 0.827, 0.86, 0.887, "-", "waterplane coefficient by block coefficient",
     SCHNEEKLUTH, "high"),
    ("waterplane_kristensen", 0.883, 0.906, 0.924, "-", "waterplane coefficient by block coefficient",
     KRISTENSEN, "high"),
    ("waterline_by_lpp", 1.02, 1.02, 1.02, "-", "length on the waterline by length between perpendiculars, tankers",
     f"Kristensen, Ship-Desmo, {EPA} calclwl.r", "high"),
    ("lpp_by_length", 0.93, 0.95, 0.97, "-", "length between perpendiculars by length overall",
     f"149.5 m of 157.2 m: 17,500 t tankers of PT PAL, {PAL}; range is our choice", "medium"),
    ("density", 1.025, 1.025, 1.025, "t/m3", "salt water",
     "Barrass and Derrett, Ship Stability for Masters and Mates (2006), chapter 9, example 2", "high"),
    ("deadweight", 0.44, 0.50, 0.58, "-", "deadweight by 1.025 x length overall x breadth x laden draught",
     OURS, "medium"),
    ("draught_by_breadth", 0.33, 0.37, 0.42, "-", "laden draught by breadth", OURS, "medium"),
    ("length_by_breadth", 5.7, 6.3, 6.9, "-", "length overall by breadth", OURS, "medium"),
    ("ballast", 0.1, 0.3, 0.45, "-", "ballast taken by deadweight of cargo given, where any is",
     "30-42 % of deadweight by wind force: https://sailor-ru.narod.ru/chapter2/2-0.htm; least is our choice", "low"),
    ("laden_share", 0.33, 0.5, 0.9, "-", "share of deadweight handed over: scenarios 33, 50 and 90 % laden",
     "UN Panel of Experts S/2020/151 (33, 50 and 90 % laden scenarios, as in volumes.csv, from memory)", "medium"),
    ("parcel_t", 600, 1500, 2000, "t", "published parcels: 600, 1,500, 1,600 and 2,000 t",
     "cases.csv: Lighthouse Winmore 2017-10-19, Patriot 2018 (US Treasury 2018-08-21), Vityaz 2017", "high"),
    ("receiver_dwt", 1150, 3565, 5000, "t", "deadweight of receivers where nothing is known of one",
     "cases.csv: 1,150 t (Chong Rim 2), 3,565 t (Chon Ma San), 4,999 t (New Regent)", "medium"),
]  # fmt: skip

#: What the committee of resolution 1718 counts by: 11,745 barrels are 1,410 t.
NOTIFIED = {
    "product": "as notified to the UN",
    "bbl_per_tonne": "8.33",
    "m3_per_tonne": "1.324",
    "source": "China's supplies of August 2021, 11,745 barrels or 1,410 t: https://en.yna.co.kr/view/AEN20211005004600325",
    "confidence": "high",
}

#: name, length overall, breadth and draught [m], deadweight [t], source, confidence
TANKERS = [
    ("YN BUSAN", 109.45, 18.20, 6.8, 6500, "http://sbic.com.vn/NewsSBIC/PHA-RUNG-SHIPYARD-LAUNCHED-6500-DWT-OIL-CHEMICAL-"
     "TANKER-%E2%80%93-YN-BUSAN.html?p=159&id=4534", "high"),
    ("COSCO Shipping 8000 t chemical and product tanker", 119.0, 18.5, 6.3, 8000,
     "https://m.eshiptrading.com/newsxq-15895.html", "high"),
    ("KUM SAN (general cargo)", 132.0, 17.0, 7.8, 8576,
     "https://www.maritimeherald.com/2017/north-korean-freighter-kum-san-sank-off-china-after-collision/", "high"),
    ("KANG SONG HO (general cargo)", 82.1, 14.2, 5.5, 3015, "http://fr.m.wiki.x.io/wiki/Kang_Song-ho", "medium"),
    ("PT PAL 17500 t tankers", 157.2, 27.7, 7.0, 17500, PAL, "medium"),
]  # fmt: skip


STARBOARD = "https://help.starboard.nz/en/articles/5587275-how-are-vessel-encounters-identified"
SKYLIGHT = "https://skylight.helpjuice.com/en_US/event-icons"
GFW = "https://globalfishingwatch.org/faqs/what-is-a-vessel-encounter/"
GFW_PIPE = "repo README, GlobalFishingWatch/pipe-encounters df93ee4d (published_thresholds.csv)"
KERCH = "arXiv 2404.07607, as reviewed by themoonlight.io (published_thresholds.csv)"
FLEETLEAKS = "FleetLeaks author, Reddit r/AIS 2025-10, mirror (published_thresholds.csv)"

#: Rules that others publish: rule, reading, who, distance [m], time [s], greatest speed of every leg [kn], greatest
#: median speed [kn], least distance from the shore and from a port [km], ship types, least change of draught [m], what
#: the reading takes for granted, source, confidence. Empty: not asked. Rows of one rule and reading are alternatives.
PUBLISHED_RULES = [
    ("gfw", "shore", "Global Fishing Watch encounter", 500, 7200, "", 2, 10, "", "", "",
     "an anchorage of theirs lies at the shore, so 10 km from the shore stands for 10 km from an anchorage",
     f"{GFW}; {GFW_PIPE}", "high"),
    ("gfw", "port", "Global Fishing Watch encounter", 500, 7200, "", 2, "", 10, "", "",
     "only ports of our list count as anchorages, which are far fewer than theirs", f"{GFW}; {GFW_PIPE}", "high"),
    ("gfw", "shore, a tanker", "Global Fishing Watch encounter", 500, 7200, "", 2, 10, "", "a tanker", "",
     "as the first, of which a user keeps those with a tanker", f"{GFW}; {GFW_PIPE}", "medium"),
    ("gfw", "shore, two tankers", "Global Fishing Watch encounter", 500, 7200, "", 2, 10, "", "two tankers", "",
     "as the first, of which a user keeps those of two tankers", f"{GFW}; {GFW_PIPE}", "medium"),
    ("starboard", "any speed", "Starboard Maritime Intelligence encounter", 50, 600, "", "", 10, "", "", "",
     "no speed is published", STARBOARD, "high"),
    ("starboard", "any speed", "Starboard Maritime Intelligence encounter", 200, 1800, "", "", 10, "", "", "",
     "no speed is published", STARBOARD, "high"),
    ("starboard", "slow", "Starboard Maritime Intelligence encounter", 50, 600, 2, "", 10, "", "", "",
     "below 2 kn, which is not published, so that ships in company are left out", STARBOARD, "high"),
    ("starboard", "slow", "Starboard Maritime Intelligence encounter", 200, 1800, 2, "", 10, "", "", "",
     "below 2 kn, which is not published, so that ships in company are left out", STARBOARD, "high"),
    ("starboard", "slow, a tanker", "Starboard Maritime Intelligence encounter", 50, 600, 2, "", 10, "", "a tanker", "",
     "as slow, of which a user keeps those with a tanker", STARBOARD, "medium"),
    ("starboard", "slow, a tanker", "Starboard Maritime Intelligence encounter", 200, 1800, 2, "", 10, "",
     "a tanker", "", "as slow, of which a user keeps those with a tanker", STARBOARD, "medium"),
    ("starboard", "slow, two tankers", "Starboard Maritime Intelligence encounter", 50, 600, 2, "", 10, "",
     "two tankers", "", "as slow, of which a user keeps those of two tankers", STARBOARD, "medium"),
    ("starboard", "slow, two tankers", "Starboard Maritime Intelligence encounter", 200, 1800, 2, "", 10, "",
     "two tankers", "", "as slow, of which a user keeps those of two tankers", STARBOARD, "medium"),
    ("skylight", "any speed", "Skylight standard rendezvous", 250, 1800, "", "", "", "", "", "",
     "neither a speed nor a distance from the shore is published", SKYLIGHT, "high"),
    ("skylight", "slow, off shore", "Skylight standard rendezvous", 250, 1800, 2, "", 10, "", "", "",
     "below 2 kn and 10 km off the shore, which are not published", SKYLIGHT, "medium"),
    ("skylight", "off shore, two tankers", "Skylight standard rendezvous", 250, 1800, 2, "", 10, "", "two tankers", "",
     "below 2 kn and 10 km off the shore, of which a user keeps those of two tankers", SKYLIGHT, "medium"),
    ("dark_sts", "all sizes", "arXiv 2404.07607, transfers in the Kerch Strait", 500, 7200, 1, "", "", "",
     "tanker with tanker or cargo", "", "its classes of deadweight are left out, which AIS does not tell", KERCH,
     "high"),
    ("fleetleaks", "0.5 nm", "FleetLeaks author's rule of thumb", 926, 10800, 2, "", "", "", "", 0.5,
     "the draught of either ship changes afterwards", FLEETLEAKS, "high"),
    ("fleetleaks", "1 nm", "FleetLeaks author's rule of thumb", 1852, 10800, 2, "", "", "", "", 0.5,
     "the draught of either ship changes afterwards", FLEETLEAKS, "high"),
]  # fmt: skip


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
    write_volumes(folder)
    write_rules()


def write_rules() -> None:
    """Write the rules that others publish, which `stsdetect evaluate --rules` sets beside our leads."""
    names = (
        "rule", "reading", "who", "distance_m", "duration_s", "leg_speed_kn", "median_speed_kn", "shore_km", "port_km",
        "types", "draught_change_m", "taken_for_granted",
    )  # fmt: skip
    rows = [(dict(zip(names, row[:12], strict=True)), row[12], row[13]) for row in PUBLISHED_RULES]
    write("published_rules.csv", [{**row, **known(str(source), str(sure))} for row, source, sure in rows])


def write_volumes(folder: Path) -> None:
    """Write what turns hulls and draughts into tonnes, tonnes into barrels, and what caps them."""
    # A range ("committee-implied band") is no factor of a product, and what is from memory has no source.
    factors = [row for row in read(folder, "bbl_per_tonne.csv") if row["source"].startswith("UN ")]
    write("bbl_per_tonne.csv", [{**row, "date": GATHERED} for row in (*factors, NOTIFIED)])
    caps = [
        row for row in read(folder, "volumes.csv") if row["kind"] == "cap" and row["statement"].startswith("refined")
    ]
    write("import_caps.csv", [{**row, "date": GATHERED} for row in caps])
    names = ("name", "low", "mid", "high", "unit", "meaning")
    rows = [(dict(zip(names, row[:6], strict=True)), row[6], row[7]) for row in HULL_COEFFICIENTS]
    write("hull_coefficients.csv", [{**row, **known(source, sure)} for row, source, sure in rows])
    names = ("name", "length_m", "breadth_m", "draught_m", "deadweight_t")
    rows = [(dict(zip(names, row[:5], strict=True)), row[5], row[6]) for row in TANKERS]
    write("tankers.csv", [{**row, **known(source, sure)} for row, source, sure in rows])


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
