"""Profit and loss of n trades at settlement, premium and fees included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.options.payoff import LegTable, ProfileTable
from magic8_companion.options.products import MULTIPLIER
from magic8_ml.trades.terms import TradeTerms


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Payoffs(ProfileTable):
    """Profit and loss per share at settlement, premium and fees included; NaN without premium.

    ``cost`` (n,) points, a debit is positive.  Every structure of Magic8 has its tails closed, so each trade has three
    places for a break-even.
    """

    cost: Floats

    @property
    def implied(self) -> Floats:
        """Return q*, the odds at which a trade of two outcomes breaks even: risk over risk plus reward.

        NaN where nothing can be won or nothing can be lost.
        """
        span = self.best - self.worst
        sound = (self.best > 0) & (self.worst < 0)
        return np.where(sound, -self.worst / np.where(span > 0, span, np.nan), np.nan)

    @property
    def max_risk(self) -> Floats:
        """Return the most that can be lost in US dollars per unit, NaN without a premium."""
        return -self.worst * MULTIPLIER

    def win_probability(self, below: Floats) -> Floats:
        """Return the probability of a profit, given P(settlement < break-even), (n, 3); NaN where one is missing."""
        return np.where(np.isnan(self.cost), np.nan, ProfileTable.win_probability(self, below))


def payoffs_of(terms: TradeTerms) -> Payoffs:
    """Return results and break-evens of each trade."""
    cost = terms.net_premium + terms.fees / MULTIPLIER
    found = LegTable(strikes=terms.strikes, quantity=terms.quantity, is_call=terms.is_call).profiles(cost)
    return Payoffs(
        cost=cost,
        best=found.best,
        worst=found.worst,
        first_wins=found.first_wins,
        breakevens=found.breakevens,
        direction=found.direction,
    )


def reward_at(implied: Floats, max_risk: Floats) -> Floats:
    """Return the most that can be won, in the unit of ``max_risk``, where that is the risk at the odds ``implied``.

    >>> reward_at(np.array([0.8]), np.array([400.0])).round(6).tolist()
    [100.0]
    """
    return max_risk * (1 - implied) / implied
