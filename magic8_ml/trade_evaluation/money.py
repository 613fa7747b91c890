"""Which trades each rule would have taken: by expected value and, for comparison, by F1, by recall, and all of them.

The expected value of a trade is that of the forecast distribution, where there is one, corrected by as much as the
model thinks more or less of its odds; else that of its odds alone:

    E = E_forecast + (p - p_forecast) (g G + l L)        or        E = p g G - (1 - p) l L

G and L are the most it can win and lose; g and l the shares of them that trades of its kind (strategy, credit or debit)
won and lost on average on the training days, for a trade rarely wins or loses all.  The thresholds of F1 and recall are
chosen per symbol and strategy on a window of their own: what was said of the days before a fold, never of the fold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np

from magic8_companion.domain.bars import Floats
from magic8_ml.models.forecast import Integers, Mask
from magic8_ml.trade_evaluation.protocol import span_of
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.terms import STRATEGIES
from magic8_ml.training.walk_forward import EMBARGO_DAYS, Fold
from magic8_ml.win_models.thresholds import best_f1, recall_threshold

TUNING_DAYS: Final = 120
"""Days before a fold on which the thresholds of F1 and recall are chosen."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decisions:
    """Shape (n_rows,), NaN where nothing can be said.

    ``value``: expected result in US dollars per unit by the model; ``threshold``: the probability above which it is
    positive;
    ``f1`` and ``recall``: thresholds chosen by those.
    """

    value: Floats
    threshold: Floats
    f1: Floats
    recall: Floats

    def __getitem__(self, rows: Mask | Integers) -> Decisions:
        """Return some of the rows."""
        arrays: dict[str, Any] = {item.name: getattr(self, item.name)[rows] for item in fields(self)}
        return Decisions(**arrays)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shares:
    """Mean share of the most that was won by winners, ``gain``, and of the most lost by losers, ``loss``.

    Shape (2 n_strategies,), debits before credits; a kind without an example wins and loses all.
    """

    gain: Floats
    loss: Floats

    @classmethod
    def of(cls, rows: TradeRows) -> Shares:
        """Learn from rows with results."""
        known = np.isfinite(rows.max_reward)
        won, lost, kind = known & rows.won, known & ~rows.won, _kind(rows)
        return cls(
            gain=_means(kind[won], rows.profit[won] / rows.max_reward[won]),
            loss=_means(kind[lost], -rows.profit[lost] / rows.max_risk[lost]),
        )

    def stakes(self, rows: TradeRows) -> tuple[Floats, Floats]:
        """Return what a winner wins and what a loser loses on average, in US dollars, (n_rows,) each."""
        kind = _kind(rows)
        return self.gain[kind] * rows.max_reward, self.loss[kind] * rows.max_risk


def decisions_of(rows: TradeRows, said: Floats, folds: Sequence[Fold]) -> Decisions:
    """Return every rule's view of the tested rows, learnt fold by fold from earlier days alone."""
    found = Decisions(**{item.name: np.full(len(rows), np.nan) for item in fields(Decisions)})
    for fold in folds:
        tested = span_of(rows, fold.tested)
        told = rows[tested]
        wins, loses = Shares.of(rows[span_of(rows, fold.learnt)]).stakes(told)
        found.value[tested] = expected_value(told, said[tested], wins, loses)
        found.threshold[tested] = said[tested] - found.value[tested] / (wins + loses)
        window = tuning_window(rows.day, said, before=int(fold.tested[0]))
        for pair, (f1, recall) in chosen_thresholds(rows[window], said[window]).items():
            mine = tested.start + np.flatnonzero(told.pair == pair)
            found.f1[mine], found.recall[mine] = f1, recall
    return found


def expected_value(rows: TradeRows, said: Floats, wins: Floats, loses: Floats) -> Floats:
    """Return the expected result in US dollars per unit, (n_rows,); NaN without a premium."""
    forecast = rows.column("forecast_value") * rows.max_risk
    corrected = forecast + (said - rows.column("forecast_win")) * (wins + loses)
    return np.where(np.isfinite(corrected), corrected, said * wins - (1 - said) * loses)


def tuning_window(day: Integers, said: Floats, before: int) -> Mask:
    """Tell which rows of the last days before a day, embargo kept, were predicted; they choose the thresholds."""
    known = np.isfinite(said) & (day < before - EMBARGO_DAYS)
    days = np.unique(day[known])[-TUNING_DAYS:]
    return known & np.isin(day, days)


def chosen_thresholds(rows: TradeRows, said: Floats) -> Mapping[int, tuple[float, float]]:
    """Return the thresholds of F1 and recall per pair, NaN where it has under 100 rows or one result only."""
    answer = {}
    for pair in np.unique(rows.pair).tolist():
        mine = rows.pair == pair
        f1, recall = best_f1(said[mine], rows.won[mine]), recall_threshold(said[mine], rows.won[mine])
        answer[pair] = (np.nan if f1 is None else f1, np.nan if recall is None else recall)
    return answer


def _kind(rows: TradeRows) -> Integers:
    return rows.strategy + len(STRATEGIES) * (rows.column("is_credit") > 0)


def _means(kind: Integers, share: Floats) -> Floats:
    count = np.bincount(kind, minlength=2 * len(STRATEGIES))
    total = np.bincount(kind, share, 2 * len(STRATEGIES))
    return np.where(count > 0, total / np.maximum(count, 1), 1.0)
