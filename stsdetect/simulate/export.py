"""Write a world in the native layouts of public AIS exports, with its truth beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stsdetect.errors import InputError, UsageError, did_you_mean
from stsdetect.readers.parquet import WRITING
from stsdetect.simulate.forms import Form
from stsdetect.simulate.forms_columns import COLUMN_FORMS
from stsdetect.simulate.forms_events import EVENT_FORMS
from stsdetect.simulate.forms_items import ITEM_FORMS
from stsdetect.simulate.forms_services import SERVICE_FORMS
from stsdetect.simulate.forms_tables import TEXT_FORMS
from stsdetect.simulate.world import START, Planted, World, simulate

TRUTH_SCHEMA = "stsdetect-truth/1"
#: Version of the simulator: it rises whenever the same preset and seed give other bytes than before.
VERSION = "1"


#: The kinds of file of each layout, but for the two that are written otherwise.
FORMS: dict[str, tuple[Form, ...]] = {**TEXT_FORMS, **SERVICE_FORMS, **ITEM_FORMS, **COLUMN_FORMS}


def _files(world: World, form: Form) -> Iterator[tuple[str, pa.Table]]:
    """Yield the names of files of a kind, and what stands in each."""
    if form.whole:
        yield world.start.strftime(form.pattern), world.positions
        return
    days = world.positions.column("time").cast(pa.timestamp("s", tz="UTC"), safe=False).cast(pa.int64())
    numbers = np.asarray(days) // 86_400
    for number in np.unique(numbers):
        day = np.datetime64(int(number), "D").astype(datetime)
        whole = bool((numbers == number).all())
        yield (
            day.strftime(form.pattern),
            world.positions if whole else world.positions.filter(pa.array(numbers == number)),
        )


#: Layouts a world is written in unless told otherwise: the commonest.
CORE: tuple[str, ...] = ("noaa", "noaa2025", "dma", "nmea", "parquet")
#: Layouts of positions a world can be written in. File geodatabases are not among them: GDAL writes random ids in
#: them, and the same world is to give the same bytes.
LAYOUTS: tuple[str, ...] = (*CORE, *(name for name in FORMS if name not in CORE))
#: Layouts of events what was planted can be written in.
EVENT_LAYOUTS: tuple[str, ...] = tuple(EVENT_FORMS)


def write(world: World, out_dir: str | Path, layouts: Iterable[str] = CORE) -> list[Path]:
    """Write a world: a folder per layout, and ``truth.json``; the same world gives the same bytes.

    Files appear whole or not at all. Returns the paths written, ``truth.json`` last.

    Raises
    ------
    UsageError
        For an unknown layout or a folder that cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write(simulate("sample", seed=1), folder, layouts=["noaa"])][0]
    'AIS_2024_03_01.csv'
    """
    out = Path(out_dir)
    wanted, known = list(dict.fromkeys(layouts)), (*LAYOUTS, *EVENT_LAYOUTS)
    for layout in wanted:
        if layout not in known:
            raise UsageError(
                f"there is no layout '{layout}'; layouts are {', '.join(known)}.{did_you_mean(layout, known)}"
            )
    written = [path for layout in wanted for path in _write_layout(world, out / layout, layout)]
    return [*written, _write_truth(world, out, wanted)]


def write_sample(out_dir: str | Path, *, seed: int = 0, start: datetime = START) -> list[Path]:
    """Write the small example: other vessels in each of four layouts, and one ``truth.json`` for the whole folder."""
    world = simulate("sample", seed=seed, start=start)
    out = Path(out_dir)
    mmsi = world.positions.column("mmsi").to_numpy()
    of_layout: dict[str, list[int]] = {}
    for number, layout in sorted(world.layout_of.items()):
        of_layout.setdefault(layout, []).append(number)
    written = []
    for layout in (name for name in LAYOUTS if name in of_layout):
        part = world.positions.filter(pa.array(np.isin(mmsi, of_layout[layout])))
        share = World(part, (), world.seed, world.preset, world.start, world.span_h, hulls=world.hulls)
        written += _write_layout(share, out / layout, layout)
    return [*written, _write_truth(world, out, list(of_layout))]


def _write_layout(world: World, folder: Path, layout: str) -> list[Path]:
    if layout == "parquet":
        return [_aside(folder / "positions.parquet", lambda path: pq.write_table(world.positions, path, **WRITING))]
    if layout in EVENT_FORMS:
        event_form = EVENT_FORMS[layout]
        return [_aside(folder / event_form.name, partial(event_form.fill, world))]
    if layout == "nmea":
        from stsdetect.simulate.nmea import sentences

        name = world.start.strftime("ais-%Y-%m-%d.nm4")
        lines = sentences(world.positions)
        return [
            _aside(folder / name, lambda path: path.write_bytes("".join(f"{line}\n" for line in lines).encode("ascii")))
        ]
    return [
        _aside(folder / name, partial(form.fill, part)) for form in FORMS[layout] for name, part in _files(world, form)
    ]


def _aside(path: Path, fill: Callable[[Path], object]) -> Path:
    """Let ``fill`` write beside ``path``, then rename: the file is whole or not there."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fill(part)
        os.replace(part, path)
    except OSError as problem:
        raise UsageError(f"{path} cannot be written: {problem.strerror or problem}; choose another folder") from problem
    finally:
        if part.exists():
            part.unlink()
    return path


