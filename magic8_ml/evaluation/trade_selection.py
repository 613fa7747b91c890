"""Which trades each rule would have taken: by expected value and, for comparison, by F1, by recall, and all of them.

The expected value is that which serving approves by (:mod:`magic8_ml.trades.expected_value`), with shares learnt on the
training days.  The thresholds of F1 and recall are chosen per symbol and strategy on a window of their own: what was
said of the days before a fold, never of the fold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.evaluation.trade_walk_forward import span_of
from magic8_ml.forecast.training.walk_forward import EMBARGO_DAYS, Fold
from magic8_ml.trades.expected_value import RealisedFractions, TradeTermsSummary, expected_value
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.thresholds import best_f1, recall_threshold

TUNING_DAYS: Final = 120
"""Days before a fold on which the thresholds of F1 and recall are chosen."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradeDecisions:
    """Shape (n_rows,), NaN where nothing can be said.

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
    """Return every rule's view of the tested rows, learnt fold by fold from earlier days alone."""
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
