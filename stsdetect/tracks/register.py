"""What reports say beyond their own moment: mostly the same again, so each distinct combination is kept once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stsdetect.kernels.order import first_seen, mix
from stsdetect.kernels.sphere import Floats, Ints
from stsdetect.readers import alike
from stsdetect.tracks.columns import one_array

#: What tells the vessel; numbers and texts that stay the same from one report to the next.
WHO = ("mmsi", "vessel_id")
NUMBERS = (
    "message_type", "imo", "ship_type", "length_m", "width_m",
    "to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m", "draught_m",
)  # fmt: skip
TEXTS = ("transceiver", "station", "name", "callsign", "destination")
#: What a report holds of its own, as columns of `POSITIONS`.
MOMENT = ("time", "lat_deg", "lon_deg", "sog_kn", "cog_deg", "heading_deg", "nav_status", "source_row")
_WORDS = ("vessel_id", *TEXTS)
_COLUMNS = (*WHO, *NUMBERS, *TEXTS)
#: Bits that stand for null: of text, of whole numbers, and of floats (NaN).
_NO_WORD, _NO_WHOLE, _NO_FLOAT = -1, -(1 << 63), int(np.array(np.nan).view(np.int64))
_WHOLE = frozenset({"mmsi", "message_type", "imo", "ship_type"})
Codes = NDArray[np.int32]


@dataclass(frozen=True)
class Said:
    """Distinct combinations of all that is said; arrays of shape (n combinations,). Text is held as ranks in a list.

    Attributes
    ----------
    labels
        Vessels in sorted order: by their own id where there is one, else by MMSI (nine digits).
    key
        The vessel's number among them, -1 for a report that names none.
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


class _Words:
    """Words, numbered as they come up."""

    def __init__(self) -> None:
        self._array = pa.array([], pa.string())
        self.words: list[str | None] = []

    def numbers(self, words: pa.Array) -> Ints:
        """Return the numbers of words, entering new ones, shape (n,)."""
        words = words.cast(pa.string())
        place = pc.index_in(words, value_set=self._array)
        if place.null_count:
            new = pc.unique(words.filter(place.is_null()))
            self._array = pa.concat_arrays([self._array, new])
            self.words += new.to_pylist()
            place = pc.index_in(words, value_set=self._array)
        numbers: Ints = place.to_numpy().astype(np.int64)
        return numbers


