"""Logistic fits: known answers, the library's answer, and one clear error where no maximum exists."""

from __future__ import annotations

from copy import copy

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from magic8_ml.metrics.calibration import fit_line, reliability_line
from magic8_ml.metrics.logistic import CLOSE, fit_logistic, fit_platt, fit_slope, log_odds, maximize
from magic8_ml.metrics.refusal import NotFitted, TrainingRefused

CONFIDENT = np.tile(np.repeat([0.99, 0.01], 5), 100)
OUTCOMES = np.tile([1.0, 1, 1, 1, 0, 1, 0, 0, 0, 0], 100)
DAY = np.repeat(np.arange(100), 10)
KNOWN_SLOPE = np.log(4) / np.log(99)


def rates(wins: tuple[int, int], of: int = 5, days: int = 100) -> np.ndarray:
    """Return outcomes in which so many of the likely and of the unlikely rows of every day came."""
    return np.tile(np.concatenate([np.arange(of) < won for won in wins]).astype(np.float64), days)


@pytest.mark.parametrize(
    ("wins", "level", "slope"),
    [
        ((4, 1), 0.0, KNOWN_SLOPE),
        ((1, 4), 0.0, -KNOWN_SLOPE),
        ((3, 2), 0.0, np.log(1.5) / np.log(99)),
        ((4, 4), np.log(4), 0.0),
        ((4, 2), np.log(4 / 1.5) / 2, np.log(4 * 1.5) / np.log(99) / 2),
    ],
)
def test_confident_probabilities_get_the_known_line(wins: tuple[int, int], level: float, slope: float) -> None:
    """Two groups determine the line: it passes through the log odds of both observed shares."""
    outcome = rates(wins)
    assert fit_platt(log_odds(CONFIDENT), outcome, DAY, 0.0) == pytest.approx((level, slope), abs=1e-9)
    assert fit_line(CONFIDENT, outcome) == pytest.approx([level, slope], abs=1e-9)


def test_a_penalty_moves_the_known_line_towards_the_belief_alone() -> None:
    """With ten days of belief the slope lies a little above that of the data, never beyond both."""
    level, slope = fit_platt(log_odds(CONFIDENT), OUTCOMES, DAY, 10.0)
    assert level == pytest.approx(0.0, abs=1e-9)
    assert KNOWN_SLOPE < slope < KNOWN_SLOPE + 0.05


@given(st.integers(0, 2**32 - 1), st.integers(30, 300), st.floats(0.2, 6.0), st.floats(-2.0, 2.0))
def test_the_fit_equals_that_of_scikit_learn(seed: int, rows: int, spread: float, slope: float) -> None:
    """Without a penalty on data that are not separable, level and slope agree to 1e-6."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0.0, spread, rows)
    outcome = (rng.random(rows) < expit(slope * logits / spread)).astype(np.float64)
    assume(0 < outcome.sum() < rows)
    won, lost = logits[outcome > 0], logits[outcome == 0]
    assume(max(won.min(), lost.min()) < min(won.max(), lost.max()))  # the outcomes overlap
    library = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(
        logits[:, None], outcome
    )
    expected = [library.intercept_[0], library.coef_[0, 0]]
    assert fit_platt(logits, outcome, np.arange(rows), 0.0) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(st.integers(0, 2**32 - 1), st.floats(0.001, 100.0))
def test_with_a_penalty_every_sample_converges(seed: int, prior_days: float) -> None:
    """Any outcomes, few days and extreme log odds: the gradient at the answer is zero."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(1, 60))
    logits, day = rng.normal(0, 4, rows), rng.integers(0, 5, rows)
    outcome = (rng.random(rows) < rng.random()).astype(np.float64)
    line = np.array(fit_platt(logits, outcome, day, prior_days))
    terms = np.stack((np.ones(rows), logits), axis=1)
    weight = 1 / np.array([(day == one).sum() for one in day])
    gradient = terms.T @ (weight * (outcome - expit(terms @ line))) - prior_days / 4 * (line - [0.0, 1.0])
    assert np.abs(gradient).max() < 1e-6


