"""Order -> text -> order, for every order that can be written.

Strikes come back in the places that Magic8 gives them, so that orders are compared as trades.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_companion.domain.strategy import HISTORY_STRATEGIES, MAGIC8_SYMBOLS
from magic8_companion.domain.trading_day import FIRST_YEAR, LAST_YEAR, session_on
from magic8_companion.options.order_line import order_line as ticket_line
from magic8_companion.options.payoff import Leg, profile
from magic8_companion.options.structures import build, butterfly, iron_butterfly, iron_condor, vertical
from magic8_ml.messages import EnhancedDiscordParser, Order, Trade, order_line
from magic8_ml.messages.structure import STRIKE_COUNT
from tests.messages.messages_of_the_contract import ORDERS

PARSER = EnhancedDiscordParser()


def _may_have_a_session(day: date) -> bool:
    return not FIRST_YEAR <= day.year <= LAST_YEAR or session_on(day) is not None


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Draw an order that makes sense: wings of 5 points or more, a premium below 2."""
    strategy = draw(st.sampled_from(HISTORY_STRATEGIES))
    count = STRIKE_COUNT[strategy]
    steps = draw(st.lists(st.integers(10, 400), min_size=count, max_size=count))
    if count == 4 and draw(st.booleans()):
        steps[2] = 0  # an iron butterfly
    symbol = draw(st.sampled_from(MAGIC8_SYMBOLS))
    lowest = {"SPX": 5000.0, "NDX": 20_000.0, "RUT": 2000.0}.get(symbol, 1600.0)
    strikes = draw(st.permutations([lowest + sum(steps[: n + 1]) / 2 for n in range(count)]))
    if count == 4 and max(strikes[:2]) < min(strikes[2:]):
        strikes = sorted(strikes)  # any other order would claim that the puts lie above the calls
    action = draw(st.sampled_from(["BUY", "BOT", "SELL", "SOLD"]))
    natural = "debit" if action in {"BUY", "BOT"} else "credit"
    turned = strategy == "Butterfly" and steps[1] != steps[2] and draw(st.booleans())
    kind = "CALL/PUT" if count == 4 else draw(st.sampled_from(["CALL", "PUT"]))
    order_type = draw(st.sampled_from([None, "LMT", "MKT", "LMT GTC"]))
    return Order(
        action=action,
        quantity=draw(st.integers(1, 1000)),
        strategy=strategy,
        order_name=strategy.replace("_", " "),
        symbol=symbol,
        multiplier=100,
        weekly=draw(st.booleans()),
        expiry=draw(st.dates(date(2000, 1, 1), date(2099, 12, 31)).filter(_may_have_a_session)),
        expiry_text=None,
        strikes=tuple(strikes),
        option_type=kind,
        premium=draw(st.integers(1, 199)) / 100,
        price_effect={"debit": "credit", "credit": "debit"}[natural] if turned else natural,
        order_type=order_type,
        exchange=draw(st.sampled_from([None, "CBOE", "C2"])),
    )


def as_trade(order: Order) -> Order:
    """Return the order with its strikes ascending: what it trades does not depend on their places."""
    return replace(order, strikes=tuple(sorted(order.strikes)))


def legs_of(trade: Trade) -> set[str]:
    """Return the legs without their order."""
    return set(map(str, trade.risk.legs))


@given(orders())
@settings(max_examples=400)
def test_an_order_reads_back_from_its_own_line(order: Order) -> None:
    """The line that is written for an order is that order, unless the option maths refuses its price."""
    line = order_line(order)
    message = PARSER.parse(line)
    if message.errors:
        assert [error.code for error in message.errors] == ["premium_out_of_bounds"]
    else:
        (trade,) = message.trades
        assert as_trade(trade.order) == as_trade(order)
        assert legs_of(trade) == set(
            map(str, build(order.strategy, order.strikes, order.action, str(order.option_type)))
        )
        assert order_line(trade.order) == line


@pytest.mark.parametrize("line", [expected.line for expected in ORDERS], ids=lambda line: line[:50])
def test_every_example_survives_the_round_trip(line: str) -> None:
    """Short forms with an open year or right come back in the short form."""
    (trade,) = PARSER.parse(line).trades
    (again,) = PARSER.parse(order_line(trade.order)).trades
    assert replace(again, order=as_trade(again.order)) == replace(trade, order=as_trade(trade.order))


def test_a_plain_order_is_written_as_magic8_writes_it() -> None:
    """The long form is letter by letter the one of the sheets."""
    line = "SELL -1 Iron Condor SPX 100 22 May 25 5905/5910/5780/5775 CALL/PUT @0.43 LMT"
    assert order_line(PARSER.parse(line).trades[0].order) == line


TICKETS = [
    (butterfly([5805, 5855, 5905], "C"), -24.82),
    (butterfly([5805, 5855, 5905], "P", -1), 24.82),
    (butterfly([3480, 3490, 3540], "C"), 0.9),
    (butterfly([3480, 3490, 3540], "C", -1), -0.9),
    (iron_butterfly([6785, 6825, 6865]), 14.85),
    (iron_butterfly([6785, 6825, 6870], 1), -14.85),
    (iron_condor([6710, 6750, 6800, 6840]), 2.9),
    (iron_condor([6710, 6750, 6800, 6840], 1), -2.9),
    (vertical([6000, 6005], "C", -1), 0.5),
    (vertical([6732.5, 6770], "P"), -8.65),
]


@pytest.mark.parametrize(("legs", "limit_price"), TICKETS)
def test_the_order_line_of_a_ticket_reads_back_as_its_legs(legs: tuple[Leg, ...], limit_price: float) -> None:
    """What the host publishes for people to post is an order with the same legs, cost and risk."""
    message = PARSER.parse(ticket_line("SPX", legs, limit_price, date(2025, 6, 27)))
    assert not message.errors
    risk = message.trades[0].risk
    assert sorted(map(str, risk.legs)) == sorted(map(str, legs))
    assert risk.net_premium == -limit_price
    assert (risk.max_profit, risk.max_loss) == pytest.approx(
        tuple(100 * value for value in (profile(legs, -limit_price).max_profit, profile(legs, -limit_price).max_loss))
    )
