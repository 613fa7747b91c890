"""Turn a ranked candidate into a ticket: legs, limit price, risk, odds per cost scenario, and the order as a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor

from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.domain.ticket import Ticket, TicketLeg
from magic8_companion.options.candidates import Limits
from magic8_companion.options.chain_quotes import ChainQuotes
from magic8_companion.options.costs import Fill, net_cost, opening_fees
from magic8_companion.options.distribution import Distribution, SmileImplied
from magic8_companion.options.odds import PIN, Odds, evaluate
from magic8_companion.options.order_line import order_line
from magic8_companion.options.outlier_quotes import flag_outliers
from magic8_companion.options.payoff import Leg, profile
from magic8_companion.options.products import Fees, Product
from magic8_companion.options.ranking import Ranking, rank_candidates
from magic8_companion.options.smile import Smile


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedTicket:
    """A ticket with its odds, rounded as published; dollars per unit, net of fees except inside ``ticket``.

    ``win_probability`` and ``expected_value`` (keyed mid, between, natural) hold under the distribution that ranked,
    ``implied_probability`` under the market's own.  ``warnings`` are sentences for people.
    """

    symbol: str
    strategy: str
    ticket: Ticket
    win_probability: float
    implied_probability: float
    touch_probability: float
    expected_value: Mapping[str, float]
    cvar: float
    fees: float
    order_line: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketChoice:
    """The ticket of one strategy, or None with the reason and the nearest miss.

    ``quoted`` tells whether any candidate had quotes on all legs.
    """

    ticket: PricedTicket | None
    reason: str
    quoted: bool = True


def best_tickets(
    quotes: ChainQuotes,
    smile: Smile,
    *,
    limits: Limits | None = None,
    model: Distribution | None = None,
    fees: Fees | None = None,
    fill: Fill = Fill.NATURAL,
) -> dict[str, TicketChoice]:
    """Return the best ticket of each strategy, or the reason for none.

    Parameters
    ----------
    model
        The distribution that ranks.  Without one the market's own ranks, and a ticket appears only where quotes
        contradict each other by more than the cost of trading.
    fill
        The scenario of execution; its price is the limit price.

    Raises
    ------
    DataUnavailable
        The fatal problem of the chain.
    """
    quotes = flag_outliers(quotes, smile)
    implied, charged = SmileImplied(smile=smile), fees or quotes.product.fees
    ranking = rank_candidates(quotes, model or implied, limits or Limits(), charged, fill=fill)
    return {
        strategy: _choice(ranking, strategy, quotes, implied, model or implied, charged) for strategy in BASE_STRATEGIES
    }


def price_ticket(
    strategy: str,
    legs: Sequence[Leg],
    quotes: ChainQuotes,
    *,
    implied: Distribution,
    model: Distribution,
    fees: Fees,
    fill: Fill = Fill.NATURAL,
) -> PricedTicket:
    """Return one structure as a ticket with its odds.

    Raises
    ------
    DataUnavailable
        ``bad_leg`` when one of its quotes is not usable.
    """
    multiplier, charge = quotes.product.multiplier, opening_fees(legs, quotes, fees)
    odds = {
        scenario: evaluate(legs, net_cost(legs, quotes, scenario), model, fees=charge, multiplier=multiplier)
        for scenario in Fill
    }
    executed = odds[fill]
    market = evaluate(legs, net_cost(legs, quotes, fill), implied, fees=charge, multiplier=multiplier)
    ticket = _ticket(legs, quotes, -net_cost(legs, quotes, fill))
    return PricedTicket(
        symbol=quotes.symbol,
        strategy=strategy,
        ticket=ticket,
        win_probability=round(executed.win_probability, 4),
        implied_probability=round(market.win_probability, 4),
        touch_probability=round(executed.touch_probability, 4),
        expected_value={scenario.value: round(result.expected_value, 2) for scenario, result in odds.items()},
        cvar=round(executed.cvar, 2),
        fees=round(charge, 2),
        order_line=order_line(quotes.symbol, legs, ticket.limit_price, quotes.expiry, multiplier=multiplier),
        warnings=_warnings(legs, quotes, executed),
    )


def limit_price_of(credit: float, options: Product) -> float:
    """Return a credit (a debit is negative) on the tick of the product, towards the certain fill.

    >>> from magic8_companion.options.products import product
    >>> limit_price_of(2.973, product("SPX")), limit_price_of(-2.973, product("SPX"))
    (2.95, -3.0)
    """
    return round(floor(credit / options.tick + 1e-6) * options.tick, 4)


def _choice(
    ranking: Ranking, strategy: str, quotes: ChainQuotes, implied: Distribution, model: Distribution, fees: Fees
) -> TicketChoice:
    index = ranking.best(strategy)
    candidates, fill = ranking.evaluation.candidates, ranking.evaluation.fill
    if index is not None:
        legs = candidates.legs(index, quotes.strikes)
        ticket = price_ticket(strategy, legs, quotes, implied=implied, model=model, fees=fees, fill=fill)
        return TicketChoice(ticket=ticket, reason="best executable expected value")
    miss = ranking.nearest_miss(strategy)
    if miss is None:
        return TicketChoice(ticket=None, reason="none passes: no candidate has quotes on all legs", quoted=False)
    legs = candidates.legs(miss.index, quotes.strikes)
    limit_price = limit_price_of(-float(ranking.evaluation.cost[fill][miss.index]), quotes.product)
    line = order_line(quotes.symbol, legs, limit_price, quotes.expiry, multiplier=quotes.product.multiplier)
    return TicketChoice(ticket=None, reason=f"none passes; nearest is {line}: {'; '.join(miss.reasons)}")


def _ticket(legs: Sequence[Leg], quotes: ChainQuotes, credit: float) -> Ticket:
    limit_price = limit_price_of(credit, quotes.product)
    result, multiplier = profile(legs, -limit_price), quotes.product.multiplier
    assert result.max_profit is not None and result.max_loss is not None  # noqa: S101, PT018 - wings close both tails
    return Ticket(
        expiry=quotes.expiry,
        legs=tuple(
            TicketLeg(action=leg.action, right=leg.right, strike=leg.strike, quantity=abs(leg.quantity)) for leg in legs
        ),
        limit_price=limit_price,
        max_profit=round(result.max_profit * multiplier, 2),
        max_loss=round(result.max_loss * multiplier, 2),
        breakevens=tuple(round(level, 4) for level in result.breakevens),
    )


def _warnings(legs: Sequence[Leg], quotes: ChainQuotes, odds: Odds) -> tuple[str, ...]:
    if not quotes.product.assignment_risk or all(leg.quantity > 0 for leg in legs):
        return ()
    sentence = (
        f"{quotes.symbol} options deliver shares and can be exercised until 17:30 New York: close short legs before the"
        f" close. With {odds.pin_probability:.0%} probability it settles within {PIN:.1%} of a short strike, where"
        " assignment is open and the expected value is no guide."
    )
    return (sentence,)
