"""The canaries of a training: silent about honest data, loud about every way of looking ahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.bars import Bars
from magic8_ml.forecast.boosted_variance import BoostingSettings
from magic8_ml.forecast.distribution_forecaster import DistributionForecaster
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES, FeatureTable, feature_matrix
from magic8_ml.forecast.forecaster import Forecast, Past, Rows
from magic8_ml.forecast.intraday import Today
from magic8_ml.forecast.training.dataset import dataset_of
from magic8_ml.forecast.training.future_canaries import compare, different, scrambled_future, truncated_future
from magic8_ml.forecast.training.passport import prove_features
from magic8_ml.forecast.training.skill_canaries import (
    SHIFTED_FEATURE,
    skill_canaries,
    with_shifted_feature,
    with_shuffled_labels,
)
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.registry.canaries import (
    SkillCanaries,
    future_shifted_problem,
    shuffled_labels_problem,
    unseen_future_problem,
)
from tests.forecast.markets import Market, make_market


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
        return replace(found, regime_terciles=np.tile(np.quantile(u, (1 / 3, 2 / 3)), (len(found), 1)))

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
        return Forecast.partial(len(asked), sigma=np.full(len(asked), float(len(calls))))

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


def test_the_shifted_feature_is_of_the_next_session(rows: Rows) -> None:
    """One column is the next session's of the same symbol and entry time; the others and the rows given stay."""
    column = FEATURE_NAMES.index(SHIFTED_FEATURE)
    before = rows.features.copy()
    shifted = with_shifted_feature(rows)
    mine = np.flatnonzero((rows.symbol == 1) & (rows.bars_done == 12))
    followed = np.diff(rows.day[mine], append=0) == 1
    assert 0 < followed.sum() < len(mine) - 1, "half days have no rows"
    after = shifted.features[mine, column]
    assert np.array_equal(after[followed], before[np.roll(mine, -1)[followed], column])
    assert np.array_equal(after[~followed], before[mine[~followed], column], equal_nan=True)
    others = np.delete(np.arange(len(FEATURE_NAMES)), column)
    assert np.array_equal(shifted.features[:, others], before[:, others], equal_nan=True)
    assert np.array_equal(rows.features, before, equal_nan=True)


QUICK = DistributionForecaster(boosting=BoostingSettings(rounds=30))


def gain_problem(found: SkillCanaries) -> str | None:
    """Check the canary of the planted feature as a passport does."""
    return future_shifted_problem(found.as_json()["future_shifted_feature"])


def shuffled_problem(found: SkillCanaries) -> str | None:
    """Check the canary of exchanged labels as a passport does."""
    return shuffled_labels_problem(found.as_json()["shuffled_labels"])


def test_the_canaries_measure_skill_where_it_is(rows: Rows) -> None:
    """None with shuffled labels, clearly more with a feature from tomorrow than without."""
    found = skill_canaries(QUICK, rows, 1)
    assert shuffled_problem(found) is None
    assert gain_problem(found) is None
    gain = found.honest.gain_of(found.planted)
    assert gain.skill == pytest.approx(found.planted.skill.skill - found.honest.skill.skill)
    assert gain.skill > 4 * gain.standard_error > 0


def test_days_that_are_missing_do_not_silence_the_canary(rows: Rows) -> None:
    """With every seventh session gone from the newer half, tomorrow's feature is known of the rest and helps."""
    days = np.unique(rows.day)
    found = skill_canaries(QUICK, rows[(rows.day < np.median(days)) | (rows.day % 7 != 0)], 1)
    assert gain_problem(found) is None
    assert shuffled_problem(found) is None


def test_days_that_nothing_follows_are_refused(rows: Rows) -> None:
    """With every other session missing there is no tomorrow to take a feature from."""
    with pytest.raises(TrainingRefused, match="0 labelled days are followed by a complete session, need 60"):
        skill_canaries(QUICK, rows[rows.day % 2 == 0], 1)


class Remembering:
    """A forecaster that keeps what earlier fits learnt, as one with a forgotten cache would."""

    name = "remembering"

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int, int], int] = {}

    def fit(self, rows: Rows, past: Past | None = None) -> Remembering:
        """Add the classes of ``rows`` to what is known; what contradicts them belongs to another question."""
        del past
        told = dict(zip(_keys(rows), rows.regime.tolist(), strict=True))
        contradicted = any(self._seen.get(key, answer) != answer for key, answer in told.items())
        self._seen = told if contradicted else self._seen | told
        return self

    def predict(self, rows: Rows) -> Forecast:
        """Say what came where it is remembered, and nothing else."""
        known = np.array([self._seen.get(key, -1) for key in _keys(rows)])
        said = np.where(known[:, None] < 0, 1 / 3, known[:, None] == np.arange(3))
        return replace(Forecast.partial(len(rows), sigma=np.ones(len(rows))), regime=said)


def _keys(rows: Rows) -> list[tuple[int, int, int]]:
    return list(zip(rows.symbol.tolist(), rows.day.tolist(), rows.bars_done.tolist(), strict=True))


def test_a_forecaster_that_was_told_the_answers_is_noticed(rows: Rows) -> None:
    """It predicts even shuffled labels, and what knows everything gains nothing from tomorrow."""
    found = skill_canaries(Remembering(), rows, 1)
    assert "something leaks" in str(shuffled_problem(found))
    assert "which is nothing" in str(gain_problem(found))


@pytest.mark.parametrize(("skill", "diverged"), [(-0.06, False), (-0.49, False), (-0.51, True), (-35.8, True)])
def test_a_diverged_fit_passes_no_canary(skill: float, diverged: bool) -> None:
    """Far below the base rates lies no honesty: both canaries look at both sides, however wide the error is."""
    shuffled = shuffled_labels_problem({"skill": skill, "standard_error": 0.5})
    numbers = {"feature": "f", "differing": 1, "skill": 0.4, "honest_skill": skill, "standard_error": 0.001}
    for problem in (shuffled, future_shifted_problem(numbers)):
        assert (problem is not None) == diverged
        assert not diverged or "the fit diverged" in str(problem)
