"""Proper scores against numbers known by hand, by another formula, or by what proper means."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from magic8_ml.metrics.proper_scores import (
    binary_log_loss,
    brier,
    class_log_loss,
    crps_of_ensemble,
    crps_of_quantiles,
    floored_qlike,
    ranked_probability_score,
    squared_log_error,
)


def test_certainty_that_comes_true_costs_nothing_and_its_opposite_the_most() -> None:
    """RPS, log loss and Brier at their ends."""
    certain = np.array([[1.0, 0.0, 0.0]])
    assert ranked_probability_score(certain, np.array([0])).tolist() == [0.0]
    assert ranked_probability_score(certain, np.array([2])).tolist() == [2.0]
    assert class_log_loss(certain, np.array([0])).tolist() == [0.0]
    assert brier(np.array([1.0, 0.0]), np.array([1.0, 1.0])).tolist() == [0.0, 1.0]


def test_the_ranked_score_knows_how_far_off_a_class_is() -> None:
    """Naming the neighbour costs half of naming the far end."""
    middle = np.array([[0.0, 1.0, 0.0]])
    assert ranked_probability_score(middle, np.array([0])).tolist() == [1.0]


def test_an_impossible_event_costs_much_but_not_infinity() -> None:
    """A probability of 0 is taken as 1e-9."""
    assert binary_log_loss(np.array([0.0]), np.array([1.0])).round(3).tolist() == [20.723]


@given(st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_nobody_gains_by_saying_what_they_do_not_believe(truth: float, predicted: float) -> None:
    """Expected Brier and log loss are smallest at the true probability."""
    happened = np.array([1.0, 0.0])
    weights = np.array([truth, 1 - truth])
    for score in (brier, binary_log_loss):
        honest, other = (float(weights @ score(np.full(2, p), happened)) for p in (truth, predicted))
        assert honest <= other + 1e-12


@given(st.floats(0.2, 5.0))
def test_the_variance_loss_is_smallest_at_the_mean_of_what_came(scale: float) -> None:
    """QLIKE is proper for the mean of a variance."""
    realised = np.array([0.5, 1.0, 3.0])
    assert (
        floored_qlike(np.full(3, realised.mean()), realised).mean()
        <= floored_qlike(np.full(3, realised.mean() * scale), realised).mean() + 1e-12
    )


def test_the_ensemble_score_is_the_double_sum_of_its_definition() -> None:
    """Sorted sums against E|X - y| - E|X - X'| / 2 written out."""
    rng = np.random.default_rng(8)
    members, realised = rng.standard_normal((4, 30)), rng.standard_normal(4)
    slow = [
        np.abs(m - y).mean() - np.abs(m[:, None] - m[None, :]).mean() / 2
        for m, y in zip(members, realised, strict=True)
    ]
    assert np.allclose(crps_of_ensemble(members, realised), slow)


def test_the_quantile_score_of_a_normal_law_is_its_closed_form() -> None:
    """With 999 quantiles the CRPS of N(0, 1) at 0.7 is known to four digits (Gneiting and Raftery 2007)."""
    levels = (np.arange(999) + 0.5) / 999
    realised = np.array([0.7])
    exact = 0.7 * (2 * norm.cdf(0.7) - 1) + 2 * norm.pdf(0.7) - 1 / np.sqrt(np.pi)
    assert np.isclose(crps_of_quantiles(levels, norm.ppf(levels)[None, :], realised)[0], exact, atol=1e-3)
    few = np.array([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])
    assert np.isclose(crps_of_quantiles(few, norm.ppf(few)[None, :], realised)[0], exact, atol=0.04)


def test_a_forecast_twice_as_high_errs_by_the_square_of_ln_2() -> None:
    """The error that log R^2 is made of; where nothing was realised it is unknown."""
    assert np.allclose(squared_log_error(np.array([2.0]), np.array([1.0])), np.log(2) ** 2)
    assert np.isnan(squared_log_error(np.array([1.0]), np.array([0.0])))
