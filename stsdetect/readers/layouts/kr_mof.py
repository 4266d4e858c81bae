"""Korean ministry of oceans: daily positions in local time (``Dynamic``) and vessels without any time (``Static``)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from os import stat

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.errors import InputError
from stsdetect.readers.alike import expanded
from stsdetect.readers.blocks import numbered_blocks
from stsdetect.readers.convert import plain
from stsdetect.readers.finding import files_beside
from stsdetect.readers.header import Header, find_header_with, refuse_twins
from stsdetect.readers.joined import Lookup
from stsdetect.readers.layout import TextLayout
from stsdetect.readers.protocol import Batch, QuestionError
from stsdetect.readers.rows import judge_repeated
from stsdetect.readers.source import Head, Source
from stsdetect.readers.text import TextSpec, split_block
from stsdetect.readers.times import any_utc
from stsdetect.schema import POSITIONS
from stsdetect.settings import ReadSettings

#: Korean standard time [h ahead of UTC].
KST_H = 9.0
#: Encoding of files that are not UTF-8 (Windows code page of Korean).
ENCODING = "cp949"
#: Vessels of a static file beyond this are not taken: more than there are MMSI in use around Korea.
MAX_VESSELS = 500_000
_STATIC_REQUIRED = ("MMSI", "선박명", "선종코드")
#: Draught is left out: one that has no time would stand before and after every meeting and deny any change.
_STATIC_NAMES = {
    "MMSI": "mmsi",
    "선박명": "name",
    "선종코드": "ship_type",
    "IMO": "imo",
    "호출부호": "callsign",
    "DimA": "to_bow",
    "DimB": "to_stern",
    "DimC": "to_port",
    "DimD": "to_starboard",
}
_KOREAN = re.compile(r"\bKST\b|한국\s*(표준)?시|(UTC|GMT)\s*\+\s*0?9\b|\+09:?00")
_OTHER_ZONE = re.compile(r"\b(UTC|GMT)\b|세계\s*(협정|표준)?시|협정\s*세계시", re.IGNORECASE)


def _settle(layout: TextLayout, header: Header, head: Head, settings: ReadSettings) -> TextLayout:
    """Take times as Korean ones unless told otherwise; ask where the lines above the header contradict that."""
    above = "\n".join(head.data[: header.end].decode("utf-8", "replace").split("\n")[: header.row - 1])
    offset = settings.utc_offset_h
    if offset is None:
        other = _OTHER_ZONE.search(above)
        if other and not _KOREAN.search(above):
            raise QuestionError(
                f"{head.label}: the lines above its header speak of {other[0]}, while these files are known in Korean "
                "local time; set read.utc_offset_h = 0 if its times are UTC, or 9 if they are Korean"
            )
        offset = KST_H
    return replace(layout, times=partial(any_utc, order=None, utc_offset_h=offset))


@dataclass(frozen=True)
class Vessels:
    """Static data of one file by MMSI, in columns of `POSITIONS`, and how it came about.

    ``rows`` are those of the file, ``bad`` those without a readable MMSI, ``repeated`` further ones of an MMSI,
    ``beyond`` those that were too many.
    """

    known: Lookup
    rows: int
    bad: int
    repeated: int
    beyond: int


def _read_vessels(source: Source) -> Vessels | None:
    """Read a static file, one row of each MMSI; None if it is none.

    Raises
    ------
    QuestionError
        If one of its columns stands twice.
    """
    head = source.head()
    header = find_header_with(head, _STATIC_REQUIRED)
    if header is None:
        header = find_header_with(head.recoded(ENCODING), _STATIC_REQUIRED)
        source = replace(source, encoding=ENCODING)
    if header is None:
        return None
    refuse_twins(header.cells, _STATIC_NAMES, source.label)
    places = {_STATIC_NAMES[cell]: k for k, cell in enumerate(header.cells) if cell in _STATIC_NAMES}
    parts: list[pa.Table] = []
    rows = bad = taken = beyond = 0
    stream = source.open()
    try:
        for block in numbered_blocks(stream, header):
            for piece in split_block(block, TextSpec(header, places)):
                rows += len(piece.rows) + len(piece.rejects)
                bad += len(piece.rejects)
                if taken >= MAX_VESSELS:
                    beyond += len(piece.rows)
                elif len(piece.rows):
                    judged = judge_repeated(piece.columns, frozenset())
                    good = pa.table(judged.columns).filter(pa.array(judged.why == 0))
                    bad += len(piece.rows) - good.num_rows
                    beyond += max(good.num_rows - (MAX_VESSELS - taken), 0)
                    parts.append(good.slice(0, MAX_VESSELS - taken))
                    taken += parts[-1].num_rows
    finally:
        stream.close()
    if not parts:
        return Vessels(Lookup.of(pa.nulls(0, pa.int64()), pa.table({})), rows, bad, 0, beyond)
    whole = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    columns = whole.drop_columns(["mmsi"])
    for name, one, other in (("length_m", "to_bow_m", "to_stern_m"), ("width_m", "to_port_m", "to_starboard_m")):
        if {one, other} <= set(columns.column_names):
            total = pc.add(columns.column(one), columns.column(other))
            positive = pc.if_else(pc.greater(total, 0.0), total, pa.scalar(None, pa.float64()))
            columns = columns.append_column(name, positive)
    known = Lookup.of(plain(whole.column("mmsi")), columns)
    return Vessels(known, rows, bad, whole.num_rows - len(known.keys), beyond)


@lru_cache(maxsize=2)
def _joined_vessels(files: tuple[tuple[Source, int, int], ...]) -> tuple[str, Lookup] | None:
    """Read static files once for all positions of a folder, while they stay as they are: their names and the vessels.

    Parameters
    ----------
    files
        Each with its size [bytes] and the time of its last change [ns].
    """
    labels: list[str] = []
    known: list[Lookup] = []
    for source, _, _ in files:
        try:
            found = _read_vessels(source)
        except QuestionError:
            raise
        except InputError:
            continue  # where it is read itself it says what is wrong
        if found is not None:
            labels.append(source.label)
            known.append(found.known)
    if not known:
        return None
    if len(known) == 1:
        return labels[0], known[0]
    table = pa.concat_tables([one.table for one in known], promote_options="default").unify_dictionaries()
    both = Lookup.of(pa.array(np.concatenate([one.keys for one in known])), table.combine_chunks())
    return f"{labels[0]} and {len(labels) - 1} more beside it", both


def _vessels_beside(source: Source) -> tuple[str, Lookup] | None:
    """Return what the static files in the folder or archive of a file of positions hold."""
    files = []
    for other in files_beside(source, "static"):
        with suppress(OSError):
            known = stat(other.path)
            files.append((other, known.st_size, known.st_mtime_ns))
    return _joined_vessels(tuple(files)) if files else None


def _onto(positions: pa.Table, vessels: Lookup) -> pa.Table:
    """Return positions with what is known of their vessels."""
    if not positions.num_rows:
        return positions
    for name, values in vessels.columns(vessels.places(plain(positions.column("mmsi")))).items():
        place = positions.column_names.index(name)
        positions = positions.set_column(place, POSITIONS.arrow.field(name), values)
    return positions


class KoreanDynamic(TextLayout):
    """Positions, with the static data of a file beside them."""

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read the file in blocks and join the vessels by MMSI."""
        remarks: Counter[str] = Counter()
        if settings.utc_offset_h is None:
            remarks["times read as Korean local time (UTC+9); read.utc_offset_h changes it"] = 0
        beside = _vessels_beside(source)
        if beside is not None:
            remarks[f"names, types and sizes of vessels taken from {beside[0]}"] = 0
        for batch in super().read(source, head, settings):
            batch.remarks.update(remarks)
            if beside is not None:
                batch.positions = _onto(expanded(batch.positions), beside[1])
            yield batch


