"""Percentiles: the exact mid-rank, and the smooth one that rules may read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.analysis.percentile import mid_rank, smooth_rank

HISTORIES = st.lists(st.floats(5.0, 80.0), min_size=1, max_size=60).map(np.array)
VALUES = st.floats(5.0, 80.0)


def test_equal_values_count_half() -> None:
    """Three below, two equal, five above of ten: 100 * (3 + 1) / 10."""
    history = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0])
    assert mid_rank(2.0, history) == 40.0


@pytest.mark.parametrize(("value", "expected"), [(0.5, 0.0), (9.0, 100.0), (2.2, 50.0)])
def test_the_scale_runs_from_0_to_100(value: float, expected: float) -> None:
    """Below all is 0, above all is 100."""
    assert mid_rank(value, np.array([1.0, 3.0, 2.0, 2.5])) == expected


@given(value=VALUES, history=HISTORIES)
def test_no_order_of_the_history_matters(value: float, history: np.ndarray) -> None:
    """A percentile is a statement about a set of days."""
    shuffled = np.random.default_rng(1).permutation(history)
    assert mid_rank(value, shuffled) == mid_rank(value, history)
    assert smooth_rank(value, shuffled) == pytest.approx(smooth_rank(value, history))


@given(value=VALUES, history=HISTORIES)
def test_one_per_cent_more_never_moves_the_smooth_percentile_by_more_than_seven_points(
    value: float, history: np.ndarray
) -> None:
    """Even when every past day was the same: that is what the narrowest kernel is for."""
    past = np.log(history)
    before, after = smooth_rank(np.log(value), past), smooth_rank(np.log(value * 1.01), past)
    assert 0.0 <= before <= after <= 100.0
    assert after - before <= 7.0


def test_the_smooth_percentile_follows_the_exact_one() -> None:
    """On a year of ordinary days the two differ by a few points at most."""
    history = np.random.default_rng(3).normal(3.0, 0.2, 252)
    for value in (2.7, 2.9, 3.0, 3.1, 3.3):
        assert smooth_rank(value, history) == pytest.approx(mid_rank(value, history), abs=6.0)


def test_a_crisis_is_no_error() -> None:
    """A value far outside the past stands at the very end."""
    assert smooth_rank(99.0, np.zeros(30)) == 100.0
    assert smooth_rank(-99.0, np.zeros(30)) == 0.0
