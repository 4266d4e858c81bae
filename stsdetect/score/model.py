"""A scorer as data: weights by indicator with where they come from, in a JSON file, never a pickle."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from stsdetect.errors import InputError, UsageError, did_you_mean
from stsdetect.score.features import BASES
from stsdetect.score.likelihood import weights_digest
from stsdetect.score.rank import EVERY_INDICATOR, effective_weights
from stsdetect.settings import CalibrationSettings, Settings
from stsdetect.settings.groups import Weights

#: A model file is some tens of kilobytes; what is far larger is none [bytes].
_MOST_BYTES = 10_000_000
#: A model says within so much that it is one [bytes].
_HEAD_BYTES = 200
#: Least leads of a kind judged transfers, and least judged innocent, before scores are called probabilities: with fewer
#: of either, a score that is off is seldom found out (Vergouwe, Steyerberg, Eijkemans and Habbema 2005, J. Clin.
#: Epidemiol. 58, 475).
LEAST_OF_EACH = 100

log = logging.getLogger("stsdetect.score")


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Calibration(_Data):
    """How raw log-odds became those whose logistic is a probability, and for which leads.

    Calibrated log-odds are ``scale`` times the raw ones plus ``shift`` times the strength of the base term; both are
    already in the weights of the model. One that `learning.learn` would not make is refused with a ValueError: a file
    is easily edited, and its likelihoods would rest on nothing.
    """

    kinds: tuple[str, ...] = Field(min_length=1)
    """Base terms of the kinds of lead that had labels enough."""
    scale: float = Field(gt=0)
    shift: float
    low: float
    """Log-odds of the weakest lead that was judged: below it no likelihood is said."""
    high: float
    """Log-odds of the strongest lead that was judged."""
    n_transfer: int = Field(ge=0)
    """Leads of these kinds that were judged consistent with a transfer."""
    n_innocent: int = Field(ge=0)
    log_loss: float = Field(ge=0)
    """Mean minus log-likelihood of the verdicts, each told by weights that were fitted without it [nats]."""
    log_loss_of_share: float = Field(ge=0)
    """The same if each were told by the share of transfers among them alone [nats]."""

    @field_validator("kinds")
    @classmethod
    def _known(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        for place, kind in enumerate(kinds):
            if kind not in BASES:
                raise ValueError(f"{kind!r:.60} is no kind of lead; kinds are {', '.join(BASES)}")
            if kind in kinds[:place]:
                raise ValueError(f"{kind!r} is there twice")
        return kinds

    @model_validator(mode="after")
    def _earned(self) -> Calibration:
        # A lead has one base term, so that no lead counts for two kinds.
        asked = LEAST_OF_EACH * len(self.kinds)
        if min(self.n_transfer, self.n_innocent) < asked:
            raise ValueError(
                f"it rests on {self.n_transfer:,} leads judged transfers and {self.n_innocent:,} judged innocent, and "
                f"{asked:,} of each are asked, {LEAST_OF_EACH} for each kind of lead"
            )
        if self.low > self.high:
            raise ValueError(f"its weakest lead ({self.low:g}) is stronger than its strongest ({self.high:g})")
        if self.log_loss > self.log_loss_of_share:
            raise ValueError(
                "it tells the verdicts no better than their share does (log loss "
                f"{self.log_loss:g}, {self.log_loss_of_share:g})"
            )
        return self


class Model(_Data):
    """Weights by indicator that replace those of a profile, and what is to be known of them.

    Attributes
    ----------
    weights
        Of every indicator, base terms included, calibration folded in [log-odds].
    profile
        The profile whose weights were moved.
    prior_weights, prior_strength
        What the weights were before, and how firmly they were believed (see `stsdetect.Scorer`).
    labels
        How many leads were judged transfer, innocent and unclear, and how many were not.
    calibration
        None where labels did not allow it: then scores are priorities, and no probability words are used.
    not_calibrated
        Why there is no calibration; empty where there is.
    training
        What it was made of: digests of the leads and the labels, ids of the runs' settings, versions, date.

    Examples
    --------
    >>> model = Model(
    ...     weights=effective_weights({}), profile="dprk-petroleum", prior_weights=effective_weights({}),
    ...     prior_strength=20, labels={}, not_calibrated="there are no labels", training={},
    ... )
    >>> model.settings(Settings()).score.weights == effective_weights({})
    True
    """

    schema_version: Literal["stsdetect-model/1"] = Field(default="stsdetect-model/1", alias="schema")
    weights: Weights
    profile: str
    prior_weights: Weights
    prior_strength: float = Field(gt=0)
    labels: dict[str, int]
    calibration: Calibration | None = None
    not_calibrated: str = ""
    training: dict[str, Any]
    scoring_id: str = ""
    """Digest of the weights before and of all else that decided the scores (`likelihood.weights_digest`)."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Model:
        if self.calibration is not None and self.not_calibrated:
            raise ValueError(f"it has a calibration, and says why it has none: {self.not_calibrated!r:.80}")
        return self

    @field_validator("training")
    @classmethod
    def _numbers(cls, told: dict[str, Any]) -> dict[str, Any]:
        """Refuse what is no number of JSON: ``run.json`` repeats it, after all the work."""
        try:
            json.dumps(told, allow_nan=False)
        except ValueError:
            raise ValueError("it holds a number that is not finite") from None
        return told

    @classmethod
    def load(cls, path: str | Path) -> Model:
        """Read a model file.

        Raises
        ------
        InputError
            If it cannot be read, or is no model of this version.
        """
        try:
            with open(path, "rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except OSError as problem:
            raise InputError(f"the model {path} cannot be read: {problem.strerror}") from problem
        if len(data) > _MOST_BYTES:
            raise InputError(f"{path} is no model: it is larger than {_MOST_BYTES:,} bytes")
        try:
            model = cls.model_validate_json(data)
        except ValidationError as problem:
            raise InputError(
                f"{path} is no model that `stsdetect fit` of this version wrote: {_first(problem)}; fit it anew"
            ) from problem
        model._check(path)
        return model

    def _check(self, path: str | Path) -> None:
        directions = {indicator.name: indicator.direction for indicator in EVERY_INDICATOR}
        for name, weight in self.weights.items():
            if name not in directions:
                hint = did_you_mean(name, directions)
                raise InputError(
                    f"{path} has a weight of {name!r:.60}, an indicator that this version does not have.{hint} Fit the "
                    "model anew"
                )
            direction = directions[name]
            if (direction == "against" and weight > 0) or (direction in ("for", "both") and weight < 0):
                raise InputError(f"{path}: the weight of {name} is {weight:g}, against its direction ({direction})")
        missing = sorted(set(directions) - set(self.weights))
        if missing:
            raise InputError(
                f"{path} has no weight of {missing[0]}, an indicator of this version ({len(missing)} are missing); fit "
                "the model anew"
            )

    def to_json(self) -> str:
        """Return the text of the file; the same model is the same text."""
        return self.model_dump_json(indent=1, by_alias=True) + "\n"

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all, in place of nothing but another model.

        Raises
        ------
        UsageError
            If it cannot be written, or would replace a file that is no model.
        """
        target = Path(path)
        if _is_something_else(target):
            raise UsageError(f"{path} is there already and is no model, so it stays; give another --out")
        aside = target.with_name(f".{target.name[:60]}.{os.getpid()}.part")
        try:
            aside.write_text(self.to_json(), encoding="utf-8", newline="\n")
            os.replace(aside, target)
        except OSError as problem:
            raise UsageError(f"the model cannot be written to {path}: {problem.strerror}") from problem
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)

    @property
    def digest(self) -> str:
        """Twelve hex digits of the whole file."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    def settings(self, settings: Settings) -> Settings:
        """Return settings with the weights of this model, and its calibration.

        Raises
        ------
        UsageError
            If they change weights themselves, or are of another profile.
        """
        given = settings.score
        if given.weights:
            name = next(iter(given.weights))
            raise UsageError(
                f"the settings change score.weights.{name}, and a model brings all weights; give one or the other"
            )
        if given.profile != self.profile:
            raise UsageError(
                f"the model was fitted on profile {self.profile}, and the settings say {given.profile}; give --profile "
                f"{self.profile}, or a model that was fitted on {given.profile}"
            )
        score = given.model_copy(update={"weights": dict(self.weights), "calibration": None})
        known = self.calibration
        if known is not None and (
            rounded(effective_weights({}, given)) != rounded(self.prior_weights)
            or self.scoring_id not in ("", weights_digest(given))
        ):
            log.warning(
                "profile %s, or what else decides scores, is not as it was when the model was fitted, so no "
                "likelihood is said; fit it anew",
                self.profile,
            )
        elif known is not None:
            calibration = CalibrationSettings(
                weights_id=weights_digest(score), kinds=known.kinds, low=known.low, high=known.high
            )
            score = score.model_copy(update={"calibration": calibration})
        return settings.model_copy(update={"score": score})

    def moved(self) -> list[tuple[str, float, float]]:
        """Return name, weight before and weight now of each indicator, what moved most first."""
        rows = [(name, self.prior_weights.get(name, 0.0), weight) for name, weight in self.weights.items()]
        return sorted(rows, key=lambda row: (-abs(row[2] - row[1]), row[0]))

    def describe(self) -> dict[str, Any]:
        """Return what ``run.json`` says of the model."""
        return {
            "digest": self.digest,
            "profile": self.profile,
            "prior_strength": self.prior_strength,
            "labels": self.labels,
            "calibration": None if self.calibration is None else self.calibration.model_dump(mode="json"),
            "not_calibrated": self.not_calibrated,
            "training": self.training,
        }


def _is_something_else(path: Path) -> bool:
    """Return whether a file has content that is not a model of any version."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return False
    return bool(head.strip()) and b'"stsdetect-model/' not in head


def _first(problem: ValidationError) -> str:
    error = problem.errors(include_url=False)[0]
    where = ".".join(str(part) for part in error["loc"])
    return f"{where}: {error['msg']}" if where else str(error["msg"])


def as_model(model: Model | str | Path | None) -> Model | None:
    """Return a model, read where it is a path."""
    model = Model.load(model) if isinstance(model, (str, Path)) else model
    if model is not None and not isinstance(model, Model):
        raise UsageError(f"the model must be a Model or the path of its file, not {type(model).__name__}")
    return model


def rounded(weights: Mapping[str, float]) -> dict[str, float]:
    """Return weights as a model keeps them: six decimals, so that the file reads well and says exactly what counts."""
    return {name: round(float(value), 6) + 0.0 for name, value in weights.items()}