class KoreanStatic:
    """Vessels, without any time: no positions come of it, but those beside it are told who they are."""

    name = "kr_mof_static"
    title = "Korean ministry of oceans, vessels (Static.csv)"
    doc = (
        "Header MMSI,선박명,선종코드,IMO,... in UTF-8 or CP949. Files whose names begin with Static are joined by "
        "MMSI to the positions of the Dynamic files in the same folder or archive, one row of each MMSI (that with the "
        "greatest values, wherever it stands); read alone they give no rows."
    )
    time_rule = "None: its rows hold no time."
    lost = "draught, which without a time cannot be told to have changed or not, and estimated tonnage."

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Say whether the header has MMSI, name and type, and no time."""
        header = find_header_with(head, _STATIC_REQUIRED)
        if header is None and head.encoding is None:
            header = find_header_with(head.recoded(ENCODING), _STATIC_REQUIRED)
        return header is not None and "일시" not in header.cells

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Count its rows."""
        found = _read_vessels(source)
        assert found is not None
        remarks = Counter(
            {
                "rows about vessels, which go onto the positions of Dynamic files in the same folder": found.rows,
                "rows about vessels without a readable MMSI, not used": found.bad,
                "further rows about the same MMSI, not used": found.repeated,
                f"rows beyond {MAX_VESSELS} vessels, not used": found.beyond,
            }
        )
        yield Batch(0, POSITIONS.empty(), remarks=+remarks)


KR_MOF = KoreanDynamic(
    name="kr_mof",
    title="Korean ministry of oceans, positions (Dynamic_YYYYMMDD.csv)",
    doc=(
        "Header MMSI,일시,위도,경도,SOG,COG,Heading below two lines of title, in UTF-8 or CP949. Names, types and "
        "sizes come from Static files in the same folder or archive."
    ),
    time_rule=(
        "일시 is taken as Korean local time (UTC+9), which no publication at hand confirms; read.utc_offset_h "
        "changes it. Where the lines above the header name another zone, it is asked for."
    ),
    lost="nothing of the positions; of the vessels, draught and estimated tonnage.",
    names={
        "MMSI": "mmsi",
        "일시": "time",
        "위도": "lat",
        "경도": "lon",
        "SOG": "sog",
        "COG": "cog",
        "Heading": "heading",
    },
    required=("MMSI", "일시", "위도", "경도"),
    times=partial(any_utc, order=None, utc_offset_h=KST_H),
    encoding=ENCODING,
    settle=_settle,
)
KR_MOF_STATIC = KoreanStatic()
