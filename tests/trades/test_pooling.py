"""Offsets: found where they are, shrunk by days, and as uncertain as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from magic8_ml.trades.pooling import GroupEffect, fit_group_effects, shrink, unseen_offset, weigh_days


def _days(rng: np.random.Generator, n_days: int, per_day: int, offset: float, shared: float) -> tuple[np.ndarray, ...]:
    # trades of a day win together: on a share of the days one draw decides them all, so the odds stay exact
    day = np.repeat(np.arange(n_days), per_day)
    logit = rng.normal(0.5, 0.5, len(day))
    together = (rng.random(n_days) < shared)[day]
    draw = np.where(together, rng.random(n_days)[day], rng.random(len(day)))
    return logit, (draw < expit(logit + offset)).astype(float), day


def test_an_offset_is_found() -> None:
    """With many days the estimate is near the truth, and as far off as its spread allows."""
    logit, won, day = _days(np.random.default_rng(1), 4000, 5, 0.4, 0.0)
    effects = fit_group_effects(logit, won, np.zeros_like(day), day, 1)
    assert abs(effects.raw[0] - 0.4) < 4 * math.sqrt(effects.variance_per_day[0] / 4000)
    assert (effects.days.tolist(), effects.trades.tolist()) == ([4000], [20000])


def test_trades_of_one_day_are_one_observation() -> None:
    """Every trade written ten times: nothing changes but the count of trades."""
    logit, won, day = _days(np.random.default_rng(2), 80, 4, 0.2, 0.5)
    once = fit_group_effects(logit, won, np.zeros_like(day), day, 1)
    often = fit_group_effects(*(np.repeat(part, 10) for part in (logit, won, np.zeros_like(day), day)), 1)
    assert often.raw == pytest.approx(once.raw, abs=1e-9)
    assert often.variance_per_day == pytest.approx(once.variance_per_day, rel=1e-9)
    assert (often.days[0], often.trades[0]) == (80, 10 * once.trades[0])


def test_nodes_do_not_influence_each_other() -> None:
    """Two nodes at once are what each is alone; a node without a row is a zero that rests on nothing."""
    rng = np.random.default_rng(3)
    one, two = _days(rng, 50, 3, 0.5, 0.0), _days(rng, 70, 2, -0.5, 0.0)
    logit, won, day = (np.concatenate(pair) for pair in zip(one, two, strict=True))
    group = np.repeat([0, 2], [len(one[0]), len(two[0])])
    both = fit_group_effects(logit, won, group, day, 3)
    for place, part in ((0, one), (2, two)):
        alone = fit_group_effects(*part[:2], np.zeros(len(part[0]), dtype=int), part[2], 1)
        assert both.raw[place] == pytest.approx(alone.raw[0], abs=1e-9)
    assert (both.raw[1], both.days[1]) == (0.0, 0)


def test_results_against_confident_odds_converge() -> None:
    """Where plain steps would swing from one side to the other, the offset is that of the observed share."""
    logit, day = np.where(np.arange(400) % 2, 30.0, 8.0), np.arange(400)
    won = (np.arange(400) % 4 < 2).astype(float)
    effects = fit_group_effects(logit, won, np.zeros_like(day), day, 1)
    score = (won - expit(logit + effects.raw[0])).sum() - 0.25 * effects.raw[0]
    assert abs(score) < 1e-6


def test_copies_of_one_day_do_not_prove_an_offset() -> None:
    """Where no two days differ, the spread is that of the likelihood: about 4 for even chances."""
    day = np.repeat(np.arange(50), 4)
    effects = fit_group_effects(np.zeros(200), np.tile([1.0, 0.0, 1.0, 0.0], 50), np.zeros_like(day), day, 1)
    assert effects.variance_per_day[0] == pytest.approx(4.0, rel=0.05)


def test_everything_won_stays_finite() -> None:
    """Forty days without a loss make an offset that is large, not infinite."""
    day = np.arange(40)
    effects = fit_group_effects(np.full(40, 1.4), np.ones(40), np.zeros(40, dtype=int), day, 1)
    assert 1.0 < effects.raw[0] < 6.0


@settings(max_examples=50, deadline=None)
@given(days=st.integers(0, 2000), prior_days=st.sampled_from([60.0, 120.0, 250.0]), raw=st.floats(-3, 3))
def test_shrinkage_is_smooth_and_towards_the_parent(days: int, prior_days: float, raw: float) -> None:
    """The offset never exceeds the raw one, one more day changes it little, and no day means no offset."""

    def offset(n: int) -> float:
        effects = GroupEffect(
            raw=np.array([raw]), variance_per_day=np.array([8.0]), days=np.array([n]), trades=np.array([n])
        )
        return shrink(effects, prior_days, np.array([8.0]))[0].value

    assert abs(offset(days)) <= abs(raw)
    assert abs(offset(days + 1) - offset(days)) <= abs(raw) / prior_days
    assert offset(0) == 0


def test_more_days_are_less_uncertain_and_an_unseen_node_most() -> None:
    """The variance falls with the days towards that of the node's own data, and is largest without any."""
    variance_per_day = np.array([8.0])
    variances = [unseen_offset(8.0).variance(0.02, 60.0)]
    for days in (10, 100, 1000, 100_000):
        effects = GroupEffect(
            raw=np.zeros(1), variance_per_day=variance_per_day, days=np.array([days]), trades=np.array([days])
        )
        variances.append(shrink(effects, 60.0, variance_per_day)[0].variance(0.02, 60.0))
    assert variances == sorted(variances, reverse=True)
    assert variances[0] == pytest.approx(0.02 + 8 / 60)
    assert variances[-1] == pytest.approx(8 / 100_000, rel=0.01)


