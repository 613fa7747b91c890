"""Predictions of trades with their results: the one value that every figure of a report is computed from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.evaluation.trade_baselines import BASE_RATE, BASELINES
from magic8_ml.evaluation.trade_walk_forward import WinEstimator, predict_walk_forward, span_of
from magic8_ml.forecast.training.walk_forward import EMBARGO_DAYS, Fold
from magic8_ml.forecast.training.workers import ProgressCallback, no_progress
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.expected_value import RealisedFractions, TradeTermsSummary, expected_value
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.thresholds import best_f1, recall_threshold

TUNING_DAYS: Final = 120
"""Days before a fold on which the thresholds of F1 and recall are chosen."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradeDecisions:
    """Shape (n_rows,), NaN where unknown.

    ``value``: expected result in US dollars per unit by the model; ``threshold``: the probability above which it is
    positive;
    ``f1`` and ``recall``: thresholds chosen by those.
    """

    value: Floats
    threshold: Floats
    f1: Floats
    recall: Floats

    def __getitem__(self, rows: Mask | Integers) -> TradeDecisions:
        """Return some of the rows."""
        arrays: dict[str, Any] = {item.name: getattr(self, item.name)[rows] for item in fields(self)}
        return TradeDecisions(**arrays)


def decide_trades(rows: TradeRows, predicted: Floats, folds: Sequence[Fold]) -> TradeDecisions:
    """Return the decision of every rule on the test rows, each fold trained on earlier days alone."""
    found = TradeDecisions(**{item.name: np.full(len(rows), np.nan) for item in fields(TradeDecisions)})
    for fold in folds:
        tested = span_of(rows, fold.test)
        test_rows = rows[tested]
        shares = RealisedFractions.of(rows[span_of(rows, fold.train)])
        expected = expected_value(TradeTermsSummary.of_rows(test_rows), predicted[tested], shares)
        found.value[tested], found.threshold[tested] = expected.value, expected.threshold
        window = tuning_window(rows.day, predicted, before=int(fold.test[0]))
        for pair, (f1, recall) in chosen_thresholds(rows[window], predicted[window]).items():
            mine = tested.start + np.flatnonzero(test_rows.pair == pair)
            found.f1[mine], found.recall[mine] = f1, recall
    return found


def tuning_window(day: Integers, predicted: Floats, before: int) -> Mask:
    """Tell which rows of the last days before a day, embargo kept, were predicted; they choose the thresholds."""
    known = np.isfinite(predicted) & (day < before - EMBARGO_DAYS)
    days = np.unique(day[known])[-TUNING_DAYS:]
    return known & np.isin(day, days)


def chosen_thresholds(rows: TradeRows, predicted: Floats) -> Mapping[int, tuple[float, float]]:
    """Return the thresholds of F1 and recall per pair, NaN where it has under 100 rows or one result only."""
    answer = {}
    for pair in np.unique(rows.pair).tolist():
        mine = rows.pair == pair
        f1, recall = best_f1(predicted[mine], rows.won[mine]), recall_threshold(predicted[mine], rows.won[mine])
        answer[pair] = (np.nan if f1 is None else f1, np.nan if recall is None else recall)
    return answer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutOfSampleTrades:
    """Rows that the model predicts, in the order of time.

    ``predicted``: win probabilities (n_rows,) by the name of each forecaster, NaN where it has none; ``model`` names
    the one under evaluation.  ``decisions``: the trades that each rule takes by that model.
    ``unavailable``: why other forecasters could not be fitted, by name.
    """

    rows: TradeRows
    model: str
    predicted: Mapping[str, Floats]
    decisions: TradeDecisions
    unavailable: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.rows)

    def __getitem__(self, rows: Mask | Integers) -> OutOfSampleTrades:
        """Return some of the rows."""
        return OutOfSampleTrades(
            rows=self.rows[rows],
            model=self.model,
            predicted={name: odds[rows] for name, odds in self.predicted.items()},
            decisions=self.decisions[rows],
            unavailable=self.unavailable,
        )

    @property
    def y_pred(self) -> Floats:
        """Return the probabilities of the model under evaluation."""
        return self.predicted[self.model]

    @property
    def won(self) -> Floats:
        """Return 1 where a row won, else 0."""
        return self.rows.won.astype(np.float64)

    @property
    def base(self) -> Floats:
        """Return the base rates known before."""
        return self.predicted[BASE_RATE.name]

    def parts(self) -> Iterator[tuple[str, OutOfSampleTrades]]:
        """Yield every symbol and strategy that was traded, as ``SPX_Butterfly``, symbols first."""
        for place, (symbol, strategy) in enumerate(self.rows.pairs):
            mine = self.rows.pair == place
            if mine.any():
                yield f"{symbol}_{strategy}", self[mine]

    def strategies(self) -> Iterator[tuple[str, OutOfSampleTrades]]:
        """Yield every strategy that was traded."""
        for place, name in enumerate(self.rows.strategies):
            mine = self.rows.strategy == place
            if mine.any():
                yield name, self[mine]


def predict_trades_out_of_sample(
    model: WinEstimator,
    rows: TradeRows,
    folds: Sequence[Fold],
    *,
    others: Sequence[WinEstimator] = (),
    progress: ProgressCallback = no_progress,
) -> OutOfSampleTrades:
    """Walk model, baselines and ``others`` forward over the same folds, without rows that the model does not predict.

    Raises
    ------
    TrainingRefused
        When the model itself cannot learn from the days of a fold; another one is passed over.
    """
    predictions, unavailable = {model.name: predict_walk_forward(model, rows, folds, progress)}, {}
    for one in (*others, *BASELINES):
        try:
            predictions[one.name] = predict_walk_forward(one, rows, folds, progress)
        except TrainingRefused as refusal:
            unavailable[one.name] = str(refusal)
    decisions = decide_trades(rows, predictions[model.name], folds)
    kept = tested_rows(rows, folds) & np.isfinite(predictions[model.name])
    return OutOfSampleTrades(
        rows=rows[kept],
        model=model.name,
        predicted={name: odds[kept] for name, odds in predictions.items()},
        decisions=decisions[kept],
        unavailable=unavailable,
    )


def tested_rows(rows: TradeRows, folds: Sequence[Fold]) -> Mask:
    """Tell which rows the folds test."""
    return np.isin(rows.day, np.concatenate([fold.test for fold in folds]))
