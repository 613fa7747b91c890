"""Summarize one chain as plain values: doubtful quotes, expected move, tickets and ranked candidates.

A request may scale the standard deviation of the market's own distribution by a ratio.  At 1 no candidate earns its
costs, so the sheet shows the default tickets; at any other ratio the scaled distribution ranks them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.trading_day import utc_text
from magic8_companion.options.candidates import Limits, StructureType
from magic8_companion.options.chain_quotes import ChainQuotes, LegFlag, Side
from magic8_companion.options.default_structures import CHEAPEST_DEFAULT, default_tickets
from magic8_companion.options.distribution import SmileImplied
from magic8_companion.options.expected_move import smile_move, straddle_move
from magic8_companion.options.order_line import order_line
from magic8_companion.options.outlier_quotes import flag_outliers
from magic8_companion.options.payoff import Leg
from magic8_companion.options.products import Fees
from magic8_companion.options.ranking import Ranking, rank_candidates
from magic8_companion.options.scenarios import leg_vols, scenario_grid
from magic8_companion.options.smile import Smile
from magic8_companion.options.tickets import PricedTicket, TicketChoice, best_tickets, limit_price_of

CHEAPEST_AT_MARKET: Final = "cheapest to trade of the customary shapes; expected value under the market's own odds"

_DEVIATIONS: Final = np.arange(-2.0, 2.25, 0.5)  # of the grid's spots from the forward
_VOL_FACTORS: Final = (0.8, 1.0, 1.25)
_TIME_LEFT: Final = (1.0, 0.5, 0.0)  # as shares of the time left now


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRequest:
    """Limits, fees, ratio of the standard deviation and number of ranked candidates of a sheet.

    ``variance_left`` maps later wall times to the share of the remaining variance that will be left then.
    """

    limits: Limits
    fees: Fees
    ratio: float
    ranks: int
    variance_left: Mapping[str, float]


def ticket_sheet(quotes: ChainQuotes, smile: Smile, request: SheetRequest) -> dict[str, Any]:
    """Return the sheet; money in dollars per unit, levels in points, ``max_loss`` and ``max_profit`` before fees.

    Raises
    ------
    DataUnavailable
        The fatal problem of the chain.
    """
    straddle, strip = straddle_move(quotes), smile_move(smile)
    checked = flag_outliers(quotes, smile)
    # the same smile in standard deviations, each of them ``ratio`` times as wide
    model = SmileImplied(smile=replace(smile, years=smile.years * request.ratio**2))
    ranking = rank_candidates(checked, model, request.limits, request.fees)
    if request.ratio == 1:
        proposals = default_tickets(quotes, smile, limits=request.limits, fees=request.fees)
    else:
        proposals = best_tickets(quotes, smile, limits=request.limits, model=model, fees=request.fees)
    return {
        "symbol": quotes.symbol,
        "as_of": utc_text(quotes.as_of),
        "expiry": quotes.expiry.isoformat(),
        "spot": quotes.spot,
        "forward": round(quotes.forward, 4),
        "minutes_to_settlement": round(quotes.years * 525_600, 2),
        "problems": [problem.value for problem in quotes.problems],
        "stale": [str(leg) for leg in quotes.parity.stale],
        "doubtful": [*_doubtful("C", checked.strikes, checked.calls), *_doubtful("P", checked.strikes, checked.puts)],
        "expected_move": {move.source: round(move.points, 4) for move in (straddle, strip)},
        "expected_move_later": {
            wall: round(straddle.after(share).points, 4) for wall, share in request.variance_left.items()
        },
        "atm_vol": round(smile.atm_vol, 6),
        "deviation_ratio": request.ratio,
        "candidates": len(ranking.violations),
        "passing": len(ranking.order),
        "tickets": {name: _choice(proposal, quotes, smile) for name, proposal in proposals.items()},
        "ranked": [_row(ranking, int(index), checked) for index in ranking.order[: request.ranks]],
        "pareto": [_row(ranking, int(index), checked) for index in ranking.pareto],
    }


def _doubtful(right: str, strikes: Floats, side: Side) -> list[dict[str, Any]]:
    return [
        {"right": right, "strike": float(strikes[i]), "flags": [flag.name for flag in LegFlag(int(side.flags[i]))]}
        for i in np.flatnonzero(side.flags)
    ]


def _choice(proposal: TicketChoice, quotes: ChainQuotes, smile: Smile) -> dict[str, Any]:
    priced = proposal.ticket
    if priced is None:
        return {"ticket": None, "reason": proposal.reason}
    reason = CHEAPEST_AT_MARKET if proposal.reason == CHEAPEST_DEFAULT else proposal.reason
    ticket = priced.ticket
    legs = [
        Leg(right=x.right, strike=x.strike, quantity=x.quantity * (1 if x.action == "BUY" else -1)) for x in ticket.legs
    ]
    grid = _scenarios(legs, ticket.limit_price, quotes.product.multiplier, smile)
    return {**_priced(priced), "reason": reason, "scenarios": grid}


def _priced(priced: PricedTicket) -> dict[str, Any]:
    ticket = priced.ticket
    return {
        "ticket": priced.order_line,
        "limit_price": ticket.limit_price,
        "max_loss": ticket.max_loss,
        "max_profit": ticket.max_profit,
        "breakevens": list(ticket.breakevens),
        "win_probability": priced.win_probability,
        "implied_probability": priced.implied_probability,
        "touch_probability": priced.touch_probability,
        "expected_value": dict(priced.expected_value),
        "cvar": priced.cvar,
        "fees": priced.fees,
        "warnings": list(priced.warnings),
    }


def _scenarios(legs: list[Leg], limit_price: float, multiplier: int, smile: Smile) -> Mapping[str, Any]:
    spots = smile.forward * np.exp(smile.atm_total_vol * _DEVIATIONS)
    years = smile.years * np.array(_TIME_LEFT)
    values = scenario_grid(legs, leg_vols(legs, smile), spots=spots, vol_factors=_VOL_FACTORS, years=years)
    return {
        "spots": spots.round(2).tolist(),
        "vol_factors": list(_VOL_FACTORS),
        "minutes_left": (years * 525_600).round(2).tolist(),
        "profit": (multiplier * (values + limit_price)).round(2).tolist(),
    }


def _row(ranking: Ranking, index: int, quotes: ChainQuotes) -> dict[str, Any]:
    found = ranking.evaluation
    legs = found.candidates.legs(index, quotes.strikes)
    limit_price = limit_price_of(-float(found.cost[found.fill][index]), quotes.product)
    return {
        "strategy": StructureType(int(found.candidates.kind[index])).strategy,
        "ticket": order_line(quotes.symbol, legs, limit_price, quotes.expiry, multiplier=quotes.product.multiplier),
        "expected_value": {fill.value: round(float(value[index]), 2) for fill, value in found.expected_value.items()},
        "win_probability": round(float(found.win_probability[index]), 4),
        "cvar": round(float(found.cvar[index]), 2),
        "max_loss": round(float(found.max_loss[index] - found.fees[index]), 2),
        "max_profit": round(float(found.max_profit[index] + found.fees[index]), 2),
        "fees": round(float(found.fees[index]), 2),
    }