class Register:
    """The combinations of all blocks of reports, numbered as they come up.

    Reports of one number say the same to the last bit; those of two may say the same as well (text that is empty
    and text that is not there, say).
    """

    def __init__(self) -> None:
        self.size = 0
        self._words: dict[str, _Words] = {name: _Words() for name in _WORDS}
        self._bits = {name: np.zeros(0, dtype=np.int64) for name in _COLUMNS}
        # Digests in rising order, and the number of the combination that had each first.
        self._digests: NDArray[np.uint64] = np.zeros(0, dtype=np.uint64)
        self._number_of: Codes = np.zeros(0, dtype=np.int32)

    def codes(self, positions: pa.Table) -> Codes:
        """Take in a block, return the number of each of its reports, shape (n,).

        The columns are those of `POSITIONS`; one left out is null.
        """
        n = positions.num_rows
        bits = {name: self._bits_of(positions, name) for name in _COLUMNS}
        given = {name: values for name, values in bits.items() if values is not None}
        digest = np.zeros(n, dtype=np.uint64)
        for k, name in enumerate(_COLUMNS):
            if name in given:
                mix(digest, given[name], _null(name), k)
        encoded = pa.array(digest).dictionary_encode()
        local = encoded.indices.to_numpy()
        first = first_seen(local)
        differs = np.zeros(n, dtype=np.bool_)
        for values in given.values():
            differs |= values[first][local] != values
        chosen = {
            name: np.full(first.size, _null(name)) if values is None else values[first] for name, values in bits.items()
        }
        result: Codes = self._numbers(encoded.dictionary.to_numpy(), chosen)[local]
        spots = np.flatnonzero(differs)
        if spots.size:  # one digest for two combinations: the second ones stand for themselves
            rows = {
                name: np.full(spots.size, _null(name)) if values is None else values[spots]
                for name, values in bits.items()
            }
            result[spots] = self._enter(rows)
        return result

    def _bits_of(self, positions: pa.Table, name: str) -> Ints | None:
        """Return a column as whole numbers that are equal just where its values are; None where all is null."""
        if name not in positions.column_names:
            return None
        column = positions.column(name)
        if column.null_count == len(column):
            return None
        if name in self._words:
            return self._word_codes(name, column)
        if name in _WHOLE:
            whole: Ints = one_array(pc.fill_null(column.cast(pa.int64()), _NO_WHOLE)).to_numpy()
            return whole
        values = one_array(column.cast(pa.float64()))
        floats: Floats = (pc.fill_null(values, np.nan) if values.null_count else values).to_numpy()
        return floats.view(np.int64)

    def _word_codes(self, name: str, column: pa.ChunkedArray) -> Ints:
        """Number the words of a column, whatever dictionary they come in."""
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        array = one_array(column.unify_dictionaries() if column.num_chunks > 1 else column)
        number = self._words[name].numbers(array.dictionary)
        indices = array.indices
        result: Ints = np.append(number, _NO_WORD)[
            (pc.fill_null(indices, -1) if indices.null_count else indices).to_numpy()
        ]
        return result

    def _numbers(self, digests: NDArray[np.uint64], bits: dict[str, Ints]) -> Codes:
        """Return the numbers of combinations with different digests, entering those not yet known."""
        place = np.searchsorted(self._digests, digests)
        known = np.zeros(digests.size, dtype=np.bool_)
        inside = np.flatnonzero(place < self._digests.size)
        known[inside] = self._digests[place[inside]] == digests[inside]
        result = np.full(digests.size, -1, dtype=np.int32)
        old = np.flatnonzero(known)
        result[old] = self._number_of[place[old]]
        clash = np.zeros(old.size, dtype=np.bool_)
        for name, values in bits.items():
            clash |= self._bits[name][result[old]] != values[old]
        fresh = ~known
        fresh[old[clash]] = True
        new = np.flatnonzero(fresh)
        result[new] = self._enter({name: values[new] for name, values in bits.items()})
        add = np.flatnonzero(~known)
        add = add[np.argsort(digests[add])]
        self._digests = np.insert(self._digests, place[add], digests[add])
        self._number_of = np.insert(self._number_of, place[add], result[add])
        return result

    def _enter(self, bits: dict[str, Ints]) -> Codes:
        """Append combinations; return their numbers."""
        size, count = self.size, bits["mmsi"].size
        for name, values in bits.items():
            store = self._bits[name]
            if size + count > store.size:
                store = self._bits[name] = np.resize(store, max(2 * store.size, size + count, 1024))
            store[size : size + count] = values
        self.size += count
        return np.arange(size, self.size, dtype=np.int32)

    def who(self, first: int) -> tuple[Ints, Ints, list[str | None]]:
        """Return MMSI (0 for none) and own id (its place in the list, -1 for none) of all numbers from ``first`` on."""
        mmsi, own = (self._bits[name][first : self.size] for name in WHO)
        return np.where(mmsi == _NO_WHOLE, 0, mmsi), own, self._words["vessel_id"].words

    def said(self, chosen: Ints) -> Said:
        """Return what the combinations of some numbers are, shape (n,)."""
        numbers: dict[str, Floats] = {}
        for name in ("mmsi", *NUMBERS):
            bits = self._bits[name][chosen]
            if name in _WHOLE:
                numbers[name] = np.where(bits == _NO_WHOLE, np.nan, bits.astype(np.float64))
            else:
                numbers[name] = bits.view(np.float64)
        texts, words = {}, {}
        for name in TEXTS:
            texts[name], words[name] = self._ranks(name, chosen)
        mmsi = numbers.pop("mmsi")
        labels, key = self._vessels(mmsi, chosen)
        return Said(labels, key, mmsi, numbers, texts, words)

    def _ranks(self, name: str, chosen: Ints) -> tuple[Ints, list[str]]:
        """Return each text's rank among those chosen (-1 for null or empty), and these, sorted."""
        codes = self._bits[name][chosen]
        used = np.unique(codes)
        used = used[used >= 0]
        listed = self._words[name].words
        words = {k: listed[k] for k in used.tolist()}
        # An empty text says nothing, as does a null kept as a value of the dictionary.
        kept = sorted({str(word) for word in words.values() if word})
        place = {word: rank for rank, word in enumerate(kept)}
        table = np.array([place.get(word, -1) if word else -1 for word in words.values()] + [-1], dtype=np.int64)
        spots = np.where(codes >= 0, np.searchsorted(used, codes), used.size)
        return table[spots], kept

    def _vessels(self, mmsi: Floats, chosen: Ints) -> tuple[list[str], Ints]:
        codes, words = self._ranks("vessel_id", chosen)
        own = codes >= 0
        has = ~own & ~np.isnan(mmsi)
        numbers, number = np.unique(mmsi[has].astype(np.int64), return_inverse=True)
        by_mmsi = [f"{number:09d}" for number in numbers.tolist()]
        labels = sorted({*words, *by_mmsi})
        place = {label: k for k, label in enumerate(labels)}
        key = np.full(codes.size, -1, dtype=np.int64)
        key[own] = np.array([place[word] for word in words], dtype=np.int64)[codes[own]]
        key[has] = np.array([place[label] for label in by_mmsi], dtype=np.int64)[number]
        return labels, key


def _null(name: str) -> int:
    if name in _WORDS:
        return _NO_WORD
    return _NO_WHOLE if name in _WHOLE else _NO_FLOAT


class Coder:
    """Turns blocks of `POSITIONS` into what `Reports` takes: each row's own moment, and numbers for all else.

    A block may have the form of `stsdetect.readers.alike`: only what is new among its combinations is looked at.
    """

    def __init__(self) -> None:
        self.register = Register()
        self._files = _Words()
        # Numbers in the register of the combinations of each source of blocks.
        self._sets: dict[int, Codes] = {}

    @property
    def files(self) -> list[str | None]:
        """The files that rows come from; their place is their number."""
        return self._files.words

    def coded(self, positions: pa.Table) -> pa.Table:
        """Return the rows of a block; what it does not hold at all is left out."""
        if not alike.is_alike(positions):
            positions = alike.found(positions)
        held = [c for c in positions.column_names if positions.column(c).null_count < positions.num_rows]
        columns = {name: positions.column(name) for name in MOMENT if name in held}
        columns["code"] = pa.array(self._codes(positions))
        if "source_file" in held:
            columns["file"] = self._file_codes(positions.column("source_file"))
        return pa.table(columns)

    def _codes(self, positions: pa.Table) -> Codes:
        number, said, (source, count) = alike.parts(positions)
        known = self._sets.get(source, np.zeros(0, dtype=np.int32))
        if known.size < count:
            known = np.append(known, self.register.codes(said.slice(known.size, count - known.size)))
            self._sets[source] = known
        if count < said.num_rows:
            known = np.append(known[:count], self.register.codes(said.slice(count)))
        codes: Codes = known[number]
        return codes

    def _file_codes(self, column: pa.ChunkedArray) -> pa.Array:
        array = one_array(column.unify_dictionaries() if column.num_chunks > 1 else column)
        return pa.array(self._files.numbers(array.dictionary), pa.int32()).take(array.indices)
