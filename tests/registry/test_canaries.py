"""The canaries of a training: silent about honest data, loud about every way of looking ahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from magic8_companion.domain.bars import Bars, Floats
from magic8_ml.features.catalogue import FEATURE_NAMES
from magic8_ml.features.table import FeatureTable, feature_matrix
from magic8_ml.features.today import Today
from magic8_ml.models.boosted_variance import BoostingSettings
from magic8_ml.models.distribution_forecaster import DistributionForecaster
from magic8_ml.models.forecast import Forecast, Rows
from magic8_ml.registry.passport import future_shifted_problem, shuffled_labels_problem, unseen_future_problem
from magic8_ml.training.dataset import dataset_of
from magic8_ml.training.future_canaries import compare, different, scrambled_future, truncated_future
from magic8_ml.training.passport import prove_features
from magic8_ml.training.refusal import TrainingRefused
from magic8_ml.training.skill_canaries import (
    SHIFTED_FEATURE,
    skill_canaries,
    with_shifted_feature,
    with_shuffled_labels,
)
from tests.ml.markets import Market, make_market


@pytest.fixture(scope="module")
def market() -> Market:
    """Draw 170 sessions of two symbols."""
    return make_market(170, symbols=("QQQ", "SPY"))


@pytest.fixture(scope="module")
def rows(market: Market) -> Rows:
    """Return the rows of the market."""
    return build(market.bars, market.vix)


def build(bars: Mapping[str, Bars], vix: Bars, table: FeatureTable = feature_matrix) -> Rows:
    """Make rows as a training does."""
    return dataset_of(bars, vix, table=table).rows


def leaking(name: str, ahead: FeatureTable) -> FeatureTable:
    """Return a feature table in which one column is another one's."""

    def table(today: Today) -> Floats:
        matrix = feature_matrix(today).copy()
        matrix[:, FEATURE_NAMES.index(name)] = ahead(today)
        return matrix

    return table


LEAKS: dict[str, FeatureTable] = {
    "the day's last price": lambda today: np.full(len(today.bars), today.log_close[-1]),
    "the next bar": lambda today: np.append(today.log_close[1:], today.log_close[-1]),
    "the day's whole variance": lambda today: np.full(len(today.bars), np.log(today.realised[-1])),
    "the day's range": lambda today: np.full(len(today.bars), np.log(today.bars.high.max() / today.bars.low.min())),
}


def test_honest_rows_stay_the_same_whatever_comes(market: Market, rows: Rows) -> None:
    """Thousands of rows, built again under another future or by the code that serves, differ by no bit."""
    scrambled = compare(scrambled_future(market.bars, market.vix, rows, build))
    truncated = compare([truncated_future(market.bars, market.vix, rows)])
    assert (scrambled.differing, truncated.differing) == (0, 0)
    assert scrambled.rows > 2000
    assert truncated.rows == 80


@pytest.mark.parametrize("leak", list(LEAKS))
def test_a_feature_that_looks_ahead_is_named(market: Market, leak: str) -> None:
    """By the scrambled future, by the truncated one, and in the refusal of the training."""
    table = leaking("jump_share", LEAKS[leak])
    bars = {"SPY": market.bars["SPY"]}
    found = build(bars, market.vix, table)

    def again(other: Mapping[str, Bars], vix: Bars) -> Rows:
        return build(other, vix, table)

    assert compare(scrambled_future(bars, market.vix, found, again)).features == ("jump_share",)
    assert compare([truncated_future(bars, market.vix, found)]).features == ("jump_share",)
    with pytest.raises(TrainingRefused, match=r"canary truncated_future: .* look ahead, through jump_share"):
        prove_features(bars, market.vix, found, table=table, build=again)


