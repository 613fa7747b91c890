"""Summarize the simulated ledger: counts, base rates, whether the anchor holds, and the limits of the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NotRequired, TypedDict

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.options.costs import SPREAD_MODELS
from magic8_companion.options.products import MULTIPLIER
from magic8_ml.history.ledger_structures import NAMES, STRATEGIES
from magic8_ml.history.ledger_table import PRICE_MAKERS
from magic8_ml.history.ledger_trades import LedgerTrades

LIMITS: Final = (
    "Premia are modelled: calibration to the path of the underlying is real evidence.",
    "An expected value is conditional on the assumed price; it is no evidence of a tradable edge.",
    "There is no order book and no early exit: every trade is held to settlement.",
    "Touches are read from 5-minute bars; moves within a bar are ignored.",
    "Events are priced only through the VIX, and of it only the day's open is used.",
    "Symbols move together: the sample size is days, not rows.",
    "Options that expire the same day exist for stocks on some dates only; the ledger trades them every day.",
    "Settlement is the close of the last 5-minute bar, not the official value.",
    "American-style symbols: trades that settle within 0.1 % of a strike are excluded (pin risk).",
    "This exclusion depends on the outcome, so the remaining expected value is biased.",
    "Results use the price maker that knows today's pace; the naive one is for training on a mixture.",
)
"""Printed with every result."""

_TWO_SIDED: Final = 1.96


class Anchoring(TypedDict):
    """Mean gain per width of one structure at mid before costs, and whether 0 is within its interval."""

    price_maker: str
    structure: str
    trades: int
    days: int
    gross_at_mid_per_width: float
    interval: list[float]
    zero_in_interval: bool
    mean_premium_per_width: float
    mean_model_premium_per_width: float


class RateLabels(TypedDict):
    """The group of trades that a base rate describes."""

    price_maker: str
    strategy: NotRequired[str]
    symbol: NotRequired[str]
    structure: NotRequired[str]


class RateFigures(TypedDict):
    """Win rate and net result of a group of trades under one cost scenario."""

    trades: int
    days: int
    win_rate: float
    win_rate_interval: list[float]
    implied_probability: float
    pin_risk_share: float
    net_per_risk: float | None
    net_per_risk_interval: list[float] | None
    net_per_risk_with_pinned: float | None
    net_per_risk_with_pinned_interval: list[float] | None


class BaseRate(RateLabels, RateFigures):
    """Win rate and net result of a group, with the names of the group."""

    scenario: str


class LedgerFigures(TypedDict):
    """The figures of a ledger."""

    limits: list[str]
    rows: dict[str, Any]
    dropped_trades: dict[str, int]
    scenarios: dict[str, dict[str, Any]]
    anchoring: list[Anchoring]
    base_rates: list[BaseRate]


class LedgerReport(LedgerFigures):
    """The document of the command ``ledger``: the figures with the request and notes on the recordings."""

    asked: dict[str, Any]
    notes: list[str]


def report_of(trades: LedgerTrades, symbols: Sequence[str], dropped: Mapping[str, int]) -> LedgerFigures:
    """Return the figures of the report, JSON values; shares and ratios as fractions, intervals 95 % by day."""
    return {
        "limits": list(LIMITS),
        "rows": {
            "rows": len(trades) * len(SPREAD_MODELS),
            "trades": len(trades),
            "days": len(np.unique(trades.row)),
            "by_symbol": _counts(trades.symbol, symbols),
            "by_structure": _counts(trades.structure, NAMES),
            "by_price_maker": _counts(trades.price_maker, PRICE_MAKERS),
            "half_day_trades": int(trades.half_day.sum()),
            "pin_risk_trades": int(trades.pin_risk.sum()),
        },
        "dropped_trades": dict(sorted(dropped.items())),
        "scenarios": {case.name: dict(case._asdict()) for case in SPREAD_MODELS},
        "anchoring": [_anchoring(trades, *cell) for cell in _by_price_maker(trades)],
        "base_rates": list(_base_rates(trades, symbols)),
    }


def ratio_by_day(amount: Floats, per: Floats, day: Integers) -> tuple[float, float, float]:
    """Return sum of ``amount`` over sum of ``per`` and its 95 % interval, clustered by ``day``; all (n,), n > 0.

    >>> ratio_by_day(np.array([1.0, 3.0]), np.array([2.0, 2.0]), np.array([5, 5]))
    (1.0, 1.0, 1.0)
    """
    ratio = float(amount.sum() / per.sum())
    _, place = np.unique(day, return_inverse=True)
    surprise = np.bincount(place, weights=amount - ratio * per)
    half = _TWO_SIDED * float(np.sqrt((surprise**2).sum()) / abs(per.sum()))
    return ratio, ratio - half, ratio + half


def _base_rates(trades: LedgerTrades, symbols: Sequence[str]) -> Iterator[BaseRate]:
    strategies = tuple(dict.fromkeys(STRATEGIES))
    strategy = np.array([strategies.index(name) for name in STRATEGIES])[trades.structure]
    groups: list[tuple[RateLabels, Mask]] = []
    for maker_place, price_maker in enumerate(PRICE_MAKERS):
        made = trades.price_maker == maker_place
        for place, name in enumerate(strategies):
            cell = made & (strategy == place)
            groups.append(({"price_maker": price_maker, "strategy": name}, cell))
            groups += [
                ({"price_maker": price_maker, "strategy": name, "symbol": symbol}, cell & (trades.symbol == n))
                for n, symbol in enumerate(symbols)
            ]
    groups += [
        ({"price_maker": price_maker, "structure": name}, rows) for price_maker, name, rows in _by_price_maker(trades)
    ]
    for labels, rows in groups:
        if rows.any():
            for number, case in enumerate(SPREAD_MODELS):
                yield {**labels, "scenario": case.name, **_figures(trades.take(rows), number)}


def _figures(trades: LedgerTrades, scenario: int) -> RateFigures:
    wins = (trades.net[:, scenario] > 0).astype(np.float64)
    rate, low, high = ratio_by_day(wins, np.ones(len(trades)), trades.row)
    net, interval = _net_per_risk(trades, scenario, ~trades.pin_risk)
    net_with_pinned, interval_with_pinned = _net_per_risk(trades, scenario, np.ones(len(trades), dtype=np.bool_))
    return {
        "trades": len(trades),
        "days": len(np.unique(trades.row)),
        "win_rate": rate,
        "win_rate_interval": [low, high],
        "implied_probability": float(trades.implied[:, scenario].mean()),
        "pin_risk_share": float(trades.pin_risk.mean()),
        "net_per_risk": net,
        "net_per_risk_interval": interval,
        "net_per_risk_with_pinned": net_with_pinned,
        "net_per_risk_with_pinned_interval": interval_with_pinned,
    }


def _net_per_risk(trades: LedgerTrades, scenario: int, included: Mask) -> tuple[float | None, list[float] | None]:
    # in units of the width, so that an index does not outweigh its fund
    if not included.any():
        return None, None
    net, risk = (amount[included, scenario] / trades.width[included] for amount in (trades.net, trades.risk))
    mean, low, high = ratio_by_day(net, risk, trades.row[included])
    return mean, [low, high]


def _anchoring(trades: LedgerTrades, price_maker: str, structure: str, rows: Mask) -> Anchoring:
    # over all trades, pinned ones too: a selection by outcome would bias the residual
    part = trades.take(rows)
    gross = part.gross / (MULTIPLIER * part.width)
    residual, low, high = ratio_by_day(gross, np.ones(len(part)), part.row)
    return {
        "price_maker": price_maker,
        "structure": structure,
        "trades": len(part),
        "days": len(np.unique(part.row)),
        "gross_at_mid_per_width": residual,
        "interval": [low, high],
        "zero_in_interval": low <= 0 <= high,
        "mean_premium_per_width": float((part.premium / part.width).mean()),
        "mean_model_premium_per_width": float((part.model_premium / part.width).mean()),
    }


def _by_price_maker(trades: LedgerTrades) -> Iterator[tuple[str, str, Mask]]:
    for price_maker_place, price_maker in enumerate(PRICE_MAKERS):
        for place, name in enumerate(NAMES):
            rows = (trades.price_maker == price_maker_place) & (trades.structure == place)
            if rows.any():
                yield price_maker, name, rows


def _counts(places: Integers, names: Sequence[str]) -> dict[str, int]:
    return dict(zip(names, np.bincount(places, minlength=len(names)).tolist(), strict=True))
