"""Blocks whose rows are known to be alike in what they say of a vessel: that is held once, and given to rows on demand.

Such a block has the columns `OWN` of `POSITIONS`, as far as it has them, and one more, `SAID`: for each row its place
among the combinations of all other columns, which are its dictionary.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stsdetect.kernels.order import first_seen, mix
from stsdetect.schema import POSITIONS

SAID = "said"
#: Columns of each report's own.
OWN: tuple[str, ...] = (
    "time", "lat_deg", "lon_deg", "sog_kn", "cog_deg", "heading_deg", "nav_status", "source_file", "source_row",
)  # fmt: skip
_KEY = b"sets"
#: What stands for null beside numbers.
_NO_WHOLE, _NO_FLOAT = -(1 << 63), float("nan")


def alike(own: dict[str, pa.Array], number: NDArray[np.int32], said: pa.Table, origin: tuple[int, int]) -> pa.Table:
    """Return a block of rows.

    Parameters
    ----------
    own
        Columns of each row's own, shape (n,) each.
    number
        For each row its place in ``said``, shape (n,).
    said
        Combinations of other columns.
    origin
        A number that all blocks of one source share, and with how many rows of ``said`` later ones begin, too.
    """
    struct = pa.StructArray.from_arrays([_one(column) for column in said.columns], names=said.column_names)
    column = pa.DictionaryArray.from_arrays(pa.array(number), struct)
    table = pa.table({**own, SAID: column})
    return table.replace_schema_metadata({_KEY: f"{origin[0]} {origin[1]}".encode()})


def found(table: pa.Table) -> pa.Table:
    """Return a table of `POSITIONS` as a block of this form: rows are compared to the last bit."""
    held = [name for name in table.column_names if table.column(name).null_count < table.num_rows]
    names = [name for name in held if name not in OWN]
    bits = {name: _bits(_one(table.column(name))) for name in names}
    digest = np.zeros(table.num_rows, dtype=np.uint64)
    for k, values in enumerate(bits.values()):
        mix(digest, values, 0, k)
    number = pa.array(digest).dictionary_encode().indices.to_numpy()
    first = first_seen(number)
    differs = np.zeros(table.num_rows, dtype=np.bool_)
    for values in bits.values():
        differs |= values[first][number] != values
    spots = np.flatnonzero(differs)
    if spots.size:  # one digest for two combinations: the second ones stand for themselves
        number = number.copy()
        number[spots] = first.size + np.arange(spots.size, dtype=np.int32)
        first = np.concatenate([first, spots])
    said = table.select(names or ["mmsi"]).take(pa.array(first))
    return alike({name: _one(table.column(name)) for name in held if name in OWN}, number, said, (0, 0))


def _bits(array: pa.Array) -> NDArray[np.int64]:
    """Return whole numbers that are equal where values are, in one column; where all are equal, bits are."""
    if pa.types.is_dictionary(array.type):
        array = array.indices
    none = _NO_FLOAT if pa.types.is_floating(array.type) else _NO_WHOLE
    kind = pa.float64() if pa.types.is_floating(array.type) else pa.int64()
    values = array.cast(kind)
    bits: NDArray[np.int64] = (values.fill_null(none) if values.null_count else values).to_numpy().view(np.int64)
    return bits


def is_alike(table: pa.Table) -> bool:
    """Tell whether a block is of this form."""
    return SAID in table.column_names


def parts(table: pa.Table) -> tuple[NDArray[np.int32], pa.Table, tuple[int, int]]:
    """Return ``number``, ``said`` and ``origin`` of a block, see `alike`."""
    column = _one(table.column(SAID))
    source, _, count = table.schema.metadata[_KEY].partition(b" ")
    return column.indices.to_numpy(), _as_table(column.dictionary), (int(source), int(count))


def expanded(table: pa.Table) -> pa.Table:
    """Return a block as a table of `POSITIONS`; one that is such a table is returned as it is."""
    if not is_alike(table):
        return table
    if not table.num_rows:  # a filter may have left no chunk either, and no dictionary with it
        return POSITIONS.empty()
    column = _one(table.column(SAID))
    columns = {name: _one(table.column(name)) for name in table.column_names if name != SAID}
    for name, values in zip(*_fields(column.dictionary), strict=True):
        columns[name] = values.take(column.indices)
    return with_nulls(columns, table.num_rows)


def together(block: pa.Table, others: pa.Table) -> pa.Table:
    """Put a block and a table of `POSITIONS` together, in the order of their source rows."""
    number, said, origin = parts(block)
    rest = others.select([name for name in POSITIONS.names if name not in OWN])
    both = _concat(said, rest.select(said.column_names))
    names = [name for name in OWN if name in block.column_names]
    own = _concat(block.select(names), others.select(names))
    order = np.argsort(own.column("source_row").to_numpy(), kind="stable")
    number = np.append(number, said.num_rows + np.arange(others.num_rows)).astype(np.int32)[order]
    own = own.take(pa.array(order))
    return alike({name: _one(own.column(name)) for name in names}, number, both, origin)


def with_nulls(columns: dict[str, pa.Array], size: int) -> pa.Table:
    """Return arrays of the right types as a positions table; those left out are null, and share their memory."""
    absent = {c.type: pa.nulls(size, c.type) for c in POSITIONS if c.name not in columns}
    arrays = [columns[c.name] if c.name in columns else absent[c.type] for c in POSITIONS]
    return pa.Table.from_arrays(arrays, schema=POSITIONS.arrow)


def _fields(struct: pa.StructArray) -> tuple[list[str], list[pa.Array]]:
    return [field.name for field in struct.type], struct.flatten()


def _as_table(struct: pa.StructArray) -> pa.Table:
    names, arrays = _fields(struct)
    return pa.Table.from_arrays(arrays, names=names)


def _concat(one: pa.Table, two: pa.Table) -> pa.Table:
    # What may be null differs between the two.
    both = pa.concat_tables([one.replace_schema_metadata(), two], promote_options="default")
    return both.unify_dictionaries().combine_chunks()


def _one(column: pa.ChunkedArray) -> pa.Array:
    array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
