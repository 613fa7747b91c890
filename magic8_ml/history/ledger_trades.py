"""Build all trades of one symbol by one price maker: enter, price, anchor, settle."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple

import numpy as np
from scipy.special import ndtr

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.bars import Bars
from magic8_companion.options.costs import SPREAD_MODELS
from magic8_companion.options.products import MULTIPLIER, Product, product
from magic8_ml.forecast.session_table import BAR_NS, session_table
from magic8_ml.history.ledger_anchor import Anchor, past_anchor
from magic8_ml.history.ledger_days import SymbolSessions, symbol_days
from magic8_ml.history.ledger_draws import Draws, draw_days
from magic8_ml.history.ledger_entries import Entries, entries_of
from magic8_ml.history.ledger_premium import leg_prices, model_value
from magic8_ml.history.ledger_structures import (
    QUANTITY,
    SIDE,
    WINS_ABOVE,
    WINS_BELOW,
    LedgerStructures,
    paid,
    structures_at,
)

PIN: Final = 0.001
"""Within this distance of a strike, the exercise of American-style options is uncertain."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LedgerTrades:
    """One row per trade, shape (n,); costs and results have one column per scenario, (n, 3), in US dollars.

    ``premium`` and ``model_premium`` are mids in points after and before the anchor, positive for debit and credit.
    ``path_low`` and ``path_high`` are the extremes after entry in units of s_imp.  ``price_maker``, ``symbol`` and
    ``structure`` are indices into their lists; ``strikes`` is (n, 4).
    """

    at: Integers
    row: Integers
    symbol: Integers
    price_maker: Integers
    structure: Integers
    bars_left: Integers
    half_day: Mask
    spot: Floats
    sigma: Floats
    skew: Floats
    curvature: Floats
    random_state: np.ndarray[Any, np.dtype[np.uint64]]
    strikes: Floats
    width: Floats
    premium: Floats
    model_premium: Floats
    anchor_days: Integers
    settlement: Floats
    pin_risk: Mask
    touched_short: Mask
    path_low: Floats
    path_high: Floats
    gross: Floats
    slippage: Floats
    fees: Floats
    net: Floats
    risk: Floats
    reward: Floats
    implied: Floats

    def __len__(self) -> int:
        """Count the trades."""
        return len(self.at)

    def take(self, rows: Integers | Mask) -> LedgerTrades:
        """Return some of the trades, in the given order."""
        return LedgerTrades(**{item.name: getattr(self, item.name)[rows] for item in fields(self)})


def joined(parts: list[LedgerTrades]) -> LedgerTrades:
    """Return all trades, sorted by time, symbol, structure and price maker."""
    columns = {item.name: np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(LedgerTrades)}
    order = np.lexsort((columns["price_maker"], columns["structure"], columns["symbol"], columns["at"]))
    return LedgerTrades(**columns).take(order)


class _Prices(NamedTuple):
    """All entries as one price maker prices them: model value and payoff in widths, (n_entries, 6)."""

    sigma: Floats
    shapes: LedgerStructures
    legs: Floats
    model_value: Floats
    payoff: Floats


class _Money(NamedTuple):
    """US dollars: gross and fees per structure (n_entries, 6), the others also per scenario (n_entries, 6, 3)."""

    gross: Floats
    slippage: Floats
    fees: Floats
    net: Floats
    risk: Floats
    reward: Floats


