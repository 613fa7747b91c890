"""What mode enhanced reads of a chain beyond the tape: Greeks of a candidate structure, traded contracts, gamma walls.

Every measure is free of units, so that an index at 6,800 and a share at 250 stand on one scale; s is the standard
deviation to the close that the smile implies, in points.  A measure that cannot be had is None.

``<strategy>_delta``           abs(delta) of the candidate structure, per share
``<strategy>_gamma``           abs(gamma) x s: change of that delta over one standard deviation
``butterfly_theta``            what it earns to the close at its present pace, as a share of its wing
``condor_vega``                abs(value change) per volatility point, in per cent of its wing
``liquidity``                  0..100: tight quotes (half), open interest and trades present (a quarter each)
``turnover``                   volume over open interest, as it would be by the close at an even pace
``flow_tilt``                  abs(call - put volume) over their sum: 0 balanced, 1 one-sided
``gamma_ratio``                net over gross gamma exposure, calls+ puts-
``nearest_wall``               distance to the nearer of both walls, in expected moves to the close
``wall_ahead``                 the same to the wall in the direction of the day
``flip_distance``              the same to the gamma flip
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.option_chain import OptionChain, OptionRow
from magic8_companion.market_view import MarketView
from magic8_companion.options.black_scholes import CALL, PUT, greeks
from magic8_companion.options.chain_quotes import ChainQuotes
from magic8_companion.options.payoff import Leg
from magic8_companion.options.scenarios import leg_vols
from magic8_companion.options.smile import Smile
from magic8_companion.options.structures import butterfly, iron_condor, vertical

Measures = Mapping[str, float | None]

_WING_REACH: Final = 1.75
_NEAR_MONEY: Final = 5
_WIDE_QUOTE: Final = 0.20
_GREEKS: Final = (
    *("butterfly_delta", "butterfly_gamma", "butterfly_theta"),
    *("condor_delta", "condor_vega", "vertical_delta", "vertical_gamma"),
)


def greek_measures(view: MarketView) -> Measures:
    """Return the Greeks of each strategy's candidate: body at the forward, shorts and wings at standard deviations."""
    nothing = dict.fromkeys(_GREEKS)
    if view.fitted_chain is None:
        return nothing
    try:
        quotes, smile = view.fitted_chain.require_fit()
    except DataUnavailable:
        return nothing
    deviation = quotes.forward * smile.atm_total_vol
    sums = {name: _greeks(legs, smile) for name, legs in _candidates(view.state, quotes, deviation).items()}
    found: dict[str, float | None] = dict(nothing)
    for name, (delta, gamma, theta, vega, wing) in sums.items():
        given = {
            f"{name}_delta": abs(delta),
            f"{name}_gamma": abs(gamma) * deviation,
            f"{name}_theta": theta * smile.years / wing,
            f"{name}_vega": abs(vega) / wing,
        }
        found |= {key: value for key, value in given.items() if key in nothing and np.isfinite(value)}
    return found


def volume_measures(view: MarketView) -> Measures:
    """Return liquidity, turnover and flow of the options near the money."""
    nothing = dict.fromkeys(("liquidity", "turnover", "flow_tilt"))
    chain, session = view.state.chain, view.state.session
    if chain is None:
        return nothing
    rows = _near_money(chain)
    calls, puts = _known_sum([row.call_volume for row in rows]), _known_sum([row.put_volume for row in rows])
    interest = _known_sum([count for row in rows for count in (row.call_oi, row.put_oi)])
    gone = (chain.as_of - session.open_at) / (session.close_at - session.open_at)
    traded = None if calls is None or puts is None else calls + puts
    found: dict[str, float | None] = {**nothing, "liquidity": _liquidity(rows)}
    if traded and interest and gone > 0:
        found["turnover"] = traded / interest / gone
    if traded and calls is not None and puts is not None:
        found["flow_tilt"] = abs(calls - puts) / traded
    return found


