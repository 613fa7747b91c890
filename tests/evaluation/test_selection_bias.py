"""Deflation and overfitting against published numbers and against luck."""

from __future__ import annotations

import numpy as np
import pytest

from magic8_ml.evaluation.selection_bias import deflated_sharpe, probability_of_overfitting, sharpe_facts


def test_the_published_example_comes_out() -> None:
    """Bailey and Lopez de Prado 2014: 100 trials, five years of days, Sharpe 2.5 a year: 0.9004."""
    found = deflated_sharpe(
        2.5 / 250**0.5, trials=100, trial_variance=0.5 / 250, periods=1250, skewness=-3.0, kurtosis=10.0
    )
    assert found == pytest.approx(0.9004, abs=2e-4)


def test_more_trials_leave_less() -> None:
    """The same ratio is worth less after more attempts; with one attempt nothing is deducted."""
    values = [
        deflated_sharpe(0.1, trials=n, trial_variance=0.002, periods=500, skewness=0.0, kurtosis=3.0)
        for n in (1, 10, 100)
    ]
    assert values[0] > values[1] > values[2]
    assert values[0] == pytest.approx(0.987, abs=0.001)


def test_constant_returns_have_no_ratio() -> None:
    """Without variation there is nothing to divide by."""
    assert np.isnan(sharpe_facts(np.zeros(5))[0])


def test_choosing_the_best_of_noise_is_overfitting() -> None:
    """Of skilless configurations the winner of one half is below the median of the other about half the time."""
    found = [probability_of_overfitting(np.random.default_rng(s).standard_normal((200, 12))) for s in range(12)]
    assert 0.35 < np.mean(found) < 0.65


def test_choosing_a_truly_better_one_is_not() -> None:
    """A configuration that is better every day stays the best."""
    gains = np.random.default_rng(8).standard_normal((200, 6))
    gains[:, 3] += 1.0
    assert probability_of_overfitting(gains) == 0.0


def test_one_configuration_cannot_be_overfitted() -> None:
    """Nothing was chosen."""
    assert np.isnan(probability_of_overfitting(np.ones((50, 1))))