def test_thresholds_that_know_the_future_are_noticed(market: Market, rows: Rows) -> None:
    """Not only features are compared: terciles over the whole sample change with what comes."""

    def terciles(found: Rows) -> Rows:
        u = np.sqrt(found.known.realised) / found.sigma_vix
        return replace(found, regime_cuts=np.tile(np.quantile(u, (1 / 3, 2 / 3)), (len(found), 1)))

    changed = scrambled_future(market.bars, market.vix, terciles(rows), lambda bars, vix: terciles(build(bars, vix)))
    assert compare(changed).differing == compare(changed).rows
    assert compare(changed).features == ()


def test_rows_that_exist_only_because_of_the_future_are_noticed(market: Market, rows: Rows) -> None:
    """A data set that drops days by what came later differs as a whole."""

    def calm(bars: Mapping[str, Bars], vix: Bars) -> Rows:
        found = build(bars, vix)
        return found[found.known.realised < np.median(found.known.realised)]

    changed = compare(scrambled_future(market.bars, market.vix, calm(market.bars, market.vix), calm))
    assert changed.differing == changed.rows > 0


def test_predictions_that_look_at_their_neighbours_are_noticed(market: Market, rows: Rows) -> None:
    """The rows are equal, the predictions are not: they are counted."""
    calls: list[int] = []

    def moody(asked: Rows) -> Forecast:
        calls.append(len(asked))
        return Forecast.silent(len(asked), sigma=np.full(len(asked), float(len(calls))))

    truncated = truncated_future(market.bars, market.vix, rows)
    found = compare([truncated], moody)
    assert (found.predictions, found.differing, found.features) == (80, 80, ())
    assert "something that is no feature" in str(
        unseen_future_problem({"predictions": 80, "differing": 80, "features": ()})
    )


def test_bits_not_values_are_compared() -> None:
    """The smallest step counts; missing equals missing and nothing else."""
    one = np.array([1.0, np.nan, np.nan, 0.0])
    assert different(one, np.array([np.nextafter(1.0, 2.0), np.nan, 0.0, 0.0])).tolist() == [True, False, True, False]


def test_shuffled_labels_move_whole_days_and_keep_their_class(rows: Rows) -> None:
    """Each day has another day's classes, all of them; nothing is lost."""
    labelled = rows[rows.labelled]
    moved = with_shuffled_labels(labelled)
    for symbol in range(2):
        mine = labelled.symbol == symbol
        days = len(np.unique(labelled.day[mine]))
        before, after = (rows.regime[mine].reshape(days, -1).tolist() for rows in (labelled, moved))
        assert sorted(before) == sorted(after)
        assert np.mean([a != b for a, b in zip(before, after, strict=True)]) > 0.5
        assert sorted(moved.direction[mine].reshape(days, -1).tolist()) == sorted(
            labelled.direction[mine].reshape(days, -1).tolist()
        )


def test_the_shifted_feature_is_tomorrows(rows: Rows) -> None:
    """One column is the next day's of the same symbol and entry time; the others and the rows given stay."""
    column = FEATURE_NAMES.index(SHIFTED_FEATURE)
    before = rows.features.copy()
    shifted = with_shifted_feature(rows)
    mine = np.flatnonzero((rows.symbol == 1) & (rows.bars_done == 12))
    assert np.array_equal(shifted.features[mine[:-1], column], before[mine[1:], column], equal_nan=True)
    others = np.delete(np.arange(len(FEATURE_NAMES)), column)
    assert np.array_equal(shifted.features[:, others], before[:, others], equal_nan=True)
    assert np.array_equal(rows.features, before, equal_nan=True)


def test_the_canaries_measure_skill_where_it_is(rows: Rows) -> None:
    """None with shuffled labels, more with a feature from tomorrow than without."""
    found = skill_canaries(DistributionForecaster(boosting=BoostingSettings(rounds=30)), rows)
    numbers = {"feature": SHIFTED_FEATURE, "differing": 1, "skill": found.shifted.skill}
    assert (
        shuffled_labels_problem({"skill": found.shuffled.skill, "standard_error": found.shuffled.standard_error})
        is None
    )
    assert future_shifted_problem({**numbers, "honest_skill": found.honest.skill}) is None
    assert found.shifted.skill > found.honest.skill + 0.05
