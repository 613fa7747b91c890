"""The leakage demo on drawn days: only the random split shows skill where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from magic8_ml.evaluation.leakage_demo import BLOCKS, LeakageResult, day_folds, demonstrate_leakage, forward_folds
from magic8_ml.evaluation.win_baselines import CanonicalStructures
from tests.evaluation.rows import make_rows


@pytest.fixture(scope="module")
def lines() -> list[LeakageResult]:
    """Fit on days whose features tell the day apart and nothing else."""
    rows = make_rows(100, skill=0.0)
    # a fingerprint: a number of the day that says nothing about it
    rows.features[:, 0] = np.random.default_rng(8).standard_normal(2000)[rows.day - rows.day[0]]
    return demonstrate_leakage(rows, CanonicalStructures.of(rows), rounds=120)


def test_a_random_split_pretends_skill_where_there_is_none(lines: list[LeakageResult]) -> None:
    """Rows of one day share its ending: split at random the classifier looks it up, by day it cannot."""
    random, _, grouped, forward = lines
    assert random.brier_skill > 0.2
    assert random.accuracy > random.majority + 0.05
    assert grouped.brier_skill < 0
    assert forward.brier_skill < 0
    assert random.auc > max(grouped.auc, forward.auc) + 0.05


def test_a_column_from_the_future_is_nearly_perfect(lines: list[LeakageResult]) -> None:
    """The second protocol has one more column, made from the close."""
    assert lines[1].accuracy > 0.95
    assert not lines[1].is_out_of_sample


def test_no_day_is_on_both_sides_of_an_honest_protocol() -> None:
    """Folds by day and walk-forward keep days whole, the latter in order and with a day of embargo."""
    day = np.repeat(np.arange(30), 4)
    for train, test in (*day_folds(day, BLOCKS), *forward_folds(day, BLOCKS, 10)):
        assert not set(day[train]) & set(day[test])
    for train, test in forward_folds(day, BLOCKS, 10):
        assert day[test].min() - day[train].max() == 2
