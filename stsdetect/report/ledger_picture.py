"""A picture of the ledger as SVG: the sum of each calendar year, month by month, and the cap."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import pyarrow as pa

from stsdetect.report.files import atomic_write
from stsdetect.score.ledger import weighted_is

#: Size of the picture and margins: left, top, right, bottom [px].
_WIDTH, _HEIGHT = 900, 480
_LEFT, _TOP, _RIGHT, _BOTTOM = 90, 56, 24, 92
#: About how wide a letter of a note is [px].
_CHAR = 6.6
#: Most months with a label.
_MAX_LABELS = 18


def ledger_svg(months: pa.Table, *, min_score: float, calibrated_share: float = 0.0) -> str:
    """Draw the ledger.

    Parameters
    ----------
    months
        A table as in `stsdetect.schema.LEDGER`.
    min_score
        From which score on leads were taken as real; told in the caption.
    calibrated_share
        Of how many leads scores are calibrated probabilities, 0..1; told there, too.

    Returns
    -------
    An SVG document.

    Examples
    --------
    >>> from stsdetect.schema import LEDGER
    >>> ledger_svg(LEDGER.empty(), min_score=0.9).startswith("<svg")
    True
    """
    rows = [row for row in months.to_pylist() if len(row["period"]) == 7]
    if not rows:
        return _document([_text(_WIDTH / 2, _HEIGHT / 2, "No lead that could be a transfer of oil", anchor="middle")])
    cap = int(rows[0]["cap"])
    top: float = 1.15 * max([cap, *(row["year_high"] for row in rows)])
    step = (_WIDTH - _LEFT - _RIGHT) / len(rows)

    def x(month: int) -> float:
        return _LEFT + step * month

    def y(barrels: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * barrels / top

    parts, notes = _axes(rows, top, x, y), list[str]()
    for start, end in _years(rows):
        year = rows[start:end]
        highs = [(x(start), y(0)), *((x(start + k + 1), y(row["year_high"])) for k, row in enumerate(year))]
        lows = [(x(start), y(0)), *((x(start + k + 1), y(row["year_low"])) for k, row in enumerate(year))]
        mids = [(x(start), y(0)), *((x(start + k + 1), y(row["year_mid"])) for k, row in enumerate(year))]
        parts.append(f'<polygon points="{_points([*highs, *lows[::-1]])}" fill="#2b6cb0" fill-opacity="0.22"/>')
        parts.append(f'<polyline points="{_points(mids)}" fill="none" stroke="#2b6cb0" stroke-width="2"/>')
        last = year[-1]
        passed = f"{last['p_passed']:.0%} of draws above the cap"
        # Of a short first year it would begin left of the picture.
        at = max(x(end) - 4, _LEFT + _CHAR * len(passed))
        notes.append(_text(at, y(last["year_high"]) - 6, passed, anchor="end", size=12))
    parts.append(
        f'<line x1="{_LEFT}" y1="{y(cap):.1f}" x2="{_WIDTH - _RIGHT}" y2="{y(cap):.1f}" stroke="#b83232" '
        'stroke-width="1.5" stroke-dasharray="7 4"/>'
    )
    parts += notes
    parts.append(
        _text(_LEFT + 6, y(cap) - 6, f"cap of UN resolution 2397: {cap:,} barrels a calendar year", fill="#b83232")
    )
    parts += _captions(rows[-1], min_score, calibrated_share)
    return _document(parts)


def write_picture(path: str | Path, months: pa.Table, *, min_score: float, calibrated_share: float = 0.0) -> None:
    """Write the picture of a ledger; the file appears whole or not at all.

    Raises
    ------
    UsageError
        If it cannot be written.
    """
    text = ledger_svg(months, min_score=min_score, calibrated_share=calibrated_share)
    with atomic_write(path) as aside:
        aside.write_text(text + "\n", encoding="utf-8")


def _years(rows: Sequence[dict[str, Any]]) -> list[tuple[int, int]]:
    """Return first and one-past-last month of each calendar year."""
    starts = [k for k, row in enumerate(rows) if not k or row["period"][:4] != rows[k - 1]["period"][:4]]
    return list(zip(starts, [*starts[1:], len(rows)], strict=True))


def _axes(rows: Sequence[dict[str, Any]], top: float, x: Any, y: Any) -> list[str]:
    parts = [_text(_LEFT, 26, "Likely volume of refined petroleum, sum of the calendar year", size=17, weight="600")]
    parts.append(_text(_LEFT, 45, "barrels; the band holds the stated share of draws", size=12, fill="#555"))
    unit = _nice(top / 5)
    for k in range(int(top / unit) + 1):
        at = y(k * unit)
        parts.append(f'<line x1="{_LEFT}" y1="{at:.1f}" x2="{_WIDTH - _RIGHT}" y2="{at:.1f}" stroke="#ddd"/>')
        parts.append(_text(_LEFT - 8, at + 4, f"{k * unit:,.0f}", anchor="end", size=12))
    every = -(-len(rows) // _MAX_LABELS)
    for k, row in enumerate(rows):
        if k % every == 0:
            parts.append(_text((x(k) + x(k + 1)) / 2, _HEIGHT - _BOTTOM + 18, row["period"], anchor="middle", size=12))
    return parts


def _captions(last: dict[str, Any], min_score: float, calibrated: float) -> list[str]:
    how = weighted_is(calibrated)
    lines = (
        f"If all leads with a score of {min_score:g} or more are real and no others, and all of it reached the DPRK: "
        "an assumption, no finding.",
        f"{how[0].upper()}{how[1:]}: {last['weighted_low']:,} to {last['weighted_high']:,} barrels in the last year.",
        "What was never heard, or lies outside the data, is not in it.",
    )
    return [_text(_LEFT, _HEIGHT - 48 + 16 * k, line, size=12, fill="#555") for k, line in enumerate(lines)]


def _nice(value: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at least ``value``.

    >>> _nice(115_000.0), _nice(900.0)
    (200000.0, 1000.0)
    """
    power = 10.0 ** (len(f"{value:.0f}") - 1)
    return next(power * k for k in (1, 2, 5, 10) if power * k >= value)


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in places)


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = 13, fill: str = "#222", weight: str = "400"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f'fill="{fill}" stroke="#fff" stroke-width="3" paint-order="stroke">{escape(text)}</text>'
    )


def _document(parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        'font-family="system-ui, sans-serif" role="img" aria-label="Likely volume against the cap">'
    )
    return "\n".join([head, f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>', *parts, "</svg>"])
