"""Models and rules under evaluation see earlier days alone, and never the results of what they are asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from magic8_companion.domain.arrays import Floats
from magic8_ml.evaluation.trade_baselines import BASE_RATE, FORECAST, MAJORITY, PREMIUM, RECALIBRATED_PREMIUM
from magic8_ml.evaluation.trade_out_of_sample import (
    chosen_thresholds,
    decide_trades,
    predict_trades_out_of_sample,
    tuning_window,
)
from magic8_ml.evaluation.trade_walk_forward import predict_walk_forward
from magic8_ml.forecast.training.walk_forward import Fold, WalkForwardConfig, folds_of
from magic8_ml.trades.rows import TradeRows
from tests.evaluation.made_trades import FIRST_SESSION, made_trades

PLAN = WalkForwardConfig(training_days=40, refit_days=15)


@dataclass(frozen=True, kw_only=True)
class Witness:
    """A model that remembers what it was shown."""

    name: str = "witness"
    learnt: list[int] = field(default_factory=list)
    asked: list[tuple[int, bool, bool]] = field(default_factory=list)

    def fit(self, rows: TradeRows) -> Witness:
        """Note the last day."""
        self.learnt.append(int(rows.day.max()))
        return self

    def predict(self, rows: TradeRows) -> Floats:
        """Note the first day, and whether any result was to be seen."""
        self.asked.append((int(rows.day.min()), bool(rows.won.any()), bool(np.isfinite(rows.profit).any())))
        return np.full(len(rows), 0.5)


def test_a_model_learns_from_earlier_days_and_sees_no_result() -> None:
    """Between the last day learnt and the first one asked lies the embargo; results are gone when it is asked."""
    rows, witness = made_trades(), Witness()
    said = predict_walk_forward(witness, rows, folds_of(rows.day, PLAN))
    assert [asked - learnt for learnt, (asked, _, _) in zip(witness.learnt, witness.asked, strict=True)] == [2] * 4
    assert not any(won or profit for _, won, profit in witness.asked)
    assert np.isnan(said[rows.day < FIRST_SESSION + 41]).all()
    assert (said[rows.day >= FIRST_SESSION + 41] == 0.5).all()


def test_a_fold_that_learns_from_a_tested_day_is_refused() -> None:
    """A day on both sides is no walk-forward."""
    rows = made_trades(days=3)
    torn = Fold(train=np.unique(rows.day), test=np.unique(rows.day)[-1:])
    with pytest.raises(ValueError, match="not before all days"):
        predict_walk_forward(BASE_RATE, rows, [torn])


def test_rows_out_of_order_are_refused() -> None:
    """Blocks of days are cut out of rows in the order of time; other rows would be cut wrongly."""
    rows = made_trades()
    with pytest.raises(ValueError, match="order of days"):
        predict_walk_forward(BASE_RATE, rows[np.arange(len(rows))[::-1]], folds_of(rows.day, PLAN))


def test_results_of_later_days_change_nothing_that_was_said_before() -> None:
    """With every result from a day on turned round, all that was said and decided up to that day stands."""
    rows = made_trades()
    folds = folds_of(rows.day, PLAN)
    cut = int(folds[2].test[0])
    turned = replace(rows, won=rows.won ^ (rows.day >= cut), profit=np.where(rows.day >= cut, 7.0, rows.profit))
    before = rows.day < cut + PLAN.refit_days
    for model in (BASE_RATE, MAJORITY, RECALIBRATED_PREMIUM, FORECAST):
        said, other = (predict_walk_forward(model, same, folds) for same in (rows, turned))
        assert said[before].tobytes() == other[before].tobytes()
    told = predict_walk_forward(FORECAST, rows, folds)
    decided, other_decided = (decide_trades(same, told, folds) for same in (rows, turned))
    for name in ("value", "threshold", "f1", "recall"):
        assert getattr(decided, name)[before].tobytes() == getattr(other_decided, name)[before].tobytes()


def test_base_rates_go_by_name_and_fall_back_to_the_strategy() -> None:
    """Another order of the symbols is no matter, and a pair that never traded has the rate of its strategy."""
    rows = made_trades()
    fitted = BASE_RATE.fit(rows)
    swapped = replace(rows, symbols=("QQQ", "SPX"), symbol=1 - rows.symbol)
    assert fitted.predict(swapped).tolist() == fitted.predict(rows).tolist()
    mine = rows.of_pair("SPX", "Butterfly")
    assert fitted.predict(rows)[mine][0] == pytest.approx(rows.won[mine].mean(), abs=0.01)
    stranger = replace(rows, symbols=("NDX", "RUT"))
    assert fitted.predict(stranger)[rows.strategy == 0][0] == pytest.approx(
        rows.won[rows.strategy == 0].mean(), abs=0.01
    )
    unseen = fitted.predict(replace(rows, strategy=np.full(len(rows), 3)))
    assert np.isnan(unseen).all()


def test_recalibration_finds_the_line_that_the_price_was_bent_by() -> None:
    """A price that says too little of its own odds is straightened; where there is none, nothing is said."""
    rows = made_trades(days=200, edge=0.0)
    bent = replace(rows, features=np.array(rows.features))
    column = bent.names.index("implied_win")
    odds = np.log(rows.implied / (1 - rows.implied))
    bent.features[:, column] = 1 / (1 + np.exp(-0.5 * odds - 0.4))
    bent.features[:5, column] = np.nan
    said = RECALIBRATED_PREMIUM.fit(bent).predict(bent)
    assert np.isnan(said[:5]).all()
    assert np.abs(said[5:] - rows.implied[5:]).mean() < 0.03
    assert PREMIUM.fit(bent).predict(bent)[5:].tolist() == bent.features[5:, column].tolist()


def test_a_fair_trade_of_two_outcomes_is_worth_nothing() -> None:
    """At the odds of its own premium a trade that wins or loses all has the expected value 0."""
    rows = made_trades()
    folds = folds_of(rows.day, PLAN)
    tested = rows.day >= folds[0].test[0]
    fair = decide_trades(rows, rows.implied, folds)
    assert fair.value[tested] == pytest.approx(0.0, abs=1e-9)
    assert fair.threshold[tested] == pytest.approx(rows.implied[tested])
    assert np.isnan(fair.value[~tested]).all()


def test_the_forecast_distribution_says_what_a_trade_is_worth() -> None:
    """Where it speaks, its own expected value counts, moved by as much as the model's odds differ from its own."""
    rows = made_trades()
    folds = folds_of(rows.day, PLAN)
    heard = replace(rows, features=np.array(rows.features))
    heard.features[:, rows.names.index("forecast_value")] = 0.1
    tested = rows.day >= folds[0].test[0]
    same = decide_trades(heard, rows.column("forecast_win"), folds)
    assert same.value[tested] == pytest.approx(0.1 * rows.max_risk[tested])
    better = decide_trades(heard, rows.column("forecast_win") + 0.01, folds)
    stakes = rows.max_risk + rows.max_reward
    assert better.value[tested] == pytest.approx((0.1 * rows.max_risk + 0.01 * stakes)[tested])


