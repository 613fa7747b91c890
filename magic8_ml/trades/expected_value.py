"""Expected value of a trade at a win probability, and the probability above which it is positive.

With a forecast distribution, its expected value is corrected for the difference in win probability; without one, the
expected value follows from the probability alone:

    E = E_forecast + (p - p_forecast) (g G + l L)        or        E = p g G - (1 - p) l L

G and L are the maximum reward and risk after fees.  g and l are the average fractions of them that past trades of the
kind (strategy, credit or debit) realized, because few trades win or lose the maximum.  Both formulas equal
E = (p - t) (g G + l L) with a threshold t, so E > 0 exactly if p > t, to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.trades.feature_inputs import FeatureInputs
from magic8_ml.trades.payoffs import reward_at
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.terms import STRATEGIES
from magic8_ml.trades.thresholds import two_point_threshold

COLUMNS: Final = ("is_credit", "forecast_win", "forecast_value")
"""Features that the expected value depends on."""

_SIDES: Final = ("debit", "credit")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradeTermsSummary:
    """Reward, risk and forecast of n trades at entry; shape (n,), US dollars per unit after fees.

    ``kind``: index into :class:`RealisedFractions`.  ``max_reward`` and ``max_risk``: both positive, NaN without a
    premium or without a possible gain.  ``forecast_win`` and ``forecast_value``: win probability and expected value
    under the forecast distribution, NaN without one.
    """

    kind: Integers
    max_reward: Floats
    max_risk: Floats
    forecast_win: Floats
    forecast_value: Floats

    @classmethod
    def of_rows(cls, rows: TradeRows) -> TradeTermsSummary:
        """Return the summary of labelled rows."""
        columns = [rows.column(name) for name in COLUMNS]
        return cls._of(rows.strategy, rows.implied, rows.max_risk, columns)

    @classmethod
    def of_inputs(cls, inputs: FeatureInputs, columns: Sequence[Floats]) -> TradeTermsSummary:
        """Return the summary of trades to predict; ``columns``: their features :data:`COLUMNS`."""
        return cls._of(inputs.terms.strategy, inputs.payoffs.implied, inputs.payoffs.max_risk, columns)

    @classmethod
    def _of(cls, strategy: Integers, implied: Floats, max_risk: Floats, columns: Sequence[Floats]) -> TradeTermsSummary:
        is_credit, forecast_win, forecast_value = columns
        return cls(
            kind=strategy + len(STRATEGIES) * (is_credit > 0),
            max_reward=reward_at(implied, max_risk),
            max_risk=max_risk,
            forecast_win=forecast_win,
            forecast_value=forecast_value * max_risk,
        )

    @property
    def has_forecast(self) -> Mask:
        """Return a mask of the trades with a forecast."""
        return np.isfinite(self.forecast_win) & np.isfinite(self.forecast_value)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RealisedFractions:
    """Mean fraction of the maximum reward that winners realized, ``gain``, and of the risk for losers, ``loss``.

    Shape (2 n_strategies,), debits before credits; 1 for a kind without examples.
    """

    gain: Floats
    loss: Floats

    @classmethod
    def of(cls, rows: TradeRows) -> RealisedFractions:
        """Estimate the fractions from labelled rows."""
        summary = TradeTermsSummary.of_rows(rows)
        known = np.isfinite(summary.max_reward)
        won, lost = known & rows.won, known & ~rows.won
        result = np.abs(rows.profit)
        return cls(
            gain=_means(summary.kind[won], result[won] / summary.max_reward[won]),
            loss=_means(summary.kind[lost], result[lost] / summary.max_risk[lost]),
        )

    @classmethod
    def whole(cls) -> RealisedFractions:
        """Return fractions of 1: every trade wins or loses the maximum."""
        return cls(gain=np.ones(len(_SIDES) * len(STRATEGIES)), loss=np.ones(len(_SIDES) * len(STRATEGIES)))

    def as_json(self) -> dict[str, dict[str, list[float]]]:
        """Return {side: {strategy: [gain, loss]}} for :meth:`from_json`."""
        pairs = iter(np.stack((self.gain, self.loss), axis=1).tolist())
        return {side: {name: next(pairs) for name in STRATEGIES} for side in _SIDES}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RealisedFractions:
        """Read the values of :meth:`as_json`; raise ValueError for other strategies or invalid fractions."""
        if set(data) != set(_SIDES) or any(set(data[side]) != set(STRATEGIES) for side in _SIDES):
            raise ValueError("realized fractions do not match the current strategies; train again")
        pairs = np.array([data[side][name] for side in _SIDES for name in STRATEGIES], dtype=np.float64)
        if pairs.shape != (len(_SIDES) * len(STRATEGIES), 2) or not np.isfinite(pairs).all():
            raise ValueError("realized fractions: two finite numbers per kind are required")
        if (pairs[:, 0] <= 0).any() or (pairs[:, 1] < 0).any():
            raise ValueError("realized fractions: gain must be above 0 and loss at least 0")
        return cls(gain=pairs[:, 0], loss=pairs[:, 1])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpectedValue:
    """Expected values and thresholds, shape (n,), NaN without a premium or without a possible gain.

    ``value``: US dollars per unit after fees.  ``threshold``: the probability above which the value is positive; below
    0 if it always is, above 1 if it never is.
    """

    value: Floats
    threshold: Floats


def expected_value(summary: TradeTermsSummary, probability: Floats, fractions: RealisedFractions) -> ExpectedValue:
    """Return the expected values of trades at win probabilities (n,).

    A butterfly has a maximum reward of $400 and risk of $100.  Winners realize half, losers lose the maximum:

    >>> known = {"kind": np.array([0]), "max_reward": np.array([400.0]), "max_risk": np.array([100.0])}
    >>> half = RealisedFractions(gain=np.full(8, 0.5), loss=np.ones(8))
    >>> without = TradeTermsSummary(**known, forecast_win=np.array([np.nan]), forecast_value=np.array([np.nan]))
    >>> result = expected_value(without, np.array([0.4]), half)
    >>> result.value.round(6).tolist(), result.threshold.round(6).tolist()
    ([20.0], [0.333333])

    With a forecast of 0.3 and $5, a win probability higher by 0.1 adds $30:

    >>> forecast = TradeTermsSummary(**known, forecast_win=np.array([0.3]), forecast_value=np.array([5.0]))
    >>> result = expected_value(forecast, np.array([0.4]), half)
    >>> result.value.round(6).tolist(), result.threshold.round(6).tolist()
    ([35.0], [0.283333])
    """
    wins, loses = fractions.gain[summary.kind] * summary.max_reward, fractions.loss[summary.kind] * summary.max_risk
    stakes = wins + loses
    by_forecast = summary.forecast_win - summary.forecast_value / stakes
    threshold = np.where(summary.has_forecast, by_forecast, two_point_threshold(loses, wins))
    return ExpectedValue(value=(probability - threshold) * stakes, threshold=threshold)


def _means(kind: Integers, fraction: Floats) -> Floats:
    n_kinds = len(_SIDES) * len(STRATEGIES)
    count, total = np.bincount(kind, minlength=n_kinds), np.bincount(kind, fraction, n_kinds)
    return np.where(count > 0, total / np.maximum(count, 1), 1.0)
