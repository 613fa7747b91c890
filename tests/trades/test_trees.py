"""Trees on top of given odds: they learn what is left, by days, and are walked as the library walks them."""

from __future__ import annotations

import numpy as np
import pytest

from magic8_ml.trades.forest import Forest
from magic8_ml.trades.trees import TreeSettings, fit_trees, leaf_sums

NAMES = ("a", "b", "c", "d")


def _rows(seed: int, n: int = 3000) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, len(NAMES))).astype(np.float32)
    features[rng.random(features.shape) < 0.2] = np.nan
    day = np.sort(rng.integers(0, 100, n))
    chance = 1 / (1 + np.exp(-0.8 * np.nan_to_num(features[:, 0])))
    return features, np.zeros(n), (rng.random(n) < chance).astype(float), day


def test_they_learn_what_is_left() -> None:
    """Odds that lack a feature come nearer to what happens with the trees on top."""
    features, logit, won, day = _rows(1)
    total = leaf_sums(fit_trees(features, logit, won, day, NAMES, TreeSettings()), features)
    assert np.corrcoef(total, np.nan_to_num(features[:, 0]))[0, 1] > 0.8


def test_same_rows_same_bytes() -> None:
    """Fitting again gives the same file."""
    rows = _rows(2)
    one, two = (fit_trees(*rows, NAMES, TreeSettings()).save_raw("ubj") for _ in range(2))
    assert one == two


def test_a_day_weighs_one() -> None:
    """Writing every trade three times changes nothing but rounding; few values, so that bins are the same."""
    features, logit, won, day = _rows(3)
    rows, settings = (features.round(), logit, won, day), TreeSettings(colsample=1.0)
    once = fit_trees(*rows, NAMES, settings)
    often = fit_trees(*(np.repeat(part, 3, axis=0) for part in rows), NAMES, settings)
    assert leaf_sums(once, rows[0]) == pytest.approx(leaf_sums(often, rows[0]), abs=1e-3)


def test_the_forest_walks_like_the_library() -> None:
    """Different boosters, missing values included; to the rounding of single precision."""
    boosters = [fit_trees(*_rows(seed), NAMES, TreeSettings(rounds=20 + seed)) for seed in (4, 5, 6)]
    features = _rows(7)[0]
    forest = Forest.of(boosters)
    for number, booster in enumerate(boosters):
        total = forest.sums(features, np.arange(len(features)), np.full(len(features), number))
        assert total == pytest.approx(leaf_sums(booster, features), abs=1e-5)


def test_an_element_does_not_depend_on_its_neighbours() -> None:
    """Alone and among others, the sum is the same to the bit."""
    forest = Forest.of([fit_trees(*_rows(seed), NAMES, TreeSettings()) for seed in (8, 9)])
    features = _rows(10, 50)[0]
    row, booster = np.tile(np.arange(50), 2), np.repeat([0, 1], 50)
    together = forest.sums(features, row, booster)
    alone = [
        forest.sums(features[r : r + 1], np.array([0]), np.array([b]))[0] for r, b in zip(row, booster, strict=True)
    ]
    assert together.tolist() == alone


def test_no_trees_add_nothing() -> None:
    """A model without trees has an empty forest."""
    assert (
        Forest.of([]).sums(np.zeros((2, 3), dtype=np.float32), np.zeros(0, dtype=int), np.zeros(0, dtype=int)).tolist()
        == []
    )
