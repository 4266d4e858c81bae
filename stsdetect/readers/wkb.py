"""Points in well-known binary (OGC 06-103r4, 8.2.3), as geodata files hold them beside their columns."""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa

from stsdetect.readers.convert import Mask

#: A point in two dimensions: byte order, type 1, x, y [bytes].
_POINT = 21
_LITTLE_POINT = np.array([1, 1, 0, 0, 0], np.uint8)
#: What stands in place of the coordinates of something else; no number, so that the row is rejected and shows it.
NO_POINT = "geometry is no point"


def lon_lat(geometry: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """Return x and y of points [degrees]: floats, or text where something is no point; null where there is nothing."""
    array = geometry.combine_chunks() if isinstance(geometry, pa.ChunkedArray) else geometry
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    array = array.cast(pa.large_binary())
    size = len(array)
    xy, bad = np.full((size, 2), np.nan), np.zeros(size, bool)
    ends = np.frombuffer(array.buffers()[1], np.int64)[array.offset : array.offset + size + 1] if size else np.zeros(1)
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    data = np.frombuffer(array.buffers()[2] or b"", np.uint8)[ends[0] : ends[-1]] if size else np.zeros(0, np.uint8)
    if size and valid.all() and len(data) == size * _POINT and (np.diff(ends) == _POINT).all():
        cells = data.reshape(size, _POINT)
        if (cells[:, :5] == _LITTLE_POINT).all():  # nearly all files are written so
            xy = cells[:, 5:].copy().view("<f8")
            return _floats(xy[:, 0]), _floats(xy[:, 1])
    for k in np.flatnonzero(valid).tolist():
        point = _point(array[k].as_py())
        if point is None:
            bad[k] = True
        else:
            xy[k] = point
    return _with_words(_floats(xy[:, 0]), bad), _with_words(_floats(xy[:, 1]), bad)


def _point(data: bytes) -> tuple[float, float] | None:
    """Return x and y of one point of any byte order and number of dimensions; NaN where it is empty."""
    if len(data) < _POINT or data[0] > 1:
        return None
    order = "<" if data[0] else ">"
    (kind,) = struct.unpack_from(f"{order}I", data, 1)
    start = 9 if kind & 0x20000000 else 5  # a number of a reference system stands before (PostGIS)
    if (kind & 0x0FFFFFFF) % 1000 != 1 or len(data) < start + 16:
        return None
    x, y = struct.unpack_from(f"{order}dd", data, start)
    return x, y


def _floats(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)


def _with_words(values: pa.Array, bad: Mask) -> pa.Array:
    if not bad.any():
        return values
    texts = values.cast(pa.string()).to_pylist()
    return pa.array([NO_POINT if wrong else text for text, wrong in zip(texts, bad.tolist(), strict=True)], pa.string())
