"""What ``run.json`` says: what was read and how, so that a result can be traced and made again."""

from __future__ import annotations

import hashlib
import json
import platform
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.errors import shown
from stsdetect.pipeline.archive import Cleaned
from stsdetect.pipeline.output import RUN_SCHEMA
from stsdetect.readers import FileReport, ReadResult
from stsdetect.readers.finding import on_disk
from stsdetect.settings import Settings

#: Packages whose version can change a result.
PACKAGES = ("stsdetect", "numpy", "pyarrow", "pandas", "geopandas", "shapely", "scipy", "pyais", "pyogrio", "rapidfuzz")
_END_BYTES = 1 << 20


def describe_run(
    got: ReadResult,
    cleaned: Cleaned,
    events: pa.Table,
    pairs: pa.Table,
    settings: Settings,
    filters: dict[str, Any],
    hash_inputs: bool,
) -> dict[str, Any]:
    """Return what ``run.json`` says of a run, but for the time it took and the files it wrote."""
    from stsdetect import __version__

    kinds = events.column("kind").value_counts().to_pylist()
    slots, tracks = cleaned.slots, cleaned.tracks
    return {
        "schema": RUN_SCHEMA,
        "version": __version__,
        "versions": versions(),
        "settings_id": settings.digest,
        "settings": describe_settings(settings),
        "filters": filters,
        "vessels_not_found": list(got.vessels_not_found),
        "inputs": describe_inputs(got.files, whole_hash=hash_inputs),
        "skipped": [{"path": path, "reason": reason} for path, reason in got.skipped],
        "rows": count_rows(got.files),
        "first_time": iso(_utc(slots.start_us)) if slots.size else None,
        "last_time": iso(_utc(slots.end_us)) if slots.size else None,
        "quality": tracks.quality_counts,
        "counts": {
            "events": dict(sorted((item["values"], item["counts"]) for item in kinds)),
            "pairs": pairs.num_rows,
            "vessels": len(pc.unique(tracks.vessels.column("vessel"))),
            "segments": tracks.segments.num_rows,
            "fixes": slots.size,
        },
        "summed_up": summed_up(cleaned.berths.table),
        "spilled_bytes": cleaned.spilled_bytes,
    }


def _utc(time_us: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=time_us)


def versions() -> dict[str, str]:
    """Return the versions of Python, of stsdetect and of what it computes with; nothing is imported for it."""
    from stsdetect import __version__

    found = {"python": platform.python_version(), "stsdetect": __version__}
    for name in PACKAGES[1:]:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def file_hash(path: str | Path, *, whole: bool = False) -> str:
    """Return ``blake2b-ends:`` and a hash of a file's size, first and last MiB, or ``sha256:`` of all of it.

    The fast one tells files apart; it is no proof that nobody changed the middle. Empty where the file is gone.
    That of a folder (a geodatabase) is one of the names and hashes of its files. The path may be as `errors.shown`.
    """
    path = on_disk(str(path))
    if Path(path).is_dir():
        parts = [f"{one.name} {file_hash(one, whole=whole)}" for one in sorted(Path(path).iterdir()) if one.is_file()]
        kind = "sha256" if whole else "blake2b-ends"
        return f"{kind}-of-files:" + hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
    try:
        with open(path, "rb") as file:
            if whole:
                return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
            size = file.seek(0, 2)
            digest = hashlib.blake2b(str(size).encode(), digest_size=16)
            file.seek(0)
            digest.update(file.read(_END_BYTES))
            file.seek(max(_END_BYTES, size - _END_BYTES))
            digest.update(file.read(_END_BYTES))
    except OSError:
        return ""
    return "blake2b-ends:" + digest.hexdigest()


def count_rows(files: Sequence[FileReport]) -> dict[str, Any]:
    """Add up the rows of all files, and say whether read = kept + filtered + rejected."""
    rejected: Counter[str] = Counter()
    for file in files:
        rejected.update(file.rejected)
    read = sum(file.rows_read for file in files)
    kept = sum(file.rows_kept for file in files)
    filtered = sum(file.rows_filtered for file in files)
    return {
        "read": read,
        "kept": kept,
        "filtered": filtered,
        "rejected": dict(sorted(rejected.items())),
        "rejected_total": rejected.total(),
        "proof": f"{read} = {kept} + {filtered} + {rejected.total()}",
        "adds_up": read == kept + filtered + rejected.total(),
    }


def describe_inputs(files: Sequence[FileReport], *, whole_hash: bool) -> list[dict[str, Any]]:
    """Describe every file and archive member that was read."""
    hashed = cache(lambda path: file_hash(path, whole=whole_hash) if Path(path).exists() else "")
    return [
        {
            "path": shown(file.path),
            "member": file.member,
            "layout": file.layout,
            "size_bytes": file.bytes,
            "hash": hashed(file.path),
            "rows": {
                "read": file.rows_read,
                "kept": file.rows_kept,
                "filtered": file.rows_filtered,
                "rejected": dict(sorted(file.rejected.items())),
            },
            "notes": list(file.notes),
            "doubts": [{"kind": doubt.kind, "sentence": doubt.sentence} for doubt in file.doubts],
        }
        for file in files
    ]


def summed_up(berths: pa.Table) -> dict[str, Any]:
    """Say how much contact inside crowded berth areas (`BERTHS`) was summed up instead of being written as events."""
    return {
        "berth_areas": pc.count_distinct(berths.column("area_id")).as_py(),
        "area_days": berths.num_rows,
        "vessels": len(pc.unique(pc.list_flatten(berths.column("vessels")))),
        "pairs_by_day": pc.sum(berths.column("n_pairs")).as_py() or 0,
        "vessel_hours": round(pc.sum(berths.column("vessel_hours")).as_py() or 0.0, 1),
    }


def count_silences(events: pa.Table, areas: pa.Table) -> dict[str, Any]:
    """Count gaps by verdict (those told by others, which have none, are left out), and `AREAS` by kind."""
    found = {"gaps_by_coverage": events.column("coverage"), "areas": areas.column("kind")}
    return {
        name: dict(sorted((one["values"], one["counts"]) for one in pc.drop_null(column).value_counts().to_pylist()))
        for name, column in found.items()
    }


def describe_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings as they went in."""
    return settings.model_dump(mode="json")


def iso(time: Any) -> str | None:
    """Return a time as ISO 8601 text with ``Z``; text as it is."""
    if time is None or isinstance(time, str):
        return time
    if isinstance(time, datetime):
        return time.replace(tzinfo=None).isoformat() + "Z" if time.tzinfo else time.isoformat()
    return str(time)


def write_run(run: dict[str, Any], path: Path) -> None:
    """Write ``run.json``."""
    path.write_text(json.dumps(run, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
