"""NOAA MarineCadastre 2009-2014: file geodatabases with a layer of points and tables of vessels and voyages."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.errors import InputError
from stsdetect.readers.convert import plain, sound, strings, value_at, whole
from stsdetect.readers.header import refuse_twins
from stsdetect.readers.joined import Lookup
from stsdetect.readers.layout import knots
from stsdetect.readers.protocol import Batch, DamagedError
from stsdetect.readers.rows import Origin, build
from stsdetect.readers.source import Head, Source
from stsdetect.readers.times import any_utc
from stsdetect.readers.wkb import lon_lat
from stsdetect.settings import ReadSettings

T = TypeVar("T")
#: Rows read at once, and rows of a table beside the points that are taken at most.
_ROWS, _MAX_BESIDE = 1 << 16, 1 << 20
#: From 2010 on the numbers of vessels are scrambled: no MMSI any more [us UTC].
_SCRAMBLED_US = 1_262_304_000_000_000
_POINTS = {
    "MMSI": "mmsi",
    "BaseDateTime": "time",
    "SOG": "sog",
    "COG": "cog",
    "Heading": "heading",
    "Status": "nav_status",
}
_VESSEL = {
    "IMO": "imo",
    "CallSign": "callsign",
    "Name": "name",
    "VesselType": "ship_type",
    "Length": "length",
    "Width": "width",
}
_VOYAGE = {"Destination": "destination"}
_MOST = 1 << 53
_UTC = partial(any_utc, order=None, utc_offset_h=0.0)


def _layers(head: Head) -> dict[str, list[str]]:
    """Return the layers by what they are: broadcast, vessel, voyage; their names may begin with zone and month."""
    assert head.database is not None
    path = head.database

    def names() -> list[str]:
        import pyogrio

        return [str(name) for name, _ in pyogrio.list_layers(path)]

    found: dict[str, list[str]] = {}
    for name in _guarded(names, head.label):
        for kind in ("broadcast", "vessel", "voyage"):
            if name.casefold() == kind or name.casefold().endswith(f"_{kind}"):
                found.setdefault(kind, []).append(name)
    return found


def _one_of_each(head: Head) -> dict[str, str]:
    """Return the layer of each kind; refuse several, because their rows have the same numbers."""
    layers = head.look(_layers)
    for kind, names in layers.items():
        if len(names) > 1:
            raise InputError(
                f"{head.label} has {len(names)} layers {kind.title()} ({_printable(', '.join(sorted(names)))}); write "
                "each layer Broadcast, with its tables Vessel and Voyage, to a geodatabase of its own (ogr2ogr does)"
            )
    return {kind: name for kind, (name,) in layers.items()}


def _guarded(action: Callable[[], T], label: str) -> T:
    """Return what an action of GDAL gives; whatever it stumbles over is said of the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return action()
    except (RuntimeError, ValueError, OSError, pa.ArrowException) as problem:
        # GDAL names a line of its own source, and what it says behind that is not the same each time.
        said = str(problem).partition("Error occurred in")[0].strip(" ;:") or "GDAL cannot read its tables"
        raise DamagedError(f"{label} is damaged or cut short ({_printable(said)}); fetch it again") from problem


