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
        """Return ``table`` (Arrow, pandas or GeoPandas) with exactly these columns, in order and with these types.

        Columns that may be null and are missing become null. Unknown columns are an error unless ``extra``
        is true, in which case they are left out. The caller's table is not changed.

        Raises
        ------
        SchemaError
            If it is no table, a required column is missing or null, or a value does not fit its column's type.
        """
        arrow = to_arrow(table, f"table '{self.name}'")
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


def to_arrow(table: Any, what: str) -> pa.Table:
    """Return an Arrow table of a pandas, GeoPandas or Arrow one; geometries become WKB. The caller's is not changed.

    Raises
    ------
    SchemaError
        If it is none of them, or a column holds what Arrow cannot take.
    """
    if isinstance(table, pa.Table):
        return table
    if isinstance(table, pa.RecordBatch):
        return pa.Table.from_batches([table])
    if not hasattr(table, "columns"):
        raise SchemaError(f"{what} must be a pandas or Arrow table, not {type(table).__name__}")
    shapes = [i for i, kind in enumerate(table.dtypes) if getattr(kind, "name", "") == "geometry"]
    try:
        if shapes:
            import pandas as pd
            import shapely

            # By place, because a frame may have two columns of one name; a plain frame, because GeoPandas would make
            # geometries of it again.
            columns = [table.iloc[:, i] for i in range(len(table.columns))]
            for i in shapes:
                columns[i] = pd.Series(shapely.to_wkb(columns[i].to_numpy()), table.index, object, columns[i].name)
            table = pd.concat(columns, axis=1)
        return pa.Table.from_pandas(table, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as problem:
        # Arrow names the column last.
        said = ": ".join(str(part) for part in reversed(problem.args))
        raise SchemaError(f"{what} holds values of mixed kinds: {said}") from problem


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
