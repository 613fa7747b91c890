"""Intervals and tests that count days, not rows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from magic8_ml.metrics.day_intervals import (
    block_counts,
    day_sums,
    diebold_mariano,
    holm,
    long_run_variance,
    mean_interval,
    skill_interval,
)


def ar1(n: int, phi: float, seed: int) -> np.ndarray:
    """Draw a persistent series with mean 0."""
    noise = np.random.default_rng(seed).standard_normal(n + 50)
    series = np.zeros(n + 50)
    for at in range(1, n + 50):
        series[at] = phi * series[at - 1] + noise[at]
    return series[50:]


def test_every_draw_takes_as_many_days_as_there_are() -> None:
    """Counts of a draw add up; over all draws every day is taken equally often."""
    counts = block_counts(73, draws=4000)
    assert (counts.sum(axis=1) == 73).all()
    assert np.allclose(counts.mean(axis=0), 1, atol=0.1)


def test_blocks_stay_together() -> None:
    """A day is taken with its neighbours: counts of neighbours hang together, of distant days they do not."""
    counts = block_counts(200, draws=2000)
    near = np.corrcoef(counts[:, 100], counts[:, 101])[0, 1]
    far = np.corrcoef(counts[:, 100], counts[:, 150])[0, 1]
    assert near > 0.7
    assert abs(far) < 0.15


def test_the_interval_of_persistent_days_covers_the_truth() -> None:
    """95 % intervals of an AR(1) with phi 0.4 over 250 days cover its mean nearly that often; single days do not."""
    covered = [
        interval.low <= 0 <= interval.high
        for interval in (mean_interval(ar1(250, 0.4, seed), np.arange(250)) for seed in range(120))
    ]
    assert np.mean(covered) >= 0.86


def test_rows_of_one_day_are_one_observation() -> None:
    """Telling every row ten times changes neither value nor interval."""
    values = ar1(120, 0.2, 1)
    once = mean_interval(values, np.arange(120))
    often = mean_interval(np.repeat(values, 10), np.repeat(np.arange(120), 10))
    assert np.allclose((once.value, once.low, once.high), (often.value, often.low, often.high))
    assert often.n_days == 120


def test_what_is_not_known_is_left_out_and_nothing_known_is_no_figure() -> None:
    """NaN rows do not count; without any row there is a value of NaN and no day."""
    found = mean_interval(np.array([1.0, np.nan, 3.0]), np.array([1, 2, 3]))
    assert (found.value, found.n_days) == (2.0, 2)
    nothing = skill_interval(np.array([np.nan]), np.array([1.0]), np.array([1]))
    assert np.isnan(nothing.value)
    assert nothing.n_days == 0


def test_a_forecaster_that_loses_less_every_day_is_found_and_its_twin_is_not() -> None:
    """Diebold-Mariano: p near 0 for a true gain, about uniform for none."""
    rng = np.random.default_rng(8)
    days = np.repeat(np.arange(200), 5)
    base = rng.standard_normal(1000) ** 2
    better = diebold_mariano(base - 0.3 + 0.1 * rng.standard_normal(1000), base, days)
    assert better.p_value < 1e-6
    assert better.n_days == 200
    skilless = [diebold_mariano(ar1(200, 0.3, s), ar1(200, 0.3, s + 1000), np.arange(200)).p_value for s in range(200)]
    assert 0.01 <= np.mean(np.array(skilless) < 0.05) <= 0.12


def test_no_difference_has_no_p_value() -> None:
    """The same losses twice cannot be told apart."""
    assert np.isnan(diebold_mariano(np.ones(5), np.ones(5), np.arange(5)).p_value)


def test_the_long_run_variance_is_the_weighted_sum_of_autocovariances() -> None:
    """Against the double loop of its definition."""
    values = ar1(60, 0.5, 3)
    centred, lags = values - values.mean(), 4
    slow = (
        sum(max(0.0, 1 - abs(i - j) / (lags + 1)) * centred[i] * centred[j] for i in range(60) for j in range(60)) / 60
    )
    assert np.isclose(long_run_variance(values, lags), slow)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6))
def test_adjusting_never_helps_and_keeps_the_order(p_values: list[float]) -> None:
    """Holm: no adjusted p is smaller than before, none above 1, and the order stays."""
    named = {str(n): p for n, p in enumerate(p_values)}
    adjusted = holm(named)
    assert all(adjusted[name] >= min(1.0, p) - 1e-9 and adjusted[name] <= 1 for name, p in named.items())
    ordered = sorted(named, key=named.__getitem__)
    assert all(adjusted[one] <= adjusted[other] + 1e-12 for one, other in pairwise(ordered))


def test_a_missing_p_value_counts_for_nothing() -> None:
    """NaN is no question asked."""
    assert holm({"a": 0.02, "b": float("nan")})["a"] == 0.02


def test_sums_over_days_are_those_of_a_loop() -> None:
    """Days in any order, columns side by side."""
    days = np.array([5, 3, 5, 9])
    columns = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]])
    assert day_sums(columns, days).tolist() == [[2.0, 20.0], [4.0, 40.0], [4.0, 40.0]]
