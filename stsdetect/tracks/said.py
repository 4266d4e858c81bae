"""What reports say beyond their own moment: mostly the same, so each distinct combination is kept once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stsdetect.errors import SchemaError
from stsdetect.kernels.order import first_seen, mix
from stsdetect.kernels.sphere import Floats, Ints
from stsdetect.tracks.columns import ALL, Numbers, Words

NUMBERS = (
    "message_type", "imo", "ship_type", "length_m", "width_m",
    "to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m", "draught_m",
)  # fmt: skip
TEXTS = ("transceiver", "station", "name", "callsign", "destination")
#: What tells the vessel.
_WHO = ("mmsi", "vessel_id")
Codes = NDArray[np.int32]


@dataclass(frozen=True)
class Said:
    """Distinct combinations of all that is said; arrays of shape (n combinations,). Text is held as ranks in a list.

    Attributes
    ----------
    labels
        Vessels in sorted order: by their own id where there is one, else by MMSI (nine digits).
    key
        The vessel's number among them.
    """

    labels: list[str]
    key: Ints
    mmsi: Floats
    numbers: dict[str, Floats]
    texts: dict[str, Ints]
    words: dict[str, list[str]]

    @cached_property
    def taken(self) -> frozenset[str]:
        """The labels, to look one up."""
        return frozenset(self.labels)


def gather(positions: pa.Table) -> tuple[Codes, Said]:
    """Return the number of each report's combination, shape (n,), and what the combinations are.

    Reports of one number say the same to the last bit; those of two may say the same as well.

    Raises
    ------
    SchemaError
        If a report has neither a vessel id nor an MMSI.
    """
    code, first = _codes(positions)
    chosen = positions.select([*_WHO, *NUMBERS, *TEXTS]).take(pa.array(first))
    labels, key, mmsi = _vessels(chosen)
    nameless = np.flatnonzero(key < 0)
    if nameless.size:
        count = int(np.isin(code, nameless).sum())
        raise SchemaError(f"{count} positions have neither a vessel_id nor an mmsi; give one of them")
    texts, words = {}, {}
    for name in TEXTS:
        texts[name], words[name] = ranks(chosen.column(name))
    numbers = {name: Numbers(chosen.column(name)).floats(ALL, first.size) for name in NUMBERS}
    return code, Said(labels, key, mmsi, numbers, texts, words)


def _codes(positions: pa.Table) -> tuple[Codes, Ints]:
    """Return the number of each report's combination, and the first report of each."""
    names = [name for name in (*_WHO, *NUMBERS, *TEXTS) if positions.column(name).null_count < positions.num_rows]
    digest = np.zeros(positions.num_rows, dtype=np.uint64)
    for name in names:
        mix(digest, _bits(positions.column(name)))
    code = pa.array(digest).dictionary_encode().indices.to_numpy()
    del digest
    first = first_seen(code)
    differs = np.zeros(code.size, dtype=np.bool_)
    for name in names:
        bits = _bits(positions.column(name))
        whole = bits.view(np.int64) if bits.dtype == np.float64 else bits
        differs |= whole[first][code] != whole
    spots = np.flatnonzero(differs)
    if spots.size:  # one digest for two combinations: the second ones stand for themselves
        code = code.copy()
        code[spots] = first.size + np.arange(spots.size, dtype=np.int32)
        first = np.concatenate([first, spots])
    return code, first


def _bits(column: pa.ChunkedArray) -> Floats | Codes:
    if pa.types.is_dictionary(column.type):
        codes = Words(column).codes
        assert codes is not None
        return codes
    return Numbers(column).floats(ALL, len(column))


def ranks(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """Return each value's rank among the sorted distinct values (-1 for null or empty), and those values."""
    text = Words(column)
    if text.codes is None:
        return np.full(len(column), -1, dtype=np.int64), []
    rank, words = text.ranks()
    result = rank[text.codes]
    used = np.unique(result)
    used = used[used >= 0]
    return np.where(result < 0, -1, np.searchsorted(used, result)), [words[k] for k in used.tolist()]


def _vessels(table: pa.Table) -> tuple[list[str], Ints, Floats]:
    """Return the labels of vessels in sorted order, and the number (-1 for none) and MMSI of each row."""
    mmsi = Numbers(table.column("mmsi")).floats(ALL, table.num_rows)
    codes, words = ranks(table.column("vessel_id"))
    own = codes >= 0
    has = ~own & ~np.isnan(mmsi)
    numbers, number = np.unique(mmsi[has].astype(np.int64), return_inverse=True)
    by_mmsi = [f"{number:09d}" for number in numbers.tolist()]
    labels = sorted({*words, *by_mmsi})
    place = {label: k for k, label in enumerate(labels)}
    key = np.full(codes.size, -1, dtype=np.int64)
    key[own] = np.array([place[word] for word in words], dtype=np.int64)[codes[own]]
    key[has] = np.array([place[label] for label in by_mmsi], dtype=np.int64)[number]
    return labels, key, mmsi