LOG_ODDS = np.linspace(-2.0, 2.0, 40)
NO_MAXIMUM = {
    "separable": (LOG_ODDS, (LOG_ODDS > 0).astype(np.float64)),
    "separable against the belief": (LOG_ODDS, (LOG_ODDS < 0).astype(np.float64)),
    "always won": (LOG_ODDS, np.ones(40)),
    "never won": (LOG_ODDS, np.zeros(40)),
    "one probability": (np.ones(40), np.tile([0.0, 1.0], 20)),
    "one row": (np.ones(1), np.ones(1)),
    "not a number": (np.full(40, np.nan), np.tile([0.0, 1.0], 20)),
}


@pytest.mark.parametrize("case", list(NO_MAXIMUM))
def test_without_a_maximum_the_fit_is_refused(case: str) -> None:
    """Separable or constant outcomes, constant or missing probabilities: one error, a refusal of the training."""
    logits, outcome = NO_MAXIMUM[case]
    with pytest.raises(NotFitted, match=r"the logistic line through \d+ rows of \d+ days did not converge: ") as found:
        fit_platt(logits, outcome, np.arange(len(logits)), 0.0)
    assert isinstance(found.value, TrainingRefused)
    assert str(copy(found.value)) == str(found.value)


@pytest.mark.parametrize("case", [case for case in NO_MAXIMUM if case != "not a number"])
def test_evaluation_shows_that_no_line_was_fitted(case: str) -> None:
    """Value and interval are NaN, never a number."""
    logits, outcome = NO_MAXIMUM[case]
    line = reliability_line(expit(logits), outcome, np.arange(len(logits)))
    assert np.isnan([one for part in line for one in (part.value, part.low, part.high)]).all()


@pytest.mark.parametrize("case", [case for case in NO_MAXIMUM if case != "not a number"])
def test_a_penalty_makes_a_maximum(case: str) -> None:
    """With ten days of belief each of these converges, and the slope stays between reason and belief."""
    logits, outcome = NO_MAXIMUM[case]
    level, slope = fit_platt(logits, outcome, np.arange(len(logits)), 10.0)
    assert np.isfinite([level, slope]).all()
    assert abs(level) < 5
    assert abs(slope) < 5


@pytest.mark.parametrize("days", [1, 100])
def test_one_day_and_its_copies_prove_nothing(days: int) -> None:
    """Where no two days differ, the slope keeps the width of the likelihood, and evaluation fits no line."""
    rows = slice(0, 10 * days)
    logits, outcome, day = log_odds(CONFIDENT[rows]), OUTCOMES[rows], DAY[rows]
    slope = fit_slope(logits, outcome, day, np.zeros(10 * days), 5.0)
    assert slope.high - slope.low > 0.15 / np.sqrt(days)
    assert np.isnan(reliability_line(CONFIDENT[rows], outcome, day).slope.low)


def test_a_plain_newton_step_that_raises_the_likelihood_stays() -> None:
    """The path of a fit that needs no damping is that of plain Newton steps, to the bit."""
    rng = np.random.default_rng(8)
    logits = rng.normal(0, 1, 200)
    outcome, terms = (rng.random(200) < expit(logits)).astype(np.float64), np.stack((np.ones(200), logits), axis=1)
    plain, step = np.array([0.0, 1.0]), np.ones(2)
    while np.abs(step).max() >= CLOSE:
        chance = expit(terms @ plain)
        hessian = (terms * (chance * (1 - chance))[:, None]).T @ terms
        step = np.linalg.solve(hessian, terms.T @ (outcome - chance))
        plain = plain + step
    fit = fit_logistic(
        terms, outcome, weight=np.ones(200), offset=np.zeros(200), prior=np.array([0.0, 1.0]), prior_precision=0.0
    )
    assert fit.value.tolist() == plain.tolist()
    assert fit.curvature.tolist() == hessian.tolist()


def _always_up(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.ones_like(at), np.ones_like(at)


def test_running_out_of_steps_is_a_failure() -> None:
    """A climb without end is refused and names the fit."""
    with pytest.raises(NotFitted, match="an endless climb did not converge: 100 steps did not reach a maximum"):
        maximize(np.zeros(1), lambda at: at.sum(), _always_up, what="an endless climb")


def test_steps_that_lead_down_are_a_failure() -> None:
    """A direction in which no share of a step raises the likelihood is refused."""
    with pytest.raises(NotFitted, match="no share of a step raises the likelihood"):
        maximize(np.zeros(1), lambda at: -1e9 * np.abs(at).sum(), _always_up)
