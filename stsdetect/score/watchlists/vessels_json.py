"""A third-party JSON shape of OFAC's vessels: one document with ``generated_at``, ``count`` and ``vessels``.

``{"generated_at": ..., "source_xml": ..., "count": n, "vessels": [{"imo", "name", "programs", "designation_date",
"list_name", "vessel_info": {"call_sign", "flag", ...}, "addresses"}]}``. ``designation_date`` is no day of designation:
all vessels bear the one of publication, and it is taken as the date of the list. A vessel may be there twice, once for
each of its designations. ``count`` is held against what was read.

Source: the file of the repository shadow-fleet-tracker of 2026-03-22, as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from stsdetect.readers.json_items import Shape, chunks, shapes
from stsdetect.readers.source import Head, Source
from stsdetect.reference.texts import clean
from stsdetect.score.watchlists.protocol import Draft, Entry
from stsdetect.score.watchlists.words import (
    PROGRAMME_CHARS,
    callsign_in,
    day_in,
    imo_in,
    mmsi_in,
    names_of,
    said,
    text_of,
)

_PATH = ("vessels", None)


class VesselsJson:
    """JSON with a list of vessels."""

    name = "vessels_json"
    title = "JSON with vessels (third-party shape of OFAC's list)"
    doc = (
        'An object with "vessels": a list of objects with imo, name, programs, list_name and vessel_info. A "count" '
        "that is not the number of vessels is said."
    )
    dated = "designation_date where all vessels bear one (it is that of publication), else generated_at."
    origin = "shadow-fleet-tracker, file of 2026-03-22"

    def recognise(self, head: Head) -> bool:
        """Say whether it begins with such a document."""
        return _shape(head) is not None

    def read(self, source: Source, head: Head) -> Iterator[Draft]:
        """Read the vessels of the file."""
        draft, shape = Draft(), _shape(head)
        assert shape is not None, "recognised by its first items"
        days: Counter[str] = Counter()
        lists: Counter[str] = Counter()
        for chunk in chunks(source, shape):
            for reject in chunk.rejects:
                draft.reject(reject.row, reject.reason, f"{reject.detail}: {reject.text[:80]}")
            for row, item in zip(chunk.rows, chunk.items, strict=True):
                days[text_of(item.get("designation_date"))] += 1
                lists[text_of(item.get("list_name"))] += 1
                _take(draft, row, item)
        draft.name = clean(min(lists, key=lambda name: (-lists[name], name), default="")) or "vessels"
        top = _top(head)
        one_day = day_in(next(iter(days))) if len(days) == 1 else None
        draft.date = one_day or day_in(text_of(top.get("generated_at")))
        count = top.get("count")
        if isinstance(count, int) and count != draft.rows:
            draft.remarks[f"it says that it holds {count:,} vessels, and {draft.rows:,} were read"] = None
        yield draft


def _shape(head: Head) -> Shape | None:
    for shape in shapes(head):
        known = [item for item in shape.samples if isinstance(item, dict) and ("imo" in item or "mmsi" in item)]
        if shape.path == _PATH and not shape.lines and 2 * len(known) > len(shape.samples):
            return shape
    return None


def _top(head: Head) -> dict[str, Any]:
    """Return the document as far as it stands in the first bytes."""
    return next((s.samples[0] for s in shapes(head) if s.path == () and isinstance(s.samples[0], dict)), {})


def _take(draft: Draft, row: int, item: dict[str, Any]) -> None:
    about = item.get("vessel_info")
    about = about if isinstance(about, dict) else {}
    imo = imo_in(text_of(item.get("imo")), draft.left_out)
    mmsi = mmsi_in(text_of(item.get("mmsi", about.get("mmsi"))), draft.left_out)
    sign = callsign_in(text_of(about.get("call_sign", item.get("call_sign"))))
    programmes = item.get("programs")
    programmes = programmes if isinstance(programmes, list) else [programmes]
    others = item.get("aliases")
    entry = Entry(
        f"item {row}",
        names_of([text_of(item.get("name")), *(map(text_of, others) if isinstance(others, list) else ())]),
        () if imo is None else (imo,),
        () if mmsi is None else (mmsi,),
        (sign,) if sign else (),
        said(", ".join(filter(None, map(text_of, programmes))), PROGRAMME_CHARS),
        row=row,
    )
    if entry.names or entry.imos or entry.mmsis:
        draft.keep(entry)
    else:
        draft.reject(row, "no_vessel", "neither a name nor a number")
