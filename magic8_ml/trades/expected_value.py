"""What a trade is worth at a probability, and from which probability on it is worth anything.

The expected value of a trade is that of the forecast distribution, where there is one, corrected by as much as the
model thinks more or less of its odds; else that of its odds alone:

    E = E_forecast + (p - p_forecast) (g G + l L)        or        E = p g G - (1 - p) l L

G and L are the most it can win and lose after fees; g and l the shares of them that trades of its kind (strategy,
credit or debit) won and lost on average, for a trade rarely wins or loses all.  Both are E = (p - t) (g G + l L) with
the threshold t, so "worth more than nothing" and "above the threshold" are one statement, to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.trades.feature_inputs import Inputs
from magic8_ml.trades.payoffs import reward_at
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.terms import STRATEGIES
from magic8_ml.trades.thresholds import two_point_threshold

COLUMNS: Final = ("is_credit", "forecast_win", "forecast_value")
"""The features that worth depends on."""

_SIDES: Final = ("debit", "credit")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradeTermsSummary:
    """What n trades offer, as it is known when they are entered; shape (n,), US dollars per unit after fees.

    ``kind``: place in :class:`RealisedFractions`; ``max_reward`` and ``max_risk``: the most that can be won and lost,
    both positive, NaN where nothing can be won or no premium is known; ``forecast_win`` and ``forecast_value``: odds
    and expected value under the forecast distribution, NaN without one.
    """

    kind: Integers
    max_reward: Floats
    max_risk: Floats
    forecast_win: Floats
    forecast_value: Floats

    @classmethod
    def of_rows(cls, rows: TradeRows) -> TradeTermsSummary:
        """Take those of labelled rows."""
        columns = [rows.column(name) for name in COLUMNS]
        return cls._of(rows.strategy, rows.implied, rows.max_risk, columns)

    @classmethod
    def of_inputs(cls, inputs: Inputs, columns: Sequence[Floats]) -> TradeTermsSummary:
        """Take those of trades that are asked for; ``columns``: their features :data:`COLUMNS`."""
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
    def forecast(self) -> Mask:
        """Tell of which trades the forecast distribution says something."""
        return np.isfinite(self.forecast_win) & np.isfinite(self.forecast_value)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RealisedFractions:
    """Mean share of the most that was won by winners, ``gain``, and of the most lost by losers, ``loss``.

    Shape (2 n_strategies,), debits before credits; a kind without an example wins and loses all.
    """

    gain: Floats
    loss: Floats

    @classmethod
    def of(cls, rows: TradeRows) -> RealisedFractions:
        """Learn from rows with results."""
        offers = TradeTermsSummary.of_rows(rows)
        known = np.isfinite(offers.max_reward)
        won, lost = known & rows.won, known & ~rows.won
        result = np.abs(rows.profit)
        return cls(
            gain=_means(offers.kind[won], result[won] / offers.max_reward[won]),
            loss=_means(offers.kind[lost], result[lost] / offers.max_risk[lost]),
        )

    @classmethod
    def whole(cls) -> RealisedFractions:
        """Return those of trades that win or lose all."""
        return cls(gain=np.ones(len(_SIDES) * len(STRATEGIES)), loss=np.ones(len(_SIDES) * len(STRATEGIES)))

    def as_json(self) -> dict[str, dict[str, list[float]]]:
        """Return {side: {strategy: [gain, loss]}}, the plain form that :meth:`from_json` reads."""
        pairs = iter(np.stack((self.gain, self.loss), axis=1).tolist())
        return {side: {name: next(pairs) for name in STRATEGIES} for side in _SIDES}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RealisedFractions:
        """Read the plain form; raises ValueError for shares of other kinds and for numbers that are no shares."""
        if set(data) != set(_SIDES) or any(set(data[side]) != set(STRATEGIES) for side in _SIDES):
            raise ValueError("the shares of reward and risk are not those of today's strategies")
        pairs = np.array([data[side][name] for side in _SIDES for name in STRATEGIES], dtype=np.float64)
        if pairs.shape != (len(_SIDES) * len(STRATEGIES), 2) or not np.isfinite(pairs).all():
            raise ValueError("the shares of reward and risk are not two numbers each")
        if (pairs[:, 0] <= 0).any() or (pairs[:, 1] < 0).any():
            raise ValueError("a share of the reward is not above 0, or one of the risk is below")
        return cls(gain=pairs[:, 0], loss=pairs[:, 1])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worth:
    """Shape (n,), NaN where nothing can be won or no premium is known.

    ``value``: expected result in US dollars per unit after fees; ``threshold``: the probability above which it is
    positive, below 0 or above 1 where no probability is needed or none is enough.
    """

    value: Floats
    threshold: Floats


def expected_value(offers: TradeTermsSummary, said: Floats, shares: RealisedFractions) -> Worth:
    """Return what trades are worth at the probabilities ``said`` (n,).

    A butterfly that can win 400 $ and lose 100 $; such winners took half of what they could, such losers lost all:

    >>> known = {"kind": np.array([0]), "max_reward": np.array([400.0]), "max_risk": np.array([100.0])}
    >>> half = RealisedFractions(gain=np.full(8, 0.5), loss=np.ones(8))
    >>> alone = TradeTermsSummary(**known, forecast_win=np.array([np.nan]), forecast_value=np.array([np.nan]))
    >>> worth = expected_value(alone, np.array([0.4]), half)
    >>> worth.value.round(6).tolist(), worth.threshold.round(6).tolist()
    ([20.0], [0.333333])

    Under a forecast that gives it 0.3 and 5 $, a tenth more probability is worth 30 $ more:

    >>> worth = expected_value(TradeTermsSummary(**known, forecast_win=np.array([0.3]), forecast_value=np.array([5.0])),
    ...                        np.array([0.4]), half)
    >>> worth.value.round(6).tolist(), worth.threshold.round(6).tolist()
    ([35.0], [0.283333])
    """
    wins, loses = shares.gain[offers.kind] * offers.max_reward, shares.loss[offers.kind] * offers.max_risk
    stakes = wins + loses
    by_forecast = offers.forecast_win - offers.forecast_value / stakes
    threshold = np.where(offers.forecast, by_forecast, two_point_threshold(loses, wins))
    return Worth(value=(said - threshold) * stakes, threshold=threshold)


def _means(kind: Integers, share: Floats) -> Floats:
    n_kinds = len(_SIDES) * len(STRATEGIES)
    count, total = np.bincount(kind, minlength=n_kinds), np.bincount(kind, share, n_kinds)
    return np.where(count > 0, total / np.maximum(count, 1), 1.0)
