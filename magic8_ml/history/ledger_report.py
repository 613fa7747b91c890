"""What the ledger says of itself: how many trades, how often they won, whether the anchor holds, and what it is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.history.ledger_costs import SCENARIOS
from magic8_ml.history.ledger_structures import NAMES, STRATEGIES
from magic8_ml.history.ledger_table import PRICE_MAKERS
from magic8_ml.history.ledger_trades import MULTIPLIER, Trades

LIMITS: Final = (
    "Premia are modelled: calibration to the path of the underlying is real evidence.",
    "An expected value is conditional on the assumed price; it is no evidence of a tradable edge.",
    "There is no order book and no early exit: every trade is held to settlement.",
    "A touch is read off 5-minute bars: a jump inside a bar is not seen in time.",
    "Events are priced only through the VIX, and of it only the day's open is used.",
    "Symbols move together: the sample size is days, not rows.",
    "Options that expire the same day exist for stocks on some dates only; the ledger trades them every day.",
    "Settlement is the close of the last 5-minute bar, which is not the official value.",
    "American-style symbols: nothing is claimed where the settlement lies within 0.1 % of a strike (pin risk).",
    "Leaving these trades out is a choice by outcome: what remains is no unbiased expected value.",
    "Results are reported on the price maker that knows today's pace; the naive one is for training on a mixture.",
)
"""Printed with every result."""

_TWO_SIDED: Final = 1.96


def report_of(trades: Trades, symbols: Sequence[str], dropped: Mapping[str, int]) -> dict[str, Any]:
    """Return the figures of the report, JSON values; shares and ratios as fractions, intervals 95 % by day."""
    return {
        "limits": list(LIMITS),
        "rows": {
            "rows": len(trades) * len(SCENARIOS),
            "trades": len(trades),
            "days": len(np.unique(trades.row)),
            "by_symbol": _counts(trades.symbol, symbols),
            "by_structure": _counts(trades.structure, NAMES),
            "by_price_maker": _counts(trades.price_maker, PRICE_MAKERS),
            "half_day_trades": int(trades.half_day.sum()),
            "pin_risk_trades": int(trades.pin_risk.sum()),
        },
        "dropped_trades": dict(sorted(dropped.items())),
        "scenarios": {case.name: dict(case._asdict()) for case in SCENARIOS},
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


def _base_rates(trades: Trades, symbols: Sequence[str]) -> Iterator[dict[str, Any]]:
    strategies = tuple(dict.fromkeys(STRATEGIES))
    strategy = np.array([strategies.index(name) for name in STRATEGIES])[trades.structure]
    groups: list[tuple[dict[str, str], Mask]] = []
    for price_maker_place, price_maker in enumerate(PRICE_MAKERS):
        made = trades.price_maker == price_maker_place
        for place, name in enumerate(strategies):
            cell = made & (strategy == place)
            label = {"price_maker": price_maker, "strategy": name}
            groups.append((label, cell))
            groups += [({**label, "symbol": symbol}, cell & (trades.symbol == n)) for n, symbol in enumerate(symbols)]
    groups += [
        ({"price_maker": price_maker, "structure": name}, rows) for price_maker, name, rows in _by_price_maker(trades)
    ]
    for labels, rows in groups:
        if rows.any():
            for number, case in enumerate(SCENARIOS):
                yield {**labels, "scenario": case.name, **_figures(trades.take(rows), number)}


def _figures(trades: Trades, scenario: int) -> dict[str, Any]:
    wins = (trades.net[:, scenario] > 0).astype(np.float64)
    rate, low, high = ratio_by_day(wins, np.ones(len(trades)), trades.row)
    return {
        "trades": len(trades),
        "days": len(np.unique(trades.row)),
        "win_rate": rate,
        "win_rate_interval": [low, high],
        "implied_probability": float(trades.implied[:, scenario].mean()),
        "pin_risk_share": float(trades.pin_risk.mean()),
        **_net_results(trades, scenario, ~trades.pin_risk, "net_per_risk"),
        **_net_results(trades, scenario, np.ones(len(trades), dtype=np.bool_), "net_per_risk_with_pinned"),
    }


def _net_results(trades: Trades, scenario: int, counted: Mask, name: str) -> dict[str, Any]:
    # in widths, so that an index does not outweigh its fund
    if not counted.any():
        return {name: None, f"{name}_interval": None}
    net, risk = (amount[counted, scenario] / trades.width[counted] for amount in (trades.net, trades.risk))
    mean, low, high = ratio_by_day(net, risk, trades.row[counted])
    return {name: mean, f"{name}_interval": [low, high]}


def _anchoring(trades: Trades, price_maker: str, structure: str, rows: Mask) -> dict[str, Any]:
    # over all trades, pinned ones too: leaving some out by their outcome would make a residual of its own
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


def _by_price_maker(trades: Trades) -> Iterator[tuple[str, str, Mask]]:
    for price_maker_place, price_maker in enumerate(PRICE_MAKERS):
        for place, name in enumerate(NAMES):
            rows = (trades.price_maker == price_maker_place) & (trades.structure == place)
            if rows.any():
                yield price_maker, name, rows


def _counts(places: Integers, names: Sequence[str]) -> dict[str, int]:
    return dict(zip(names, np.bincount(places, minlength=len(names)).tolist(), strict=True))
