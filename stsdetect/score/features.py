"""Leads as a matrix: one row per lead, one column per indicator, the share of its weight that each earned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.errors import SchemaError
from stsdetect.kernels.sphere import Floats
from stsdetect.schema import PAIRS
from stsdetect.score.rank import EVERY_INDICATOR

if TYPE_CHECKING:
    import pandas as pd

#: Names of all indicators, in the order of the columns; base terms among them.
FEATURES: tuple[str, ...] = tuple(indicator.name for indicator in EVERY_INDICATOR)
#: The terms that leads start from; each lead has one, which says what kind of lead it is.
BASES: tuple[str, ...] = tuple(indicator.name for indicator in EVERY_INDICATOR if indicator.direction == "base")


def features(pairs: pa.Table | pd.DataFrame) -> pd.DataFrame:
    """Return the strength of every indicator for every lead.

    Features times weights is ``log_odds``, to the rounding of each weight to four decimals (`log_odds_of`).

    Parameters
    ----------
    pairs
        A `PAIRS` table (Arrow or pandas), of any order.

    Returns
    -------
    Shape (leads, indicators), index ``pair_id`` in the order given, columns `FEATURES`, values the shares earned
    (0..1, of indicators that go both ways -1..1). NaN where an indicator was not asked, or what it asks is not known.

    Raises
    ------
    SchemaError
        If the table was made before reasons had a strength: score its events again with ``stsdetect score``.

    Examples
    --------
    >>> from stsdetect.schema import PAIRS
    >>> features(PAIRS.empty()).shape[0]
    0
    """
    import pandas as pd

    table = PAIRS.conform(pairs, extra=True)
    ids = pd.Index(table.column("pair_id").to_pylist(), name="pair_id", dtype=object)
    return pd.DataFrame(strengths(table), index=ids, columns=list(FEATURES))


def strengths(pairs: pa.Table) -> Floats:
    """Return what `features` does as an array, shape (leads, indicators)."""
    column = pairs.column("reasons").combine_chunks()
    reasons: Any = pc.list_flatten(column)
    rows = pc.list_parent_indices(column).to_numpy()
    if reasons.field("strength").null_count:
        raise SchemaError(
            "the reasons of these pairs have no strength: an older version made them; score the events again, as in "
            "`stsdetect score DIR --out DIR2`"
        )
    places = pc.index_in(reasons.field("indicator"), pa.array(FEATURES))
    if places.null_count:
        name = reasons.field("indicator").filter(pc.is_null(places))[0].as_py()
        raise SchemaError(f"the pairs have reasons of an indicator {name!r}, which this version does not have")
    strength = reasons.field("strength").to_numpy()
    # What is not known has no value and earns nothing; a base term has no value either, but earns its weight.
    unknown = (strength == 0) & pc.is_null(reasons.field("value")).to_numpy(zero_copy_only=False)
    matrix = np.full((pairs.num_rows, len(FEATURES)), np.nan)
    matrix[rows, places.to_numpy()] = np.where(unknown, np.nan, strength)
    return matrix


def log_odds_of(matrix: Floats, weights: Mapping[str, float]) -> Floats:
    """Return features times weights, each product rounded to four decimals as it is shown, summed per lead.

    Parameters
    ----------
    matrix
        As from `strengths` or `features`, shape (leads, indicators).
    weights
        The weight of every indicator of `FEATURES`.

    Examples
    --------
    >>> row = np.where(np.array(FEATURES) == "base", 1.0, np.nan)[None]
    >>> log_odds_of(row, dict.fromkeys(FEATURES, -3.0)).tolist()
    [-3.0]
    """
    terms = np.nan_to_num(np.asarray(matrix)) * np.array([weights[name] for name in FEATURES])
    # Python's rounding, as in the reasons: numpy's differs at halves.
    some = terms != 0
    terms[some] = [round(term, 4) for term in terms[some].tolist()]
    return np.asarray(terms.sum(axis=1))
