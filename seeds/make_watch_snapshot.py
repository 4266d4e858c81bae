"""Write the packaged watch-list of stsdetect/reference/data from a folder of gathered source facts.

    python seeds/make_watch_snapshot.py FOLDER

FOLDER holds dprk_sdn_vessels_2021snapshot.csv (vessels of the DPRK programmes in OFAC's sdn.csv of 2021-07-07) and
watch_vessels.csv (vessels named in advisories and the press). Rows of one IMO number are one entry with all their names
and sources. Left out are IMO numbers that were written down from memory, vessels of which nothing else is known than
such a number, and rows without a vessel of their own. The output is the same byte for byte for the same input.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "stsdetect" / "reference" / "data" / "watch_snapshot.csv"
COLUMNS = ("id", "name", "aliases", "imo", "mmsi", "programme", "source", "confidence", "date")
SNAPSHOT, GATHERED = "2021-07-07", "2026-11"


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def ofac(row: dict[str, str]) -> dict[str, str]:
    aliases = [alias.strip() for alias in re.split(r"[;|]", row["aliases"]) if alias.strip()]
    return {
        "id": f"ofac-{row['ofac_ent_num']}",
        "name": row["name"],
        "aliases": ";".join(aliases),
        "imo": row["imo"],
        "mmsi": row["mmsi"],
        "programme": f"OFAC {row['program']}",
        "source": row["source"],
        "confidence": "high",
        "date": SNAPSHOT,
    }


def named(row: dict[str, str], number: int) -> dict[str, str] | None:
    imo = "".join(re.findall(r"\b\d{7}\b", row["imo"]))
    if row["confidence"] == "medium-low":
        return None
    if "from memory" in row["source"]:
        imo = ""
    names = [name.strip() for name in re.split(r"\(ex |->|/|\)", row["name"]) if name.strip()]
    if "," in row["name"] or (not imo and row["imo"] and row["imo"] != "none"):
        return None
    return {
        "id": f"press-{number}",
        "name": names[0],
        "aliases": ";".join(names[1:]),
        "imo": imo,
        "mmsi": "",
        "programme": row["why"] if row["confidence"] == "high" else f"{row['why']} (confidence {row['confidence']})",
        "source": row["source"],
        "confidence": row["confidence"],
        "date": GATHERED,
    }


def merged(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        key = row["imo"] or row["id"]
        first = found.setdefault(key, dict(row))
        if first == row:
            continue
        names = [row["name"], *row["aliases"].split(";")]
        known = [first["name"], *first["aliases"].split(";")]
        fresh = [name for name in names if name and name not in known]
        first["aliases"] = ";".join(filter(None, [first["aliases"], *fresh]))
        for column in ("programme", "source"):
            if row[column] not in first[column]:
                first[column] = f"{first[column]}; {row[column]}"
    return list(found.values())


def main(folder: Path) -> None:
    rows = [ofac(row) for row in read(folder, "dprk_sdn_vessels_2021snapshot.csv")]
    press = [named(row, number) for number, row in enumerate(read(folder, "watch_vessels.csv"), start=1)]
    rows = merged([*rows, *(row for row in press if row is not None)])
    with OUT.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{OUT.name}: {len(rows)} rows")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
