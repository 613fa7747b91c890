"""The result of one trade at settlement: one unit, in USD after fees, in each cost scenario that is known; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from magic8_companion.options.costs import Fill
from magic8_companion.options.odds import PIN
from magic8_companion.options.payoff import Leg, payoff, profile
from magic8_companion.settlement.price import PricePath

MODELLED: Final = "modelled"
"""The scenario of a trade that nobody quoted: the model's price, which holds its costs of trading."""

SCENARIOS: Final = (Fill.MID.value, Fill.BETWEEN.value, Fill.NATURAL.value, MODELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteredTrade:
    """A trade at its entry.

    ``credits`` are points per unit by scenario (a debit is negative); the last of :data:`SCENARIOS` that is known
    decides whether the trade won.  ``fees`` are dollars per unit and are not charged on a modelled price.
    """

    legs: tuple[Leg, ...]
    credits: Mapping[str, float]
    fees: float
    multiplier: float
    assignment_risk: bool

    @property
    def decisive(self) -> str:
        """Return the scenario that decides: the natural price, or the model's."""
        return next(name for name in reversed(SCENARIOS) if name in self.credits)

    def net(self, scenario: str, points: float) -> float:
        """Return dollars after fees of a payoff in points."""
        fees = 0.0 if scenario == MODELLED else self.fees
        return round(self.multiplier * (points + self.credits[scenario]) - fees, 2) + 0.0

    @property
    def risk(self) -> float | None:
        """Return the greatest loss in dollars, fees included; None when it is unlimited."""
        name = self.decisive
        worst = profile(self.legs, -self.credits[name]).max_loss
        return None if worst is None else -self.net(name, -worst - self.credits[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeResult:
    """What one unit of a trade paid.

    ``payoff`` is what the options paid in dollars.  ``touched`` tells whether the underlying reached a short strike
    before the close, ``worst`` what the trade would have paid at the worst level of the path, net; both are None when
    the path is not known.  ``pinned`` marks a settlement so near a short strike of an option that delivers shares that
    the assignment is open.
    """

    payoff: float
    results: Mapping[str, float]
    won: bool
    touched: bool | None
    worst: float | None
    pinned: bool


def trade_result(trade: EnteredTrade, settlement: float, path: PricePath | None) -> TradeResult:
    """Return the result of a trade at a settlement price.

    >>> legs = (Leg(right="P", strike=5815, quantity=1), Leg(right="P", strike=5820, quantity=-1))
    >>> sold = EnteredTrade(legs=legs, credits={"natural": 0.9}, fees=2.2, multiplier=100, assignment_risk=False)
    >>> found = trade_result(sold, 5818.0, None)
    >>> found.payoff, found.results, found.won
    (-200.0, {'natural': -112.2}, False)
    """
    points = float(payoff(trade.legs, settlement))
    results = {name: trade.net(name, points) for name in SCENARIOS if name in trade.credits}
    shorts = [leg.strike for leg in trade.legs if leg.quantity < 0]
    return TradeResult(
        payoff=round(trade.multiplier * points, 2) + 0.0,
        results=results,
        won=results[trade.decisive] > 0,
        touched=None if path is None else any(path.lowest <= strike <= path.highest for strike in shorts),
        worst=None if path is None else trade.net(trade.decisive, _worst_payoff(trade, path)),
        pinned=trade.assignment_risk and any(abs(settlement - strike) < PIN * strike for strike in shorts),
    )


def _worst_payoff(trade: EnteredTrade, path: PricePath) -> float:
    # A payoff is a straight line between strikes, so its least value lies at an end of the path or at a strike.
    inside = [leg.strike for leg in trade.legs if path.lowest < leg.strike < path.highest]
    return float(payoff(trade.legs, [path.lowest, *inside, path.highest]).min())