def gamma_measures(view: MarketView) -> Measures:
    """Return ratio, walls and flip of the view's gamma object."""
    if view.gamma is None:
        return dict.fromkeys(("gamma_ratio", "nearest_wall", "wall_ahead", "flip_distance"))
    gamma, spot, move = view.gamma, view.state.spot, view.state.spot * view.expected_range_pct

    def away(level: float | None) -> float | None:
        return None if level is None or move <= 0 else abs(level - spot) / move

    call, put = away(gamma["call_wall"]), away(gamma["put_wall"])
    return {
        "gamma_ratio": view.tape.get("gamma_ratio"),  # None where too little open interest is known
        "nearest_wall": None if call is None or put is None else min(call, put),
        "wall_ahead": call if _is_up(view.state) else put,
        "flip_distance": away(gamma["gamma_flip"]),
    }


def _candidates(state: MarketState, quotes: ChainQuotes, deviation: float) -> dict[str, tuple[Leg, ...]]:
    # a structure whose strikes fall together on a coarse chain late in the day has no Greeks
    def at(deviations: float) -> float:
        return float(quotes.strikes[np.argmin(np.abs(quotes.strikes - quotes.forward - deviations * deviation))])

    side = 1.0 if _is_up(state) else -1.0
    strikes = {
        "butterfly": [at(-1), at(0), at(1)],
        "condor": [at(-_WING_REACH), at(-1), at(1), at(_WING_REACH)],
        "vertical": sorted([at(0), at(side)]),
    }
    found: dict[str, tuple[Leg, ...]] = {}
    for name, levels in strikes.items():
        if len(set(levels)) < len(levels):
            continue
        if name == "vertical":
            found[name] = vertical(levels, "C" if side > 0 else "P")
        else:
            found[name] = butterfly(levels, "C") if name == "butterfly" else iron_condor(levels)
    return found


def _greeks(legs: Sequence[Leg], smile: Smile) -> tuple[float, float, float, float, float]:
    # delta, gamma, theta per year, vega per 1.00 of volatility, and the widest wing in points
    strikes = np.array([leg.strike for leg in legs])
    right = np.array([CALL if leg.right == "C" else PUT for leg in legs])
    quantity = np.array([leg.quantity for leg in legs], dtype=float)
    each = greeks(smile.forward, strikes, smile.years, 0.0, leg_vols(legs, smile), right)
    delta, gamma, theta, vega = (float(quantity @ part) for part in (each.delta, each.gamma, each.theta, each.vega))
    wing = float(max(strikes[1] - strikes[0], strikes[-1] - strikes[-2]))
    return delta, gamma, theta, vega, wing


def _near_money(chain: OptionChain) -> list[OptionRow]:
    near = sorted(chain.rows, key=lambda row: abs(row.strike - chain.spot))[: 2 * _NEAR_MONEY + 1]
    return sorted(near, key=lambda row: row.strike)


def _known_sum(counts: Sequence[int | None]) -> float | None:
    known = [count for count in counts if count is not None]
    return float(sum(known)) if known else None


def _liquidity(rows: Sequence[OptionRow]) -> float | None:
    tight = [_tightness(row) for row in rows]
    known = [value for value in tight if value is not None]
    counts = [(row.call_oi, row.put_oi, row.call_volume, row.put_volume) for row in rows]
    held = [bool(count) for row in counts for count in row[:2] if count is not None]
    dealt = [bool(count) for row in counts for count in row[2:] if count is not None]
    if not known or not held or not dealt:
        return None
    return float(50 * np.mean(known) + 25 * np.mean(held) + 25 * np.mean(dealt))


def _tightness(row: OptionRow) -> float | None:
    # of the dearer side of the strike: far out of the money a tick is always a large share of the price
    pairs = ((row.call_bid, row.call_ask), (row.put_bid, row.put_ask))
    quotes = [(bid, ask) for bid, ask in pairs if bid is not None and ask is not None and 0 <= bid <= ask and ask > 0]
    if not quotes:
        return None
    bid, ask = max(quotes, key=sum)
    return max(0.0, 1.0 - (ask - bid) / ((ask + bid) / 2) / _WIDE_QUOTE)


def _is_up(state: MarketState) -> bool:
    return not len(state.bars) or state.spot >= float(state.bars.open[0])
