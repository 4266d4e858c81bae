"""Words for probabilities, and only where labels bear them: everywhere else a score is a priority."""

from __future__ import annotations

import hashlib
import json
import logging
from bisect import bisect_right

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.schema import PAIRS
from stsdetect.score.rank import effective_weights
from stsdetect.settings import CalibrationSettings, ScoreSettings

#: What the words rest on.
SOURCE = "Intelligence Community Directive 203, Analytic Standards, of 2 January 2015 (ODNI), D.6.e.2.a"
#: Where each word ends [probability]. The directive gives 1 to 5, 5 to 20, 20 to 45, 45 to 55, 55 to 80, 80 to 95 and
#: 95 to 99 per cent; that a band holds its lower end, and that the outer ones hold what is beyond them, is our choice.
_ENDS = (0.05, 0.20, 0.45, 0.55, 0.80, 0.95)
WORDS = (
    "almost no chance",
    "very unlikely",
    "unlikely",
    "roughly even chance",
    "likely",
    "very likely",
    "almost certain",
)

log = logging.getLogger("stsdetect.score")


def word(probability: float) -> str:
    """Return the words of ICD 203 for a calibrated probability, 0..1.

    The directive keeps likelihood and confidence apart: never put both into one sentence.

    >>> word(0.6)
    'likely'
    """
    return WORDS[bisect_right(_ENDS, probability)]


def weights_digest(settings: ScoreSettings) -> str:
    """Return twelve hex digits that change with any weight in force, and with all else that decides a score.

    How correlated indicators count is of it, and what an indicator asks: a lead that earns another share of the same
    weight is none of those that were judged.
    """
    rest = settings.model_dump(mode="json", exclude={"weights", "calibration", "profile", "parcel"})
    content = [effective_weights(settings.weights, settings), rest]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def calibration_of(settings: ScoreSettings) -> CalibrationSettings | None:
    """Return the calibration of the weights in use; None where there is none, or it is that of other weights."""
    found = settings.calibration
    if found is None or found.weights_id == weights_digest(settings):
        return found
    log.warning("the weights are not those that were calibrated, so no likelihood is said; scores are priorities")
    return None


def add_likelihood(pairs: pa.Table, settings: ScoreSettings) -> pa.Table:
    """Return pairs with ``likelihood``: words where the weights are calibrated for such leads, null elsewhere.

    Such leads start from a base term that was calibrated, and have log-odds between the least and the greatest of the
    leads that were judged: beyond them nobody looked.

    Parameters
    ----------
    pairs
        A `PAIRS` table.
    settings
        The weights in use, and whether they are calibrated.

    Examples
    --------
    >>> add_likelihood(PAIRS.empty(), ScoreSettings()).num_rows
    0
    """
    known = calibration_of(settings)
    words: list[str | None] = [None] * pairs.num_rows
    if known is not None and pairs.num_rows:
        first = pc.list_element(pairs.column("reasons"), 0)
        starts = pc.struct_field(first, "indicator").to_pylist()
        scores = zip(starts, pairs.column("log_odds").to_pylist(), pairs.column("score").to_pylist(), strict=True)
        words = [
            word(score) if start in known.kinds and known.low <= odds <= known.high else None
            for start, odds, score in scores
        ]
    place = PAIRS.names.index("likelihood")
    return pairs.set_column(place, PAIRS.arrow.field(place), pa.array(words, pa.string()))
