"""The region that a model has seen, and the features that leave it."""

from __future__ import annotations

import numpy as np

from magic8_ml.forecast.feature_bounds import Bounds

NAMES = ("a", "b", "c", "d", "e")


def test_far_values_are_named_and_near_ones_are_not() -> None:
    """Half a range beyond what was seen is still like it; further is not."""
    seen = Bounds.of(np.random.default_rng(6).uniform(0, 1, (500, 5)))
    assert seen.offenders(np.array([1.4, -0.4, 0.5, 0.5, np.nan]), NAMES) == ()
    assert seen.offenders(np.array([1.6, 0.5, 0.5, -0.6, 0.5]), NAMES) == ("a", "d")


def test_too_many_unknown_values_are_named() -> None:
    """Three missing values that never were missing are borne, four are not; a column that used to miss is."""
    nan = np.nan
    rows = np.random.default_rng(7).uniform(0, 1, (500, 5))
    rows[0, 4] = nan
    seen = Bounds.of(rows)
    assert seen.offenders(np.array([nan, nan, nan, 0.5, nan]), NAMES) == ()
    assert seen.offenders(np.array([nan, nan, nan, nan, 0.5]), NAMES) == ("a", "b", "c", "d")


def test_a_flag_that_was_never_set_bounds_nothing() -> None:
    """An optional feature may be missing, and one that had no two values in training excludes no value."""
    rows = np.random.default_rng(9).uniform(0, 1, (500, 5))
    rows[:, 0], rows[:, 1] = 0.0, np.nan
    seen, today = Bounds.of(rows), np.array([1.0, 30.0, 9.0, 0.5, 0.5])
    assert seen.offenders(today, NAMES) == ("a", "b", "c")
    assert seen.offenders(today, NAMES, {"a", "b"}) == ("c",)
    assert seen.offenders(np.full(5, np.nan), NAMES, set(NAMES)) == ()


def test_bounds_survive_the_file() -> None:
    """The plain form holds everything, a column never seen included."""
    rows = np.random.default_rng(8).uniform(0, 1, (50, 5))
    rows[:, 2] = np.nan
    seen = Bounds.of(rows)
    again = Bounds.from_json(seen.as_json())
    for row in (np.array([0.5, 0.5, 7.0, 0.5, 0.5]), np.array([9.0, 0.5, np.nan, 0.5, 0.5])):
        assert again.offenders(row, NAMES) == seen.offenders(row, NAMES)