class Market:
    """One symbol's days, entries and draws, from which each price maker builds its trades."""

    def __init__(self, symbol: str, bars: Bars, vix_daily: Bars, seed: int) -> None:
        self.symbol = symbol
        self.product: Product = product(symbol)
        self.days: SymbolSessions = symbol_days(bars)
        self.entries: Entries = entries_of(self.days, vix_daily)
        self.draws: Draws = draw_days(seed, symbol, session_table().days[self.days.rows])

    def trades(
        self, price_maker: str, first_row: int, behind: int, places: tuple[int, int]
    ) -> tuple[LedgerTrades, Counter[str]]:
        """Return the trades at the premia of ``price_maker``, and the number dropped by reason.

        Only trades of session table rows [``first_row``, ``behind``) are returned; earlier days are used as history.
        ``places`` are the indices of symbol and price maker that the trades get.
        """
        prices, day = self._prices(price_maker), self.entries.day
        fate = self._fate(prices)
        traded = fate == ""
        reference = traded & self.entries.reference[:, None]
        anchor = past_anchor(day, self.entries.bucket, prices.model_value, prices.payoff, reference)
        fate = np.where(traded & np.isnan(anchor.shift), "anchor_short", fate)
        wanted = (self.days.rows[day] >= first_row) & (self.days.rows[day] < behind)
        reasons = Counter(fate[wanted].ravel().tolist())
        reasons.pop("", None)
        written = (fate == "") & wanted[:, None]
        return self._settled(prices, anchor, written, places), reasons

    def _prices(self, price_maker: str) -> _Prices:
        entries, draws = self.entries, self.draws
        sigma, day = entries.sigma[price_maker], entries.day
        shapes = structures_at(entries.spot, sigma, draws, day, self.product.strike_step)
        legs = leg_prices(shapes, entries.spot, sigma, draws.skew[day], draws.curvature[day])
        return _Prices(sigma, shapes, legs, model_value(shapes, legs), paid(shapes, entries.settlement))

    def _fate(self, prices: _Prices) -> np.ndarray[Any, np.dtype[np.str_]]:
        # the reason why a structure is not traded, "" where it is; uses no later data
        model_premium = np.minimum(prices.model_value, 1 - prices.model_value) * prices.shapes.width
        rules = (np.isnan(prices.sigma)[:, None] & np.ones_like(prices.shapes.is_listed), ~prices.shapes.is_listed)
        names = ["history_short", "strikes_too_far_apart", "premium_below_tick"]
        return np.select([*rules, model_premium < self.product.tick], names, default="")

    def _settled(self, prices: _Prices, anchor: Anchor, written: Mask, places: tuple[int, int]) -> LedgerTrades:
        entries, draws, shapes = self.entries, self.draws, prices.shapes
        value = anchor.apply(prices.model_value)
        money = self._money(prices, value)
        entry, structure = np.nonzero(written)
        day, spot, sigma = entries.day[entry], entries.spot[entry], prices.sigma[entry]
        return LedgerTrades(
            at=self.days.opens_at[day] + entries.done[entry] * BAR_NS,
            row=self.days.rows[day],
            symbol=np.full(len(entry), places[0]),
            price_maker=np.full(len(entry), places[1]),
            structure=structure,
            bars_left=entries.left[entry],
            half_day=~entries.reference[entry],
            spot=spot,
            sigma=sigma,
            skew=draws.skew[day],
            curvature=draws.curvature[day],
            random_state=draws.random_state[day],
            strikes=shapes.strikes[written],
            width=shapes.width[written],
            premium=(value * shapes.width)[written],
            model_premium=(prices.model_value * shapes.width)[written],
            anchor_days=anchor.days[written],
            settlement=entries.settlement[entry],
            pin_risk=self._pinned(shapes)[written],
            touched_short=_touched(shapes, entries)[written],
            path_low=np.log(entries.lowest[entry] / spot) / sigma,
            path_high=np.log(entries.highest[entry] / spot) / sigma,
            implied=_implied(shapes, money.risk / MULTIPLIER, entries.spot, prices.sigma)[written],
            **{name: amount[written] for name, amount in money._asdict().items()},
        )

    def _money(self, prices: _Prices, value: Floats) -> _Money:
        width = prices.shapes.width
        gross = MULTIPLIER * SIDE * (prices.payoff - value) * width
        lost = MULTIPLIER * slippage(prices.legs, self.entries.spot, self.product)
        charged = self.product.fees.of_legs(QUANTITY, prices.legs)
        costs = lost + charged[:, :, None]
        risk = MULTIPLIER * (np.where(SIDE > 0, value, 1 - value) * width)[:, :, None] + costs
        reward = MULTIPLIER * width[:, :, None] - risk
        return _Money(gross, lost, charged, gross[:, :, None] - costs, risk, reward)

    def _pinned(self, shapes: LedgerStructures) -> Mask:
        if not self.product.assignment_risk:
            return np.zeros(shapes.width.shape, dtype=np.bool_)
        distance = np.abs(self.entries.settlement[:, None, None] - shapes.strikes)
        return np.asarray((distance < PIN * shapes.strikes).any(axis=2))


def slippage(legs: Floats, spot: Floats, options: Product) -> Floats:
    """Return the points lost to the spread, (n, 6, 3 scenarios), at leg prices (n, 6, 4) and spot (n,)."""
    return np.stack([model.slippage(QUANTITY, legs, spot[:, None], options) for model in SPREAD_MODELS], axis=2)


def _touched(shapes: LedgerStructures, entries: Entries) -> Mask:
    low, high = entries.lowest[:, None, None], entries.highest[:, None, None]
    return np.asarray(((low <= shapes.strikes) & (shapes.strikes <= high) & (QUANTITY < 0)).any(axis=2))


def _implied(shapes: LedgerStructures, risk: Floats, spot: Floats, sigma: Floats) -> Floats:
    # the break-evens lie one risk inside the outer strikes; lognormal at s_imp
    level, root = spot[:, None, None], sigma[:, None, None]
    edges = (shapes.first[:, :, None] + risk, shapes.last[:, :, None] - risk)
    low, high = (ndtr(np.log(np.maximum(edge, 1e-9) / level) / root + root / 2) for edge in edges)
    inside = np.where(WINS_BELOW[:, None], high, 1.0) - np.where(WINS_ABOVE[:, None], low, 0.0)
    return np.where(risk < shapes.width[:, :, None], np.maximum(inside, 0.0), 0.0)
