"""The scorer as a scikit-learn estimator: additive log-odds that labels move away from given weights."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve
from scipy.optimize import brentq
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from stsdetect.errors import did_you_mean
from stsdetect.kernels.sphere import Floats
from stsdetect.score.rank import EVERY_INDICATOR

#: Half of the log-odds beyond which a probability is 0 or 1 to the last bit; shifts are looked for inside it.
_FAR = 700.0
#: Least and greatest weight by direction; a base term, and what has no direction, may be anything.
_BOUNDS = {"for": (0.0, np.inf), "both": (0.0, np.inf), "against": (-np.inf, 0.0)}
_FREE = ("base", "none")


class Scorer(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Logistic regression around known weights, monotone in every indicator that has a direction.

    The decision is a sum: a base term, and for each column its weight times its value. Weights are those that make the
    labels likeliest together with a Gaussian prior around ``weights`` (the maximum a posteriori), so that few labels
    move them little and without labels they stay as they are. What is not known (NaN) adds nothing, whatever its
    weight.

    Parameters
    ----------
    weights : mapping of str to float, optional
        Weights by column name from which labels move [log-odds per unit of the column]. Unless given, the documented
        ones of the indicators. Columns that are not named here, and columns without names, begin at 0.
    directions : mapping of str to str, optional
        By column name ``for`` or ``both`` (weights stay at 0 or more), ``against`` (0 or less), ``base`` or ``none``
        (free). Unless given, the directions of the indicators; all other columns are free.
    prior_strength : float, default=20
        One over the variance of each weight around ``weights`` [1/log-odds^2]: 20 says that weights are good to 0.22.
        One label about a lead that was even, in an indicator of full strength, is worth 1/4: so 20 is as much as 80
        labels that all agree (our choice: see ``python -m tests.evaluate.challenger``).
    factor_spread : float, default=0.2
        Standard deviation of a factor that all weights but base terms have in common, around 1. Weights that are each
        about right may together be too sure or too timid; where labels say so, they all shrink or grow alike, and the
        order of leads stays (our choice; without it few labels of strong leads spoil the order of others).
    fit_intercept : bool, default=True
        Whether there is a base term besides the columns, itself with the prior, around 0. Leads bring their own base
        terms as columns, so for `stsdetect.score.features.features` it is False.
    unlabelled : int or str, optional
        The value in ``y`` of rows that nobody judged; -1 is scikit-learn's custom. Unless given, every row is judged.
    unlabelled_share : float, optional
        Share of the unlabelled rows that are believed to be positive, 0..1. Unless given, as many as the weights say
        that it begins with.
    unlabelled_weight : float, default=1.0
        Weight of the positives believed to be among them, all together, in that of the labelled ones. An unlabelled row
        never counts for more than a labelled one.
    max_iter : int, default=100
        Most Newton steps.
    tol : float, default=1e-9
        It ends where no component of the projected gradient is greater.

    Attributes
    ----------
    coef_, intercept_
        Weights, shape (1, n_features), and the base term, shape (1,).
    prior_coef_
        The weights it began with, shape (1, n_features).
    classes_
        The two labels; the second is the positive one.
    n_features_in_, feature_names_in_, n_iter_
        As usual.

    Notes
    -----
    That some leads were judged and most were not is the normal case. The estimator of Elkan and Noto (2008, KDD,
    "Learning classifiers from only positive and unlabeled data") needs positives that were labelled by chance, whatever
    they look like. Analysts look at the strongest leads first, so that assumption does not hold, and with it every
    unlabelled strong lead would count as a negative. Here it is only assumed that *whether* a lead was looked at hangs
    on its columns: then the verdicts alone tell the odds where there are any. Elsewhere nothing is learned, so
    unlabelled rows count as observations of what was believed before: each has the odds of the weights it began with
    (all moved by one shift where ``unlabelled_share`` says another mean). So nearly all are weak negatives, and strong
    leads that nobody came to are hardly any. This is done once: odds taken anew from the fitted weights would let the
    score confirm itself. They weigh as much as it takes to balance the labelled positives, which without any negative
    would lift the base term for all leads.

    Examples
    --------
    >>> scorer = Scorer(weights={"a": 1.0}, fit_intercept=False)
    >>> import pandas as pd
    >>> X = pd.DataFrame({"a": [1.0, 0.0, None, 1.0]})
    >>> scorer.fit(X, [1, 0, 0, 1]).coef_.round(2).tolist()
    [[1.05]]
    """

    def __init__(
        self,
        *,
        weights: Mapping[str, float] | None = None,
        directions: Mapping[str, str] | None = None,
        prior_strength: float = 20.0,
        factor_spread: float = 0.2,
        fit_intercept: bool = True,
        unlabelled: Any = None,
        unlabelled_share: float | None = None,
        unlabelled_weight: float = 1.0,
        max_iter: int = 100,
        tol: float = 1e-9,
    ) -> None:
        self.weights = weights
        self.directions = directions
        self.prior_strength = prior_strength
        self.factor_spread = factor_spread
        self.fit_intercept = fit_intercept
        self.unlabelled = unlabelled
        self.unlabelled_share = unlabelled_share
        self.unlabelled_weight = unlabelled_weight
        self.max_iter = max_iter
        self.tol = tol

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Scorer:
        """Move the weights towards labels.

        Parameters
        ----------
        X
            Shape (n_samples, n_features); NaN where a value is not known.
        y
            Shape (n_samples,): two labels, the greater one positive, and ``unlabelled``. With an ``unlabelled`` value,
            labels 0 and 1 may also be of one class alone.
        sample_weight
            How much each row counts, 0 or more.
        """
        self._check_numbers()
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        given = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        known = np.ones(len(y), dtype=np.bool_) if self.unlabelled is None else y != self.unlabelled
        self.classes_ = _two_classes(y[known], self.unlabelled is not None)
        centre, lower, upper, precision = self._prior()
        design = self._design(X)
        target = (y == self.classes_[1]).astype(np.float64)
        weight = given.copy()
        target[~known] = _believed(design[~known] @ centre, given[~known], self.unlabelled_share)
        believed, labelled = ((weight * target)[some].sum() for some in (~known, known))
        weight[~known] *= _at_most_1(self.unlabelled_weight * float(labelled), float(believed))
        found, self.n_iter_ = _solve(
            _Problem(design, target, weight, centre, precision), lower, upper, self.max_iter, self.tol
        )
        self.intercept_ = found[:1] if self.fit_intercept else np.zeros(1)
        self.coef_ = found[None, int(self.fit_intercept) :]
        self.prior_coef_ = centre[None, int(self.fit_intercept) :]
        return self

    def decision_function(self, X: Any) -> Floats:
        """Return the log-odds of the second class, shape (n_samples,)."""
        return np.asarray(self.contributions(X).sum(axis=1))

    def contributions(self, X: Any) -> Floats:
        """Return the terms that the decision is the sum of.

        Returns
        -------
        Shape (n_samples, 1 + n_features): the base term first, then weight times value of each column [log-odds].
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        base = np.full((len(X), 1), self.intercept_[0])
        return np.hstack([base, np.where(np.isnan(X), 0.0, X) * self.coef_])

    def predict_proba(self, X: Any) -> Floats:
        """Return the logistic of the decision for both classes, shape (n_samples, 2).

        They are probabilities only where the labels were those of leads as they come; else they are priorities.
        """
        decision = self.decision_function(X)
        return np.stack([expit(-decision), expit(decision)], axis=1)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likelier class, shape (n_samples,)."""
        positive = self.decision_function(X) > 0
        return np.asarray(self.classes_[positive.astype(np.int64)])

    def _design(self, X: Floats) -> Floats:
        """Return the columns, unknown values as 0, with one of ones before them where there is a base term."""
        known = np.where(np.isnan(X), 0.0, X)
        return np.hstack([np.ones((len(X), 1)), known]) if self.fit_intercept else known

    def _prior(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return where each weight begins, the least and greatest it may be, and the precision of the prior."""
        names: Sequence[Any] = getattr(self, "feature_names_in_", [None] * self.n_features_in_)
        weights = _DEFAULT_WEIGHTS if self.weights is None else self.weights
        directions = _DEFAULT_DIRECTIONS if self.directions is None else self.directions
        for name, direction in directions.items():
            if direction not in (*_BOUNDS, *_FREE):
                hint = did_you_mean(str(direction), [*_BOUNDS, *_FREE])
                raise ValueError(f"the direction of {name!r} is {direction!r}; it is none of for, against, both.{hint}")
        centre = np.array([float(weights.get(name, 0.0)) for name in names])
        bounds = np.array([_BOUNDS.get(directions.get(name, "none"), (-np.inf, np.inf)) for name in names])
        if not np.isfinite(centre).all():
            raise ValueError("weights must be finite numbers")
        for name, value, (least, most) in zip(names, centre, bounds, strict=True):
            if not least <= value <= most:
                raise ValueError(f"the weight of {name!r} is {value:g}, against its direction {directions[name]!r}")
        base = np.array([directions.get(name) == "base" for name in names], dtype=np.bool_)
        if self.fit_intercept:
            centre = np.concatenate([[0.0], centre])
            bounds = np.vstack([[-np.inf, np.inf], bounds])
            base = np.concatenate([[True], base])
        return centre, bounds[:, 0], bounds[:, 1], self._precision(centre, base)

    def _precision(self, centre: Floats, base: npt.NDArray[np.bool_]) -> Floats:
        """Return the inverse of the covariance: each weight by itself, and all but base terms by a common factor."""
        shared = self.factor_spread * np.where(base, 0.0, centre)
        return np.asarray(np.linalg.inv(np.eye(centre.size) / self.prior_strength + np.outer(shared, shared)))

    def _check_numbers(self) -> None:
        for name, least, most in (
            ("prior_strength", 0.0, np.inf),
            ("factor_spread", 0.0, np.inf),
            ("unlabelled_weight", 0.0, np.inf),
            ("unlabelled_share", 0.0, 1.0),
        ):
            value = getattr(self, name)
            if value is None and name == "unlabelled_share":
                continue
            if not least <= value <= most or not np.isfinite(value) or (name == "prior_strength" and not value > 0):
                wanted = "above 0" if name == "prior_strength" else f"{least:g} to {most:g}"
                raise ValueError(f"{name} is {value!r}; it must be a finite number, {wanted}")


_DEFAULT_WEIGHTS = {indicator.name: indicator.weight for indicator in EVERY_INDICATOR}
_DEFAULT_DIRECTIONS = {indicator.name: indicator.direction for indicator in EVERY_INDICATOR}


def _two_classes(labels: npt.NDArray[Any], some_unlabelled: bool) -> npt.NDArray[Any]:
    """Return both labels, the positive one last."""
    if len(labels):
        check_classification_targets(labels)
    classes = np.unique(labels)
    if some_unlabelled and len(classes) < 2 and set(classes.tolist()) <= {0, 1}:
        return np.array([0, 1])
    if len(classes) > 2:
        raise ValueError(
            f"Only binary classification is supported. The type of the target is {type_of_target(labels)}."
        )
    if len(classes) < 2:
        raise ValueError(f"labels of two classes are needed, and there is only 1 class: {classes.tolist()}")
    return classes


def _at_most_1(part: float, whole: float) -> float:
    return part / whole if part < whole else 1.0


def _believed(decision: Floats, weight: Floats, share: float | None) -> Floats:
    """Return the logistic of decisions, all moved by one shift so that their weighted mean is ``share``, if given."""
    if share is None:
        return np.asarray(expit(decision))
    if not len(decision) or not weight.sum() > 0:
        return np.zeros(len(decision))
    if share in (0.0, 1.0):
        return np.full(len(decision), share)
    middle = float(np.average(decision, weights=weight))

    def too_many(shift: float) -> float:
        return float(np.average(expit(decision - middle + shift), weights=weight)) - share

    far = _FAR + float(np.abs(decision - middle).max())
    return np.asarray(expit(decision - middle + brentq(too_many, -far, far, xtol=1e-12)))


@dataclass(frozen=True)
class _Problem:
    """Minus the logarithm of the posterior, up to a constant, with its derivatives."""

    design: Floats
    target: Floats
    weight: Floats
    centre: Floats
    precision: Floats

    def value(self, coef: Floats) -> float:
        decision, away = self.design @ coef, coef - self.centre
        # log(1 + exp(d)) - t d, without overflow.
        loss = np.maximum(decision, 0.0) + np.log1p(np.exp(-np.abs(decision))) - self.target * decision
        return float(self.weight @ loss) + 0.5 * float(away @ self.precision @ away)

    def slopes(self, coef: Floats) -> tuple[Floats, Floats]:
        """Return gradient and Hessian."""
        share = expit(self.design @ coef)
        gradient = self.design.T @ (self.weight * (share - self.target)) + self.precision @ (coef - self.centre)
        curved = self.design.T @ ((self.weight * share * (1.0 - share))[:, None] * self.design)
        return gradient, curved + self.precision


def _solve(problem: _Problem, lower: Floats, upper: Floats, max_iter: int, tol: float) -> tuple[Floats, int]:
    """Minimise by projected Newton steps (Bertsekas 1982, SIAM J. Control Optim. 20, 221): few and exact ones."""
    coef, value = problem.centre, problem.value(problem.centre)
    for number in range(1, max_iter + 1):
        gradient, curved = problem.slopes(coef)
        if np.abs(coef - np.clip(coef - gradient, lower, upper)).max(initial=0.0) <= tol:
            return coef, number
        # What lies at its bound and would go beyond it stays there.
        free = ~(((coef <= lower) & (gradient > 0)) | ((coef >= upper) & (gradient < 0)))
        step = np.zeros_like(coef)
        step[free] = -solve(curved[np.ix_(free, free)], gradient[free], assume_a="pos")
        length = 1.0
        while True:
            after = np.clip(coef + length * step, lower, upper)
            new = problem.value(after)
            # To the rounding of the sum, a thousandth of what the slope promises is enough.
            if new <= value + 1e-3 * float(gradient @ (after - coef)) + 1e-13 * abs(value):
                break
            if length < 1e-6:
                return coef, number
            length /= 2.0
        coef, value = after, new
    warnings.warn(f"no convergence in {max_iter} iterations; scale the columns", ConvergenceWarning, stacklevel=3)
    return coef, max_iter
