"""Any other JSON through a column map: names are the paths of values in the items (``position.lat``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from stsdetect.readers.json_items import Shape, chunks, shapes
from stsdetect.readers.json_layout import Steps, column, has, names_in, picked, steps
from stsdetect.readers.source import Head, Source


def json_names(head: Head) -> list[str]:
    """Return the names in the items of JSON of which most is known; empty where it is none."""
    return max((names_in(shape.samples) for shape in _of_objects(head)), key=len, default=[])


def json_shape(head: Head, names: Iterable[str]) -> Shape | None:
    """Return where the items are that have most of these names; None where a file is no JSON."""
    wanted = list(names)

    def score(shape: Shape) -> tuple[int, int]:
        known = sum(any(has(item, json_path(shape, name)) for item in shape.samples) for name in wanted)
        return known, len(names_in(shape.samples))

    return max(_of_objects(head), key=score, default=None)


def json_path(shape: Shape, name: str) -> Steps:
    """Return where a name leads in the items: to a value of that very name, dots and all, or along the path it is."""
    return (name,) if any(has(item, (name,)) for item in shape.samples) else steps(name)


def json_column(source: Source, shape: Shape, key: str, name: str) -> Iterator[pa.Array]:
    """Yield the values at a path, by our key, some thousands at a time."""
    for chunk in chunks(source, shape):
        if chunk.items:
            yield column(key, picked(chunk.items, json_path(shape, name)))[0]


def _of_objects(head: Head) -> list[Shape]:
    """Return where objects are; of a document that is itself one object, only what is in it, if anything."""
    found = [shape for shape in shapes(head) if any(type(item) is dict for item in shape.samples)]
    return [shape for shape in found if shape.path or len(shape.samples) > 1] or found
