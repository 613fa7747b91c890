"""Settlements that were computed by hand: one row of cases.csv each."""

from __future__ import annotations

import csv
from datetime import date, datetime, time
from math import inf
from pathlib import Path

import pytest

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import require_session
from magic8_companion.options.products import product
from magic8_companion.options.structures import build
from magic8_companion.settlement.price import DayPrices, path_from, settlement_price
from magic8_companion.settlement.trade import EnteredTrade, trade_result
from tests.settlement.days import bars_of, prices_of, row_of

Case = dict[str, str]


def _cases() -> list[Case]:
    with (Path(__file__).parent / "cases.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _number(text: str) -> float | None:
    return float(text) if text else None


def _prices(case: Case, day: date) -> DayPrices:
    bars = bars_of(day, *(float(case[name]) for name in ("level", "low", "high", "last_close")))
    row = row_of(day, float(case["official"]), bars) if case["official"] else None
    return prices_of(day, {"all": bars, "no_last": bars[:-1], "none": Bars.empty()}[case["bars"]], row)


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["case"])
def test_settlement_by_hand(case: Case) -> None:
    """Price, source, payoff, net result, touch, worst level and pin are those of the table."""
    options = product(case["symbol"], case["class"] or None)
    day = date.fromisoformat(case["day"])
    prices = _prices(case, day)
    if case["reason"]:
        with pytest.raises(DataUnavailable) as refusal:
            settlement_price(options, day, prices)
        assert refusal.value.reason == case["reason"]
        return
    settled = settlement_price(options, day, prices)
    assert (settled.value, settled.source) == (float(case["settlement"]), case["source"])

    strikes = [float(strike) for strike in case["strikes"].split("/")]
    legs = build(case["strategy"], strikes, case["action"], case["right"] or None)
    contracts = sum(abs(leg.quantity) for leg in legs)
    trade = EnteredTrade(
        legs=legs,
        credits={"natural": float(case["credit"])},
        fees=contracts * float(options.fees.per_contract(inf)),
        multiplier=options.multiplier,
        assignment_risk=options.assignment_risk,
    )
    session = require_session(day)
    at: datetime = session.at(time(10, 30))
    path = None if options.opening_settlement else path_from(at, prices, session, float(case["level"]))
    result = trade_result(trade, settled.value, path)
    assert result.payoff == float(case["payoff"])
    assert result.results == {"natural": float(case["net"])}
    assert result.won is bool(int(case["won"]))
    assert result.touched is (None if not case["touched"] else bool(int(case["touched"])))
    assert result.worst == _number(case["worst"])
    assert result.pinned is bool(int(case["pinned"]))
