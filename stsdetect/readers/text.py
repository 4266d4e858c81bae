"""Delimited text in blocks: cut at newlines, split by Arrow where it can, line by line where it cannot.

Both ways give the same values. Where every value of a block is a plain number or time, Arrow turns it into one
as it splits; else it hands out the text, and `rows.build` judges value by value. No quote, short row or odd byte
can make a row vanish: a block whose row count does not match its newlines is sorted into plain lines and odd
ones, and the odd ones are read singly.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
from numpy.typing import NDArray

from stsdetect.kernels.choice import compiled
from stsdetect.readers.ahead import ahead
from stsdetect.readers.blocks import Block, Rows, numbered_blocks
from stsdetect.readers.convert import plain
from stsdetect.readers.header import BOM, Header, decode_line, split_line
from stsdetect.readers.protocol import Batch, Reject
from stsdetect.readers.repeated import Sets
from stsdetect.readers.rows import MAX_TEXT, Judged, Origin, Repeated, Times, build, judge_repeated, merged
from stsdetect.readers.scanned import Plan, plan, scan
from stsdetect.readers.source import Source
from stsdetect.schema import POSITIONS, TEXT
from stsdetect.units import US_PER_S

_DAY_US = 86_400 * US_PER_S
#: Up to so many lines are split here: for fewer, starting Arrow's reader, in a thread of its own, costs more.
FEW_LINES = 32

#: Changes raw columns by our key before they are converted, and counts what a reader should know.
Tidy = Callable[[dict[str, pa.Array], Counter[str]], dict[str, pa.Array]]


@dataclass(frozen=True)
class TextSpec:
    """How the lines of one file become columns: ``columns`` = our key -> position in the row."""

    header: Header
    columns: dict[str, int]
    #: Types that Arrow may make of columns as it splits; the others are text, each distinct value held once.
    typed: dict[str, pa.DataType] = field(default_factory=dict)
    #: Columns whose values nearly all differ: as text they are held as they are.
    distinct: frozenset[str] = frozenset({"lat", "lon"})
    #: How plain times are written: "iso" without a zone, or "day_first"; other times are left to the general way.
    clock: str = "iso"
    #: Whether columns left out change as seldom as those of the vessel they stand among.
    steady: bool = False
    #: Whether columns may be given to ``tidy`` apart from each other.
    apart: bool = True


@dataclass
class Piece:
    """Columns for some lines, those lines, and the rows of the wrong length; an empty cell is null.

    ``repeated`` are the columns converted once for many rows; ``apart`` says that the lines were split one by one.
    """

    columns: dict[str, pa.Array]
    rows: Rows
    line: Callable[[int], bytes]
    rejects: list[Reject]
    odd_bytes: int = 0
    repeated: Repeated | None = None
    apart: bool = False

    def text(self, i: int) -> str:
        """Return the i-th line as text."""
        return decode_line(self.line(i))


def read_text(
    source: Source,
    spec: TextSpec,
    times: Times,
    tidy: Tidy,
    missing: frozenset[str] = frozenset(),
    messages: frozenset[int] = frozenset(),
) -> Iterator[Batch]:
    """Read delimited text batch by batch; ``tidy`` may change the raw columns before they are converted.

    ``missing`` and ``messages`` as in `rows.build`; with ``messages`` columns are not to be apart.
    """
    stream = source.open()
    steps = plan(spec.columns, len(spec.header.cells), spec.clock, spec.steady) if spec.apart else None
    scanner = (
        _Scanner(spec, steps, lambda columns: judge_repeated(tidy(_plain(columns), Counter()), missing))
        if steps
        else None
    )

    def batch(piece: Piece) -> Batch:
        return _batch(piece, source.label, spec, times, tidy, missing, messages)

    def convert(block: Block) -> list[Batch]:
        plain, rest = scanner.split(block) if scanner else (None, block)
        pieces = [] if rest is None else split_block(rest, spec)
        done = [] if plain is None else [batch(plain)]
        if done and pieces and not pieces[0].apart:
            done = [merged(done[0], batch(pieces.pop(0)))]
        done += [batch(piece) for piece in pieces]
        if isinstance(block.data, np.ndarray) and block.data.base is not None:
            spare.append(block.data.base)  # no batch refers to it any more; new memory costs more than to read into it
        return done

    spare: list[NDArray[np.uint8]] = []
    try:
        for batches in ahead(numbered_blocks(stream, spec.header, spare), convert):
            yield from batches
    finally:
        stream.close()


def _batch(
    piece: Piece,
    label: str,
    spec: TextSpec,
    times: Times,
    tidy: Tidy,
    missing: frozenset[str],
    messages: frozenset[int],
) -> Batch:
    remarks: Counter[str] = Counter()
    if len(piece.rows):

        def cell(i: int, key: str) -> str:
            if key not in spec.columns:  # made of other columns, or there is none
                return ""
            return split_line(piece.text(i), spec.header.delimiter)[spec.columns[key]]

        origin = Origin(label, piece.rows, piece.text, spec.header.repeats, cell)
        batch = build(tidy(_plain(piece.columns), remarks), times, origin, missing, piece.repeated, messages)
    else:
        batch = Batch(0, POSITIONS.empty())
    batch.remarks = remarks
    batch.rows += len(piece.rejects)
    batch.rejects += piece.rejects
    if piece.odd_bytes:
        batch.remarks["lines that are not UTF-8, read as Latin-1"] += piece.odd_bytes
    return batch


def _plain(columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    return {key: plain(array) for key, array in columns.items()}


class _Scanner:
    """Reads the plain lines of blocks through the compiled scanner, in any number of threads."""

    def __init__(self, spec: TextSpec, steps: Plan, judge: Callable[[dict[str, pa.Array]], Judged]) -> None:
        self._spec, self._steps, self._judge = spec, steps, judge
        self._repeated = replace(spec, columns={key: at for key, at in spec.columns.items() if key in steps.repeated})
        self._spare: list[Sets] = []

    def split(self, block: Block) -> tuple[Piece | None, Block | None]:
        """Return the plain lines of a block, and the block of all others."""
        fast = compiled("scan")
        if fast is None:
            return None, block
        data = np.frombuffer(block.data, np.uint8)
        try:
            sets = self._spare.pop()
        except IndexError:
            sets = Sets(self._steps.runs)
        old = sets.count
        got = scan(fast, data, block.count, self._spec.header.delimiter, self._steps, sets)
        if got is None and old:
            sets = Sets(self._steps.runs)
            got = scan(fast, data, block.count, self._spec.header.delimiter, self._steps, sets)
        if got is None:
            return None, block
        if got.fresh:
            columns = _split_into(got.examples, got.fresh, self._repeated, {})
            if columns is None:
                return None, block
            sets.add(self._judge(columns))
        if 2 * len(got.odd) > block.count:  # the general way looks at many at once, and gives the same
            self._spare.append(sets)
            return None, block
        numbers = block.numbers()
        piece = Piece(
            columns=got.columns,
            rows=numbers[got.line] if len(got.odd) else numbers,
            line=lambda i: _line_at(data, int(got.start[i])),
            rejects=[],
            repeated=sets.rows(got.code) if len(got.code) else None,
        )
        self._spare.append(sets)
        if not len(got.odd):
            return piece, None
        rest = b"".join([data[begin:end].tobytes() for _, begin, end in got.odd.tolist()])
        lines = numbers[got.odd[:, 0]]
        return piece, Block(int(lines[0]), len(lines), rest, lines)


def _line_at(data: NDArray[np.uint8], start: int) -> bytes:
    """Return the line that begins at a place; the last of the data ends with a newline."""
    size = 1024
    while True:
        line, newline, _ = data[start : start + size].tobytes().partition(b"\n")
        if newline:
            return line.rstrip(b"\r")
        size *= 4


def split_block(numbered: Block, spec: TextSpec) -> list[Piece]:
    """Split lines into columns."""
    numbers, count, block = numbered.numbers(), numbered.count, bytes(numbered.data)
    if _is_clean(block):
        columns = _split_fast(block, count, spec)
        if columns is not None:
            lines: list[bytes] = []

            def line(i: int) -> bytes:
                if not lines:
                    lines.extend(block.split(b"\n"))
                return lines[i].rstrip(b"\r")

            return [Piece(columns, numbers, line, [])]
    odd, ends = _odd_lines(block, spec)
    starts = np.concatenate([[0], ends[:-1] + 1])
    good = np.ones(count, bool)
    good[odd] = False
    odd = odd[~_blank(block, starts, ends)[odd]]
    pieces = [_plain_piece(block, starts, ends, good, numbers, spec)] if good.any() else []
    apart = [(int(numbers[i]), block[starts[i] : ends[i]]) for i in odd.tolist()]
    apart = [(n, part) for n, line in apart for part in _lone_lines(line, spec)]
    slow = replace(split_slow([(n, line) for n, line in apart if _is_row(line, spec)], spec), apart=True)
    return [*pieces, slow] if len(slow.rows) or slow.rejects else pieces


def _is_clean(block: bytes) -> bool:
    return not (b'"' in block or (b"#" in block and b"\n#" in block) or block[:1] in (b"\n", b"\r", b"#", BOM[:1]))


def _is_row(line: bytes, spec: TextSpec) -> bool:
    """Say whether a line is a row: no blank one, and no comment, which has not the cells of a row.

    A vessel may be called ``#1``, and its name may stand first.
    """
    if not line.startswith(b"#") or spec.header.repeats(decode_line(line)):
        return bool(line.strip())
    return _is_whole(line.rstrip(b"\r"), spec)


def _blank(block: bytes, starts: Rows, ends: Rows) -> NDArray[np.bool_]:
    """Say which lines are nothing but their end: there may be millions, too many to look at one by one."""
    size = ends - starts
    blank: NDArray[np.bool_] = (size == 0) | ((size == 1) & (np.frombuffer(block, np.uint8)[starts] == 13))
    return blank


def _lone_lines(line: bytes, spec: TextSpec) -> list[bytes]:
    """Cut a line that is too long at carriage returns: where they alone end lines, and two or more are whole rows."""
    if b"\r" not in line[:-1] or _is_whole(line.rstrip(b"\r"), spec):
        return [line]
    parts = line.rstrip(b"\r").split(b"\r")
    return parts if sum(_is_whole(part, spec) for part in parts) > 1 else [line]


def _is_whole(line: bytes, spec: TextSpec) -> bool:
    width = len(spec.header.cells)
    return len(_row_cells(line.decode("latin-1"), spec.header.delimiter, width)) == width


def _odd_lines(block: bytes, spec: TextSpec) -> tuple[Rows, Rows]:
    """Return which lines Arrow cannot be trusted with, and where every line of the block ends.

    Odd is a line with a quote, a lone carriage return, bytes that are not UTF-8 (all lines beyond ASCII,
    where the block has such), the wrong number of delimiters, a comment or a blank one.
    """
    data = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(data == 10)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lone = np.flatnonzero(data == 13)
    marks = [np.flatnonzero(data == ord('"')), lone[data[lone + 1] != 10]]
    if not _is_utf8(block):
        marks.append(np.flatnonzero(data > 127))
    odd = np.zeros(len(ends), bool)
    odd[np.searchsorted(ends, np.concatenate(marks))] = True
    cuts = np.searchsorted(np.flatnonzero(data == ord(spec.header.delimiter)), ends)
    odd |= np.diff(cuts, prepend=0) != len(spec.header.cells) - 1
    odd |= (data[starts] == ord("#")) | (data[starts] == BOM[0])  # Arrow drops a byte-order mark
    return np.flatnonzero(odd), ends


def _plain_piece(
    block: bytes, starts: Rows, ends: Rows, good: NDArray[np.bool_], numbers: Rows, spec: TextSpec
) -> Piece:
    """Split the good lines of a block through Arrow: runs of them are copied together."""
    edges = np.flatnonzero(np.diff(good.astype(np.int8), prepend=0, append=0))
    spans = [block[starts[low] : ends[high - 1] + 1] for low, high in zip(edges[::2], edges[1::2], strict=True)]
    index = np.flatnonzero(good)
    columns = _split_fast(b"".join(spans), len(index), spec)

    def line(i: int) -> bytes:
        return block[starts[index[i]] : ends[index[i]]].rstrip(b"\r")

    if columns is None:
        return split_slow([(int(numbers[j]), block[starts[j] : ends[j]]) for j in index], spec)
    return Piece(columns, numbers[index], line, [])


def _split_fast(block: bytes, count: int, spec: TextSpec) -> dict[str, pa.Array] | None:
    """Split through Arrow, into numbers and times where all are plain, else into text; None where it cannot."""
    if spec.typed:
        columns = _split_into(block, count, spec, spec.typed)
        if columns is not None and all(_plain_values(columns[key]) for key in spec.typed):
            return columns
    return _split_into(block, count, spec, {})


def _split_into(
    block: bytes | NDArray[np.uint8], count: int, spec: TextSpec, typed: dict[str, pa.DataType]
) -> dict[str, pa.Array] | None:
    if count <= FEW_LINES:
        return _split_few(bytes(block), count, spec, typed)
    names = [f"c{i}" for i in range(len(spec.header.cells))]
    wanted = {f"c{i}": typed.get(key, pa.string() if key in spec.distinct else TEXT) for key, i in spec.columns.items()}
    try:
        table = pcsv.open_csv(
            pa.BufferReader(pa.py_buffer(block)),
            read_options=pcsv.ReadOptions(use_threads=False, column_names=names, block_size=len(block) + 1),
            parse_options=pcsv.ParseOptions(
                delimiter=spec.header.delimiter, quote_char=False, escape_char=False, ignore_empty_lines=False
            ),
            convert_options=pcsv.ConvertOptions(
                column_types=wanted,
                include_columns=list(wanted),
                null_values=[""],
                strings_can_be_null=True,
                check_utf8=True,
            ),
        ).read_all()
    except pa.ArrowInvalid:
        return None
    if table.num_rows != count:
        return None
    columns = {key: table.column(f"c{i}") for key, i in spec.columns.items()}
    # Arrow makes a row of nulls of a blank line, so blank lines need looking for only where every column has nulls.
    if all(column.null_count for column in columns.values()):
        block = bytes(block)
        if b"\n\n" in block or b"\n\r\n" in block:
            return None
    return columns


def _split_few(block: bytes, count: int, spec: TextSpec, typed: dict[str, pa.DataType]) -> dict[str, pa.Array] | None:
    """Split a few lines into what Arrow would make of them; None where it would not take them."""
    delimiter, width = spec.header.delimiter.encode(), len(spec.header.cells)
    rows = [line.removesuffix(b"\r").split(delimiter) for line in block.split(b"\n")[:-1]]
    if len(rows) != count or b"\r" in block.replace(b"\r\n", b"") or any(len(row) != width for row in rows):
        return None
    columns = {}
    try:
        for key, i in spec.columns.items():
            column = pa.array([row[i].decode() or None for row in rows], pa.string())
            columns[key] = column.cast(typed[key]) if key in typed else column
    except (UnicodeDecodeError, pa.ArrowInvalid):
        return None
    return columns


def _plain_values(column: pa.ChunkedArray | pa.Array) -> bool:
    """Say whether Arrow read nothing here that is refused elsewhere: "nan", "inf", a date without a time."""
    if pa.types.is_floating(column.type):
        total = pc.sum(column).as_py()
        return total is None or math.isfinite(total)
    if pa.types.is_timestamp(column.type):
        # Only midnight can have been a bare date.
        micro = column.cast(pa.int64()).fill_null(1).to_numpy()
        first, last = micro.min() // _DAY_US * _DAY_US, micro.max()
        if last - first < 7 * _DAY_US:  # a comparison costs less than a division
            return not any((micro == midnight).any() for midnight in range(first, last + 1, _DAY_US))
        return bool((micro % _DAY_US).all())
    return True


def split_slow(numbered: list[tuple[int, bytes]], spec: TextSpec) -> Piece:
    """Split numbered lines one by one; rows of the wrong length become rejects."""
    width = len(spec.header.cells)
    values: dict[str, list[str | None]] = {key: [] for key in spec.columns}
    kept: list[tuple[int, bytes]] = []
    rejects: list[Reject] = []
    odd = 0
    for number, line in numbered:
        # Latin-1 maps bytes to characters one to one, so cells can be turned back and decoded each alone.
        cells = _row_cells(line.rstrip(b"\r").decode("latin-1"), spec.header.delimiter, width)
        if len(cells) != width:
            text = decode_line(line)
            reason = "repeated_header" if spec.header.repeats(text) else "wrong_column_count"
            detail = f"{len(cells)} instead of {width} columns"
            rejects.append(Reject(number, reason, detail, text[:MAX_TEXT]))
            continue
        kept.append((number, line))
        raw = {key: cells[i] for key, i in spec.columns.items()}
        if not line.isascii():
            plain_bytes = {key: cell.encode("latin-1") for key, cell in raw.items()}
            # Arrow does not look at columns that are not read: what is said must not hang on which way a line takes.
            odd += not all(map(_is_utf8, plain_bytes.values()))
            raw = {key: decode_line(cell) for key, cell in plain_bytes.items()}
        for key, text in raw.items():
            values[key].append(text or None)
    columns = {
        key: pa.array(column, pa.string())
        if key in spec.distinct or len(kept) <= FEW_LINES
        else pa.array(column, pa.string()).dictionary_encode()
        for key, column in values.items()
    }
    rows = np.array([number for number, _ in kept], np.int64)
    return Piece(columns, rows, lambda i: kept[i][1].rstrip(b"\r"), rejects, odd)


def _row_cells(text: str, delimiter: str, width: int) -> list[str]:
    cells = split_line(text, delimiter)
    if len(cells) != width and '"' in text:
        # An unpaired quote swallowed delimiters: take quotes as ordinary characters.
        raw = text.split(delimiter)
        if len(raw) == width:
            return [cell.strip('"') for cell in raw]
    return cells


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