def _iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _write_truth(world: World, out: Path, layouts: list[str]) -> Path:
    of_mmsi = {str(number): layout for number, layout in world.layout_of.items()}
    planted = []
    for one in world.truth:
        row: dict[str, object] = {
            "kind": one.kind, "family": one.family, "vessels": list(one.vessels), "start": _iso(one.start),
            "end": _iso(one.end), "is_transfer": one.is_transfer, "note": one.note,
        }  # fmt: skip
        if one.case:
            row |= {"lat_deg": one.lat_deg, "lon_deg": one.lon_deg, "case": one.case}
        if world.layout_of:
            row["layout"] = of_mmsi[one.vessels[0]]
        planted.append(row)
    document = {
        "schema": TRUTH_SCHEMA, "preset": world.preset, "seed": world.seed, "version": VERSION,
        "start": _iso(world.start), "rows": world.positions.num_rows, "layouts": layouts, **world.more,
        "planted": planted,
    }  # fmt: skip
    text = json.dumps(document, indent=1, ensure_ascii=True) + "\n"
    return _aside(out / "truth.json", lambda path: path.write_text(text, encoding="ascii"))


def read_truth(path: str | Path) -> tuple[Planted, ...]:
    """Read back what was planted from a ``truth.json``.

    Raises
    ------
    InputError
        If the file cannot be read or is no truth file of this version.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        raise InputError(f"{path} cannot be read as JSON: {problem}") from problem
    if not isinstance(document, dict) or document.get("schema") != TRUTH_SCHEMA:
        raise InputError(f"{path} is not a truth file of `stsdetect simulate` (no schema '{TRUTH_SCHEMA}')")
    try:
        return tuple(_planted(row) for row in document["planted"])
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise InputError(
            f"{path} tells of something planted that is not as `stsdetect simulate` writes it: {problem!r:.120}"
        ) from problem


def _planted(row: dict[str, Any]) -> Planted:
    start, end = (datetime.fromisoformat(row[name]) for name in ("start", "end"))
    if start.tzinfo is None or end.tzinfo is None:
        raise ValueError(f"{row['start']} or {row['end']} has no zone")
    vessels = tuple(row["vessels"])
    if not all(isinstance(mmsi, int) or str(mmsi).isdecimal() for mmsi in vessels):
        raise ValueError(f"a vessel of {vessels} is no MMSI")
    return Planted(
        row["kind"], row["family"], vessels, start, end, row["is_transfer"], row["note"],
        row.get("lat_deg"), row.get("lon_deg"), row.get("case", ""),
    )  # fmt: skip
