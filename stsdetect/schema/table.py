"""What a table is: columns with types and words, and how frames are made to fit it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from stsdetect.errors import SchemaError, did_you_mean

TIME = pa.timestamp("us", tz="UTC")
#: Text that repeats a lot inside the program (names, file names); plain strings in files.
TEXT = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class Column:
    """One column: its name (with the unit), Arrow type, whether it may be null, and what it means."""

    name: str
    type: pa.DataType
    doc: str
    nullable: bool = True


@dataclass(frozen=True)
class Schema:
    """A named table layout; the order of columns is part of it."""

    name: str
    doc: str
    columns: tuple[Column, ...]

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    @cached_property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    @cached_property
    def arrow(self) -> pa.Schema:
        """The same layout as an Arrow schema."""
        return pa.schema([pa.field(c.name, c.type, c.nullable) for c in self.columns])

    def empty(self) -> pa.Table:
        """Return a table without rows but with every column."""
        return self._empty

    @cached_property
    def _empty(self) -> pa.Table:
        return self.arrow.empty_table()

    def table(self, columns: dict[str, Any]) -> pa.Table:
        """Build a table from arrays or lists by column name; columns left out are null throughout.

        Raises
        ------
        SchemaError
            If a name is not a column, lengths differ, or a value does not fit its column's type.
        """
        unknown = [name for name in columns if name not in self.names]
        if unknown:
            raise SchemaError(
                f"table '{self.name}' has no column '{unknown[0]}'.{did_you_mean(unknown[0], self.names)}"
            )
        size = max((len(values) for values in columns.values()), default=0)
        arrays = []
        for column in self.columns:
            if column.name in columns:
                arrays.append(_as_type(columns[column.name], column, self.name))
            else:
                arrays.append(pa.nulls(size, column.type))
        return pa.Table.from_arrays(arrays, schema=self.arrow)

    def conform(self, table: Any, *, extra: bool = False) -> pa.Table:
        """Return ``table`` (Arrow or pandas) with exactly these columns, in order and with these types.

        Columns that may be null and are missing become null. Unknown columns are an error unless ``extra``
        is true, in which case they are left out. The caller's table is not changed.

        Raises
        ------
        SchemaError
            If a required column is missing or null, or a value does not fit its column's type.
        """
        arrow = table if isinstance(table, pa.Table) else pa.Table.from_pandas(table, preserve_index=False)
        given = dict(zip(arrow.column_names, arrow.columns, strict=True))
        missing = [c.name for c in self.columns if not c.nullable and c.name not in given]
        if missing:
            hint = did_you_mean(missing[0], given)
            raise SchemaError(
                f"table '{self.name}' needs a column '{missing[0]}'; the columns given are "
                f"{', '.join(given) or 'none'}.{hint}"
            )
        if not extra:
            unknown = [name for name in given if name not in self.names]
            if unknown:
                raise SchemaError(
                    f"table '{self.name}' has no column '{unknown[0]}'.{did_you_mean(unknown[0], self.names)}"
                )
        result = self.table({name: given[name] for name in self.names if name in given} or {})
        if not given:
            return self.empty()
        for column in self.columns:
            if not column.nullable and result.column(column.name).null_count:
                raise SchemaError(f"column '{column.name}' of table '{self.name}' has empty values; it may not")
        return result


def _as_type(values: Any, column: Column, table: str) -> pa.Array | pa.ChunkedArray:
    try:
        array = values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values, from_pandas=True)
        if array.type == column.type:
            return array
        if pa.types.is_timestamp(array.type) and array.type.tz is None and pa.types.is_timestamp(column.type):
            raise SchemaError(
                f"column '{column.name}' of table '{table}' holds times without a time zone; "
                "make them UTC, for example with .dt.tz_localize('UTC')"
            )
        if pa.types.is_dictionary(column.type) and not pa.types.is_dictionary(array.type):
            if array.type != pa.string():
                array = array.cast(pa.string())
            array = array.dictionary_encode()
        return array.cast(column.type)
    except pa.ArrowException as problem:
        raise SchemaError(f"column '{column.name}' of table '{table}' must hold {column.type}: {problem}") from problem


def column(name: str, kind: pa.DataType, doc: str, nullable: bool = True) -> Column:
    """Return a column."""
    return Column(name, kind, doc, nullable)


I64, I32, I16, I8 = pa.int64(), pa.int32(), pa.int16(), pa.int8()
F64, STRING, BOOL = pa.float64(), pa.string(), pa.bool_()
