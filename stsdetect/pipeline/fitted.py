"""Labels on the leads of runs, and a model made of them."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stsdetect.errors import InputError, UsageError
from stsdetect.pipeline.earlier import read_leads, settings_of
from stsdetect.pipeline.manifest import file_hash, iso, versions
from stsdetect.pipeline.output import LABELS_FILE, held
from stsdetect.reference.texts import clean
from stsdetect.score.features import features
from stsdetect.score.labels import Label, Labels, append_label, make_label, match_labels, read_labels
from stsdetect.score.learning import learn
from stsdetect.score.likelihood import weights_digest
from stsdetect.score.model import Model, rounded
from stsdetect.score.rank import effective_weights
from stsdetect.settings import ScoreSettings

#: Beyond these strengths of the prior nothing is held, or nothing moves, and sums lose their digits (our choice).
_SOFTEST, _FIRMEST = 1e-3, 1e6
#: Lines and labels named in a message.
_NAMED = 5

log = logging.getLogger("stsdetect.pipeline")


@dataclass(frozen=True)
class Fit:
    """A model, and what became of the labels.

    Attributes
    ----------
    model
        To `stsdetect.score.model.Model.save`, or to score with.
    used, superseded
        Labels that count, and such that a later one of the same lead replaced.
    unmatched
        Labels without a lead in any folder, each with why.
    problems
        Lines of the file that are no labels, with why.
    """

    model: Model
    used: int
    superseded: int
    unmatched: tuple[tuple[Label, str], ...]
    problems: tuple[tuple[int, str], ...]


def label(
    folder: str | Path,
    pair: str | int,
    verdict: str,
    *,
    who: str,
    why: str,
    when: datetime | None = None,
    labels: str | Path | None = None,
) -> Label:
    """Append a verdict on a lead of a run to a file of labels.

    Parameters
    ----------
    folder
        Where the run wrote its results.
    pair
        ``pair_id`` of the lead, or its rank.
    verdict
        ``transfer`` (what is known beside AIS is consistent with one), ``innocent`` (something else explains it) or
        ``unclear`` (looked at, and it cannot be told).
    who, why
        Whose verdict it is, and what it rests on.
    when
        When it was given; now unless told.
    labels
        The file; ``labels.jsonl`` in the folder of the run unless given.

    Returns
    -------
    The label as it stands in the file.

    Raises
    ------
    InputError
        If the folder holds no results, or files of two runs.
    UsageError
        If there is no such lead or verdict, or the file cannot be written.
    """
    _, pairs = read_leads(folder)
    one = make_label(pairs, pair, verdict, who=who, why=why, when=when)
    append_label(Path(folder) / LABELS_FILE if labels is None else labels, one)
    return one


def fit(
    folders: str | Path | Sequence[str | Path],
    labels: str | Path,
    *,
    prior_strength: float = 20.0,
    unlabelled_share: float | None = None,
    date: str | None = None,
) -> Fit:
    """Move the weights of the profile towards labels, and calibrate them where labels allow it.

    Lines that are no labels, and labels without a lead, are warned of.

    Parameters
    ----------
    folders
        Where runs wrote their results, one or several, all on one profile.
    labels
        A file that `label` wrote.
    prior_strength
        How firmly the profile's weights are believed; see `stsdetect.Scorer`.
    unlabelled_share
        Share of the leads that nobody judged believed to be true; as the weights say unless given.
    date
        Date that the model is to bear, as ISO 8601 writes days and times; that of the newest label unless given. No
        clock is asked.

    Raises
    ------
    InputError
        If a folder holds no results, or files of two runs, or the file no labels.
    UsageError
        If no label belongs to a lead, runs are of different profiles, or a number or the date cannot be.
    """
    given = [folders] if isinstance(folders, (str, Path)) else list(folders)
    if not given:
        raise UsageError("no folder is given; name those that `stsdetect detect` wrote its results to")
    if not _SOFTEST <= prior_strength <= _FIRMEST:
        wanted = f"{_SOFTEST:g} to {_FIRMEST:,.0f}"
        raise UsageError(f"the prior strength is {prior_strength}; give a number above 0, {wanted}")
    if unlabelled_share is not None and not 0 <= unlabelled_share <= 1:
        raise UsageError(f"the share of unlabelled leads that are true is {unlabelled_share}; give 0 to 1")
    if date is not None:
        try:
            datetime.fromisoformat(date)
        except ValueError:
            raise UsageError(
                f"the date of the model is {date!r:.60}, which is no day; write it like 2024-03-09"
            ) from None
    told = read_labels(labels)
    if not told.labels:
        raise InputError(f"{labels} holds no label; `stsdetect label` writes them")
    runs = [_Run.read(folder) for folder in given]
    for run in runs[1:]:
        _refuse_other_profile(runs[0], run)
    own = runs[0].settings
    leads = _without_repeats(runs)
    found = match_labels(told.labels, leads)
    unmatched = tuple((one, why) for one, why in zip(told.labels, found.why_not, strict=True) if why)
    _say(labels, told, unmatched)
    if not found.counts.any():
        raise UsageError(
            f"none of the {len(told.labels):,} labels in {labels} belongs to a lead of {', '.join(map(str, given))} "
            f"({unmatched[0][1]}), so no model was made; give the folders of the runs that were labelled"
        )
    verdicts = found.verdicts(told.labels, leads.num_rows)
    weights = effective_weights({}, own)
    learnt = learn(
        features(leads), verdicts, leads.column("vessel_a").to_pylist(), weights=weights,
        prior_strength=prior_strength, unlabelled_share=unlabelled_share,
    )  # fmt: skip
    model = Model(
        weights=learnt.weights, profile=own.profile, prior_weights=rounded(weights), prior_strength=prior_strength,
        labels=_counts(told.labels, found.counts, leads.num_rows), calibration=learnt.calibration,
        not_calibrated=learnt.not_calibrated, training=_training(runs, told, labels, unlabelled_share, date),
        scoring_id=weights_digest(own.model_copy(update={"weights": {}})),
    )  # fmt: skip
    used = int(found.counts.sum())
    superseded = len(told.labels) - used - len(unmatched)
    return Fit(model, used, superseded, unmatched, told.problems)


def _say(path: str | Path, told: Labels, unmatched: Sequence[tuple[Label, str]]) -> None:
    """Warn of lines that are no labels, and of labels without a lead: what is learnt lacks them."""
    for number, why in told.problems[:_NAMED]:
        log.warning("%s, line %s, is no label: %s", path, number, clean(str(why), 200))
    if len(told.problems) > _NAMED:
        log.warning("%s: %s lines are no labels", path, f"{len(told.problems):,}")
    if unmatched:
        names = [
            f"{clean(one.vessel_a)} and {clean(one.vessel_b or one.partner_kind)}, {one.first_time:%Y-%m-%d}, by "
            f"{clean(one.who, 30)}: {why}"
            for one, why in unmatched[:_NAMED]
        ]
        more = f"; and {len(unmatched) - _NAMED:,} more" if len(unmatched) > _NAMED else ""
        log.warning(
            "%s: %s of %s labels belong to no lead of these runs: %s%s", path, f"{len(unmatched):,}",
            f"{len(told.labels):,}", "; ".join(names), more,
        )  # fmt: skip


@dataclass(frozen=True)
class _Run:
    folder: str
    run: dict[str, Any]
    settings: ScoreSettings
    pairs: pa.Table
    pairs_hash: str

    @classmethod
    def read(cls, folder: str | Path) -> _Run:
        with held(Path(folder)):  # so that the hash is of what was read
            run, pairs = read_leads(folder)
            pairs_hash = file_hash(Path(folder) / "pairs.parquet", whole=True)
        return cls(str(folder), run, settings_of(run, folder).score, pairs, pairs_hash)

    def describe(self) -> dict[str, Any]:
        """Return what a model says of a run it learnt from: no path, as files move."""
        inputs = json.dumps([one.get("hash") for one in self.run.get("inputs", ())], sort_keys=True)
        return {
            "settings_id": self.run.get("settings_id"),
            "version": self.run.get("version"),
            "first_time": self.run.get("first_time"),
            "last_time": self.run.get("last_time"),
            "leads": self.pairs.num_rows,
            "pairs_hash": self.pairs_hash,
            "inputs_hash": "sha256:" + hashlib.sha256(inputs.encode()).hexdigest(),
        }


def _refuse_other_profile(one: _Run, other: _Run) -> None:
    for name in ScoreSettings.model_fields:
        if name in ("weights", "calibration"):
            continue
        if getattr(one.settings, name) != getattr(other.settings, name):
            raise UsageError(
                f"{one.folder} is a run on profile {one.settings.profile}, and {other.folder} one on "
                f"{other.settings.profile} with other {name.replace('_', ' ')}; score them again on one profile "
                "(`stsdetect score DIR --profile NAME`)"
            )


def _without_repeats(runs: Sequence[_Run]) -> pa.Table:
    """Return the leads of all runs; of one that several runs have, the first."""
    leads = pa.concat_tables([run.pairs for run in runs])
    keys = zip(leads.column("pair_id").to_pylist(), leads.column("first_time").to_pylist(), strict=True)
    first: dict[Any, int] = {}
    for number, key in enumerate(keys):
        first.setdefault(key, number)
    return leads.take(pa.array(list(first.values()), pa.int64()))


def _counts(labels: Sequence[Label], counts: np.ndarray, n_leads: int) -> dict[str, int]:
    told = Counter(one.verdict for one, used in zip(labels, counts.tolist(), strict=True) if used)
    judged = {name: told[name] for name in ("transfer", "innocent", "unclear")}
    return {**judged, "unlabelled": n_leads - sum(judged.values())}


def _training(
    runs: Sequence[_Run], told: Labels, path: str | Path, share: float | None, date: str | None
) -> dict[str, Any]:
    newest = max((one.when for one in told.labels), default=None)
    return {
        "date": date if date is not None else iso(newest),
        "versions": {**versions(), "scikit-learn": _version("scikit-learn")},
        "unlabelled_share": share,
        "labels_hash": file_hash(path, whole=True),
        "runs": [run.describe() for run in runs],
    }


def _version(name: str) -> str:
    from importlib.metadata import version

    return version(name)