def _printable(text: object) -> str:
    """Return what a damaged file makes GDAL say on one line that steers no terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in str(text)[:300])


def _layer_batches(path: str, layer: str, label: str, wanted: list[str]) -> Iterator[tuple[pa.Table, str | None]]:
    """Yield rows of a layer, their numbers in the column ``fid``, and the name of the column of points."""
    from pyogrio.raw import open_arrow

    opened = _guarded(
        lambda: open_arrow(path, layer=layer, columns=wanted, return_fids=True, batch_size=_ROWS, use_pyarrow=True),
        label,
    )
    meta, reader = _guarded(opened.__enter__, label)
    try:
        _check_reference(meta, label)
        geometry = meta["geometry_name"] or ("wkb_geometry" if "wkb_geometry" in reader.schema.names else None)
        fid = meta["fid_column"] or "OGC_FID"
        while (batch := _guarded(lambda: next(reader, None), label)) is not None:
            names = ["fid" if name == fid else name for name in batch.schema.names]
            refuse_twins(names, names, label)
            rows = pa.Table.from_batches([batch]).rename_columns(names)
            yield _guarded(partial(sound, rows), label), geometry
    finally:
        opened.__exit__(None, None, None)


def _check_reference(meta: dict[str, Any], label: str) -> None:
    """Refuse coordinates that are no degrees."""
    if not meta["crs"] or meta["crs"] in ("EPSG:4326", "EPSG:4269"):
        return
    import pyproj

    reference = _guarded(lambda: pyproj.CRS(meta["crs"]), label)
    if not reference.is_geographic:
        raise InputError(
            f"{label} has its points in {_printable(reference.name)}, not in degrees; write it out in WGS84 (EPSG:4326)"
        )


def _check_count(head: Head, layer: str, done: int) -> None:
    """Compare the rows that came with those the layer says it has: GDAL passes over damaged ones in silence."""

    def count() -> int:
        import pyogrio

        return int(pyogrio.read_info(head.database, layer=layer, force_feature_count=True)["features"])

    said = _guarded(count, head.label)
    if done < said or not done:
        lost = f"{said - done} of {said} rows of its layer {layer} cannot be read" if said else f"{layer} has no rows"
        raise DamagedError(f"{head.label} is damaged or cut short ({lost}); fetch it again")


def _beside(head: Head, layer: str | None, key: str, names: dict[str, str]) -> Lookup | None:
    """Read a table about vessels or voyages by its key; None where there is none."""
    if layer is None or head.database is None:
        return None
    parts, rows = [], 0
    for table, _ in _layer_batches(head.database, layer, head.label, [key, *names]):
        if key not in table.column_names:
            return None
        parts.append(table.select([key, *(name for name in names if name in table.column_names)]))
        rows += table.num_rows
        if rows >= _MAX_BESIDE:
            break
    if not parts:
        return None
    together = pa.concat_tables(parts)
    keys, _ = whole(plain(together.column(key)), 0, _MOST, pa.int64())
    kept = together.drop_columns([key])
    kept = kept.rename_columns([names[name] for name in kept.column_names])
    return _guarded(partial(Lookup.of, keys, kept), head.label)


class NoaaGeodatabase:
    """Points with what the tables beside them say of vessel and voyage."""

    name = "noaa_2009_2014"
    title = "NOAA MarineCadastre file geodatabase, 2009-2014"
    doc = (
        "A folder .gdb, or one in a .zip, with a layer Broadcast (MMSI, BaseDateTime, VoyageID, ...); name, type and "
        "size come from its table Vessel, the destination from its table Voyage. From 2010 on the publisher scrambled "
        "the MMSI: vessels then have an id like scrambled:367000001 and no MMSI. source_row is the ObjectID."
    )
    time_rule = "BaseDateTime is UTC without a zone."
    lost = (
        "rate of turn, receiver, cargo, ETA, antenna place (its form is not published) and draught (its unit is not "
        "published). Reports were thinned to one a minute; names and call signs were removed from 2010 on."
    )

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether it is a geodatabase with a layer of broadcasts."""
        return head.database is not None and "broadcast" in head.look(_layers)

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read the points in pieces and join the tables."""
        assert head.database is not None
        layers = _one_of_each(head)
        vessels = _beside(head, layers.get("vessel"), "MMSI", _VESSEL)
        voyages = _beside(head, layers.get("voyage"), "VoyageID", _VOYAGE)
        done = 0
        for table, geometry in _layer_batches(head.database, layers["broadcast"], head.label, [*_POINTS, "VoyageID"]):
            lacking = [name for name in ("MMSI", "BaseDateTime") if name not in table.column_names]
            if lacking or geometry is None or geometry not in table.column_names:
                raise InputError(f"{head.label}: its layer of broadcasts has no {lacking[0] if lacking else 'points'}")
            done += table.num_rows
            if source.tick:
                source.tick(min(done, source.size))
            late = _is_scrambled(plain(table.column("BaseDateTime")))
            for scrambled in (False, True):
                part = table.filter(late if scrambled else pc.invert(late))
                if part.num_rows:
                    yield _batch(part, geometry, head.label, settings, vessels, voyages, scrambled)
        _check_count(head, layers["broadcast"], done)

    def raw(self, source: Source, head: Head, rows: list[int]) -> dict[int, str]:
        """Return the values of rows of the points, by ObjectID."""
        assert head.database is not None
        layer = _one_of_each(head)["broadcast"]
        wanted, found = pa.array(rows, pa.int64()), {}
        for table, geometry in _layer_batches(head.database, layer, head.label, [*_POINTS, "VoyageID"]):
            some = table.filter(pc.is_in(table.column("fid").cast(pa.int64()), wanted))
            names = [name for name in some.column_names if name not in ("fid", geometry)]
            for k, number in enumerate(some.column("fid").to_pylist()):
                values = [(name, value_at(some.column(name), k)) for name in names]
                found[int(number)] = ", ".join(f"{name}={value}" for name, value in values if value is not None)
        return found


def _is_scrambled(times: pa.Array) -> pa.Array:
    micro = _UTC(times)[0].cast(pa.int64())
    return pc.greater_equal(micro, _SCRAMBLED_US).fill_null(False)


def _batch(
    table: pa.Table,
    geometry: str,
    label: str,
    settings: ReadSettings,
    vessels: Lookup | None,
    voyages: Lookup | None,
    scrambled: bool,
) -> Batch:
    raw = {key: plain(table.column(name)) for name, key in _POINTS.items() if name in table.column_names}
    raw["lon"], raw["lat"] = lon_lat(table.column(geometry))
    for lookup, name in ((vessels, "MMSI"), (voyages, "VoyageID")):
        if lookup is not None and name in table.column_names:
            keys, _ = whole(plain(table.column(name)), 0, _MOST, pa.int64())
            raw |= lookup.columns(lookup.places(keys))
    if scrambled:
        # Such a number can be that of another, real vessel: it must not pass for an MMSI.
        number = strings(raw.pop("mmsi"))
        raw["vessel_id"] = pc.binary_join_element_wise("scrambled", number, ":")
    names = [name for name in table.column_names if name != geometry]

    def text(i: int) -> str:
        return ",".join(str(value_at(table.column(name), i)) for name in names)

    lines = table.column("fid").to_numpy().astype(np.int64)
    remarks: Counter[str] = Counter()
    batch = build(knots(settings)(raw, remarks), _UTC, Origin(label, lines, text))
    batch.remarks.update(remarks)
    if scrambled:
        batch.remarks["numbers of vessels were scrambled by the publisher: they are no MMSI"] = 0
    return batch


NOAA_GDB = NoaaGeodatabase()
