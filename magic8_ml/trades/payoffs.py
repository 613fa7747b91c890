"""What n trades can win and lose, and between which levels they win: piecewise linear, flat outside the strikes.

The same rules as those of the option maths for one trade, on arrays; every structure of Magic8 has its tails closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Mask
from magic8_ml.trades.terms import MULTIPLIER, TradeTerms

_NOISE: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Payoffs:
    """Profit and loss per share at settlement, premium and fees included; NaN without premium.

    ``cost`` (n,) points, a debit is positive; ``best`` and ``worst`` (n,) result; ``first_wins`` (n,) below the lowest
    strike; ``turns`` (n, 3) levels at which the sign changes, NaN elsewhere, and ``direction`` (n, 3): +1 where the
    trade wins above the turn, -1 where it wins below, 0 no turn.
    """

    cost: Floats
    best: Floats
    worst: Floats
    first_wins: Mask
    turns: Floats
    direction: Floats

    @property
    def implied(self) -> Floats:
        """Return q*, the odds at which a trade of two outcomes breaks even: risk over risk plus reward.

        At 1 or above nothing is left to win, at 0 or below nothing to lose: then it is NaN, no price of a probability.
        """
        span = self.best - self.worst
        sound = (self.best > 0) & (self.worst < 0)
        return np.where(sound, -self.worst / np.where(span > 0, span, np.nan), np.nan)

    @property
    def max_risk(self) -> Floats:
        """Return the most that can be lost in US dollars per unit, NaN without a premium."""
        return -self.worst * MULTIPLIER

    def inside(self, below: Floats) -> Floats:
        """Return the probability of a gain, given P(settlement < turn) per turn, (n, 3); NaN where one is missing."""
        beyond = np.where(self.direction == 0, 0.0, self.direction * (1.0 - below))
        return np.where(np.isnan(self.cost), np.nan, np.clip(self.first_wins + beyond.sum(axis=1), 0.0, 1.0))


def payoffs_of(terms: TradeTerms) -> Payoffs:
    """Evaluate each trade at its strikes; between them nothing else can be an extreme or a turn."""
    cost = terms.net_premium + terms.fees / MULTIPLIER
    values = payoff_at(terms, terms.strikes) - cost[:, None]
    wins = values > _NOISE
    direction = wins[:, 1:].astype(np.float64) - wins[:, :-1]
    step = values[:, 1:] - values[:, :-1]
    turning = direction != 0
    share = np.where(turning, -values[:, :-1] / np.where(turning, step, 1.0), np.nan)
    return Payoffs(
        cost=cost,
        best=values.max(axis=1),
        worst=values.min(axis=1),
        first_wins=wins[:, 0],
        turns=terms.strikes[:, :-1] + share * np.diff(terms.strikes, axis=1),
        direction=direction,
    )


def reward_at(implied: Floats, max_risk: Floats) -> Floats:
    """Return the most that can be won, in the unit of ``max_risk``, where that is the risk at the odds ``implied``.

    >>> reward_at(np.array([0.8]), np.array([400.0])).round(6).tolist()
    [100.0]
    """
    return max_risk * (1 - implied) / implied


def payoff_at(terms: TradeTerms, level: Floats) -> Floats:
    """Return points per share at settlement levels (n, m), before the premium."""
    total = np.zeros_like(level)
    for leg in range(terms.strikes.shape[1]):
        away = level - terms.strikes[:, leg, None]
        inside = np.where(terms.is_call[:, leg, None], away, -away)
        total += terms.quantity[:, leg, None] * np.maximum(inside, 0.0)
    return total