def test_thresholds_are_chosen_before_the_embargo() -> None:
    """The window ends before the embargo of the fold, and holds only what was predicted."""
    rows = made_trades()
    said = np.where(rows.day < FIRST_SESSION + 20, np.nan, 0.5)
    window = tuning_window(rows.day, said, before=FIRST_SESSION + 60)
    assert np.unique(rows.day[window]).tolist() == list(range(FIRST_SESSION + 20, FIRST_SESSION + 59))
    few = chosen_thresholds(rows[:60], rows.implied[:60])
    assert all(np.isnan(pair).all() for pair in few.values())
    many = chosen_thresholds(rows, rows.column("forecast_win"))
    assert all(0.1 <= f1 <= 0.85 for f1, _ in many.values())


def test_rows_that_the_model_says_nothing_of_are_not_judged() -> None:
    """Baselines are compared on the model's own rows."""
    rows = made_trades()
    deaf = replace(rows, features=np.array(rows.features))
    deaf.features[::2, rows.names.index("forecast_win")] = np.nan
    out_of_sample = predict_trades_out_of_sample(FORECAST, deaf, folds_of(rows.day, PLAN))
    assert len(out_of_sample) == (rows.day >= FIRST_SESSION + 41).sum() // 2
    assert {len(said) for said in out_of_sample.predicted.values()} == {len(out_of_sample)}
