"""Whatever a list holds, it is read with every row accounted for, or refused in words; nothing else comes out."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.errors import InputError, UsageError
from stsdetect.reference.vessels import imo_ok
from stsdetect.schema import VESSELS
from stsdetect.score.watchlists import LIST_READERS, WatchList, read_watch_lists
from stsdetect.score.watchlists.matching import match
from stsdetect.score.watchlists.names import plain
from stsdetect.score.watchlists.words import MAX_NAMES, NAME_CHARS, PROGRAMME_CHARS, said

LISTS = Path(__file__).parents[1] / "unit" / "score" / "lists"
FILES = sorted(path for path in LISTS.rglob("*") if path.is_file() and path.name not in ("alt.csv", "sdn_comments.csv"))
#: More can be asked for: 10,000 take some minutes.
MUTATIONS = int(os.environ.get("STSDETECT_EXAMPLES", "60"))
BITS = [
    b'"', b",", b";", b"\n", b"\r", b"\x00", b"\x1a", b"<", b">", b"&a;", b"{", b"}", b"[", b"\\", b"\xff",
    b"\xef\xbb\xbf", b"-0-", b"9" * 400, b"A" * 200_000, b"IMO ", b"\xe2\x80\xae", b"null",
    b"<!DOCTYPE a [<!ENTITY a 'b'>]>", b"=1+1",
]  # fmt: skip


def read(data: bytes, folder: Path) -> WatchList | None:
    """Read a list, or see that it is refused in words for people."""
    path = folder / "list"
    path.write_bytes(data)
    try:
        (one,) = read_watch_lists([path])
    except (InputError, UsageError) as refused:
        problem = str(refused)
    else:
        problem = ""
    if problem:
        assert "list" in problem
        assert len(problem) < 700
        assert problem.isprintable()
        return None
    assert one.rows == one.kept + sum(one.passed_over.values()) + sum(one.rejected.values())
    assert one.entries
    for entry in one.entries:
        assert all(imo_ok(imo) for imo in entry.imos)
        assert all(200_000_000 <= mmsi < 800_000_000 for mmsi in entry.mmsis)
        assert len(entry.names) <= MAX_NAMES
        assert entry.entry_id.isprintable()
        assert 0 < len(entry.entry_id) <= NAME_CHARS
        assert all(name.isprintable() and 0 < len(name) <= NAME_CHARS for name in entry.names)
        assert entry.programme == said(entry.programme, PROGRAMME_CHARS)
        assert entry.names or entry.imos or entry.mmsis or entry.callsigns
    return one


def mutated(data: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.randint(1, 4)):
        at, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
        match rng.randrange(5):
            case 0:
                data = data[:at] + rng.choice(BITS) + data[at:]
            case 1:
                data = data[:at] + data[min(end, at + rng.randint(1, 60)) :]
            case 2:
                data = data[:end]
            case 3:
                data = data[:at] + data[at:end] * 2 + data[end:]
            case _:
                data = data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
    return data


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_mutated_lists(path, tmp_path):
    rng = random.Random(path.name)
    whole = path.read_bytes()
    kept = sum(read(mutated(whole, rng), tmp_path) is not None for _ in range(MUTATIONS))
    assert read(whole, tmp_path) is not None
    assert kept or path.suffix in (".xml", ".json")


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_any_bytes(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("any")
    read(data, folder)


@settings(max_examples=200)
@given(st.lists(st.lists(st.text(max_size=30), min_size=1, max_size=6), max_size=8), st.sampled_from(",;\t"))
def test_any_text_under_a_header_is_accounted_for(tmp_path_factory, rows, delimiter):
    folder = tmp_path_factory.mktemp("text")
    head = delimiter.join(["IMO", "Name", "MMSI", "Call sign"])
    lines = [head, delimiter.join(["9100011", "ONE SURE", "", ""]), *(delimiter.join(row) for row in rows)]
    one = read("\n".join(lines).encode("utf-8", "replace"), folder)
    assert one is not None
    assert 9100011 in one.entries[0].imos
    assert match([one], VESSELS.empty()).hits.num_rows == 0


@given(st.text(max_size=80))
def test_names_are_compared_without_trouble_and_alike_twice(text):
    name = plain(text)
    assert plain(text.lower()).key == plain(text.upper()).key or not text.isascii()
    assert plain(f"M/V {text}").key == name.key or not name.letters or name.words[0] in ("T", "V", "S")
    assert all(number.isdigit() for number in name.numbers)


def test_every_layout_is_among_the_files():
    names = {read_watch_lists([path])[0].layout for path in FILES}
    assert names == {reader.name for reader in LIST_READERS}