def test_an_offset_that_does_not_count_stays_in_the_variance() -> None:
    """Nothing is added for it, and the distance to where it was found widens the interval."""
    effects = GroupEffect(
        raw=np.array([0.4]), variance_per_day=np.array([8.0]), days=np.array([60]), trades=np.array([900])
    )
    used, unused = (shrink(effects, 60.0, np.array([8.0]), is_used=flag)[0] for flag in (True, False))
    assert (used.effective, unused.effective) == (0.2, 0.0)
    assert unused.variance(0.02, 60.0) == pytest.approx(used.variance(0.02, 60.0) + 0.2**2)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Nodes drawn from the prior that kappa stands for: 95 % intervals cover 92 to 98 % of their offsets."""
    rng = np.random.default_rng(4)
    prior_days, covered, nominal = 120.0, 0, 400
    for _ in range(nominal):
        n_days = int(rng.integers(20, 300))
        truth = rng.normal(0.0, math.sqrt(_SPREAD / prior_days))
        logit, won, day = _days(rng, n_days, 4, truth, 0.5)
        effects = fit_group_effects(logit, won, np.zeros_like(day), day, 1)
        offset = shrink(effects, prior_days, np.array([_SPREAD]))[0]
        covered += abs(offset.value - truth) < 1.96 * math.sqrt(offset.variance(0.0, prior_days))
    assert 0.92 < covered / nominal < 0.98


_SPREAD = 2.4
"""Spread of days of four trades, half of the days decided by one draw each; a test below asserts it."""


def test_the_spread_of_those_days_is_that() -> None:
    """A long sample has the spread that the coverage test assumes."""
    logit, won, day = _days(np.random.default_rng(5), 20_000, 4, 0.0, 0.5)
    assert fit_group_effects(logit, won, np.zeros_like(day), day, 1).variance_per_day[0] == pytest.approx(
        _SPREAD, rel=0.1
    )


def test_weights_of_a_day_add_up_to_one() -> None:
    """Per node and day."""
    rng = np.random.default_rng(6)
    group, day = rng.integers(0, 3, 500), rng.integers(100, 140, 500)
    weight, cell, group_of_cell = weigh_days(group, day, 3)
    sums = np.bincount(cell, weight, len(group_of_cell))
    assert set(sums.round(9).tolist()) <= {0.0, 1.0}
