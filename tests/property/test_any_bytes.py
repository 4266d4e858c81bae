"""Whatever is done to a file of any layout, reading it ends in rows and reasons that add up, or in an error of ours."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.judge import WAYS, judge
from tests.fuzz.mutate import NASTY
from tests.fuzz.seeds import CORE, names, seeds

#: A place (a share of the length), how many bytes go there, and what comes instead.
edits = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.sampled_from([0, 0, 1, 2, 9, 70]),
        st.one_of(st.sampled_from([*NASTY, b"\n", b"\r\n", b"\n\n", b",", b";", b"#"]), st.binary(max_size=6)),
    ),
    max_size=5,
)


def edited(content: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for place, gone, instead in changes:
        at = round(place * len(content))
        content = content[:at] + instead + content[at + gone :]
    return content


@pytest.mark.parametrize("layout", names())
def test_any_bytes_end_in_rows_or_reasons(layout: str) -> None:
    assert seeds(layout), layout

    @settings(max_examples=200 if layout in CORE else 40, deadline=None)
    @given(st.sampled_from(seeds(layout)), edits, st.integers(0, len(WAYS) - 1))
    def check(content: bytes, changes: list[tuple[float, int, bytes]], way: int) -> None:
        judge(edited(content, changes), layout, way)

    check()
