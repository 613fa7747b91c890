"""Trades that a model called on unseen days, settled: what HIGH and agreement with the rules have meant.

Labels count before blockers: a HIGH call that delayed data or a kill switch would have forbidden is a HIGH call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.blend import agreement
from magic8_companion.domain.measured import MeasuredAgreement, MeasuredHigh, MeasuredWins
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_ml.forecast.forecaster import Forecast, Rows
from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.structures import price_structures, select_strategies
from magic8_ml.metrics.day_intervals import Interval, mean_interval

HIGH: Final = 0.80
"""Confidence from which a call is HIGH."""

FEWEST_DAYS: Final = 10
"""Days that an interval needs."""

_DECIMALS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalledTrades:
    """The answers of a model, one per row; shape (n_rows,).

    ``chosen`` indexes the outcomes: a base strategy, or beyond them No_Trade; -1 where there was no answer.
    ``confidence``, ``won`` and ``implied`` are those of the strategy called, NaN where none was.  ``threshold`` is the
    confidence from which a call is HIGH.
    """

    day: Integers
    chosen: Integers
    confidence: Floats
    won: Floats
    implied: Floats
    threshold: float = HIGH

    @classmethod
    def settle(cls, rows: Rows, forecast: Forecast) -> CalledTrades:
        """Settle the calls of a forecast of ``rows``, which have outcomes."""
        return cls.of(forecast, settled_wins(rows, forecast), rows.day)

    @classmethod
    def of(cls, forecast: Forecast, won: Floats, day: Integers) -> CalledTrades:
        """Pick the calls of a forecast; ``won`` (n_rows, 3) holds 1 for a win and 0 for a loss of each strategy."""
        chosen = forecast.chosen
        return cls(
            day=day,
            chosen=chosen,
            confidence=np.where(_is_strategy(chosen), forecast.call_confidence, np.nan),
            won=pick(won, chosen),
            implied=pick(forecast.implied, chosen),
        )

    def __getitem__(self, rows: Mask) -> CalledTrades:
        """Return some of the rows."""
        return CalledTrades(
            day=self.day[rows],
            chosen=self.chosen[rows],
            confidence=self.confidence[rows],
            won=self.won[rows],
            implied=self.implied[rows],
            threshold=self.threshold,
        )

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.day)

    @property
    def answered(self) -> Mask:
        """Tell where the model answered, No_Trade included."""
        return self.chosen >= 0

    @property
    def high(self) -> Mask:
        """Tell where a strategy was called at HIGH."""
        return self.confidence >= self.threshold

    @property
    def rest(self) -> Mask:
        """Tell where a strategy was called below HIGH."""
        return self.confidence < self.threshold


def measure_high(calls: CalledTrades) -> MeasuredHigh | None:
    """Compare HIGH calls with all others; None without an answer."""
    answered = calls[calls.answered]
    if not len(answered):
        return None
    first, last, days = _span(answered.day)
    return MeasuredHigh(
        first_day=first,
        last_day=last,
        days=days,
        share=_rounded(float(answered.high.mean())),
        calls=_wins(answered.won, answered.implied, answered.day, answered.high),
        rest=_wins(answered.won, answered.implied, answered.day, answered.rest),
    )


def measure_agreement(rows: Rows, forecast: Forecast, points: Floats) -> MeasuredAgreement | None:
    """Compare the wins of strategies on which rules and model agree, are mixed or disagree, as entries say it.

    ``points`` are the rule scores at each row, (n_rows, 3), NaN where unknown; None where none is known.
    """
    is_call = forecast.chosen[:, None] == np.arange(len(BASE_STRATEGIES))
    votes = np.where(is_call, 100 * forecast.call_confidence[:, None], 0.0)
    known = np.isfinite(points) & np.isfinite(votes) & (forecast.chosen >= 0)[:, None]
    if not known.any():
        return None
    found = np.array([agreement(*pair) for pair in zip(points[known].tolist(), votes[known].tolist(), strict=True)])
    day = np.broadcast_to(rows.day[:, None], known.shape)[known]
    won, implied = settled_wins(rows, forecast)[known], forecast.implied[known]
    first, last, days = _span(day)
    groups = {name: _wins(won, implied, day, found == name) for name in ("agree", "mixed", "disagree")}
    return MeasuredAgreement(first_day=first, last_day=last, days=days, **groups)


def settled_wins(rows: Rows, forecast: Forecast) -> Floats:
    """Return 1 for a win and 0 for a loss of Butterfly, Iron_Condor and the vertical meant, (n_rows, 3)."""
    won = price_structures(rows.sigma_today).won(rows.known.move).astype(np.float64)
    return select_strategies(won, forecast.vertical)


def pick(columns: Floats, chosen: Integers) -> Floats:
    """Pick from (n_rows, 3) the column of the strategy called, NaN where none is."""
    called = _is_strategy(chosen)
    place = np.where(called, chosen, 0)
    return np.where(called, columns[np.arange(len(chosen)), place], np.nan)


def _is_strategy(chosen: Integers) -> Mask:
    # the base strategies stand first among the outcomes; No_Trade and silence are no strategy
    return np.asarray((chosen >= 0) & (chosen < len(BASE_STRATEGIES)))


def _wins(won: Floats, implied: Floats, day: Integers, group: Mask) -> MeasuredWins | None:
    use = group & np.isfinite(won) & np.isfinite(implied)
    if not use.any():
        return None
    found: Interval = mean_interval(won[use], day[use])
    enough = found.n_days >= FEWEST_DAYS
    return MeasuredWins(
        calls=int(use.sum()),
        days=found.n_days,
        won=_rounded(found.value),
        implied=_rounded(float(implied[use].mean())),
        low=_rounded(found.low) if enough else None,
        high=_rounded(found.high) if enough else None,
    )


def _span(day: Integers) -> tuple[str, str, int]:
    sessions = session_table().sessions
    first, last = (sessions[int(position)].day.isoformat() for position in (day.min(), day.max()))
    return first, last, len(np.unique(day))


def _rounded(share: float) -> float:
    return round(min(1.0, max(0.0, share)), _DECIMALS)
