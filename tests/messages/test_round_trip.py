"""Order -> text -> order, for every order that can be written."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_companion.domain.strategy import HISTORY_STRATEGIES, MAGIC8_SYMBOLS
from magic8_ml.messages import EnhancedDiscordParser, Order, order_line
from magic8_ml.messages.structure import STRIKE_COUNT
from tests.messages.messages_of_the_contract import ORDERS

PARSER = EnhancedDiscordParser()


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Draw an order that makes sense: wings of 5 points or more, a premium below 2."""
    strategy = draw(st.sampled_from(HISTORY_STRATEGIES))
    count = STRIKE_COUNT[strategy]
    steps = draw(st.lists(st.integers(10, 400), min_size=count, max_size=count))
    strikes = [100.0 + sum(steps[: n + 1]) / 2 for n in range(count)]
    if count == 4 and draw(st.booleans()):
        strikes = [strikes[2], strikes[3], strikes[1], strikes[0]]
    action = draw(st.sampled_from(["BUY", "BOT", "SELL", "SOLD"]))
    natural = "debit" if action in {"BUY", "BOT"} else "credit"
    unequal = strategy == "Butterfly" and steps[1] != steps[2]
    turned = unequal and draw(st.booleans())
    order_type = draw(st.sampled_from([None, "LMT", "MKT", "LMT GTC"]))
    return Order(
        action=action,
        quantity=draw(st.integers(1, 1000)),
        strategy=strategy,
        order_name=strategy.replace("_", " "),
        symbol=draw(st.sampled_from(MAGIC8_SYMBOLS)),
        multiplier=draw(st.sampled_from([100, 10])),
        weekly=draw(st.booleans()),
        expiry=draw(st.dates(date(2000, 1, 1), date(2099, 12, 31))),
        expiry_text=None,
        strikes=tuple(strikes),
        option_type="CALL/PUT" if count == 4 else draw(st.sampled_from(["CALL", "PUT"])),
        premium=draw(st.integers(1, 199)) / 100,
        price_effect={"debit": "credit", "credit": "debit"}[natural] if turned else natural,
        order_type=order_type,
        exchange=draw(st.sampled_from([None, "CBOE", "C2"])),
    )


@given(orders())
@settings(max_examples=400)
def test_an_order_reads_back_from_its_own_line(order: Order) -> None:
    """The line that is written for an order is that order, unless the option maths refuses its price."""
    message = PARSER.parse(order_line(order))
    if message.errors:
        assert [error.code for error in message.errors] == ["premium_out_of_bounds"]
    else:
        assert [trade.order for trade in message.trades] == [order]


@pytest.mark.parametrize("line", [expected.line for expected in ORDERS], ids=lambda line: line[:50])
def test_every_example_survives_the_round_trip(line: str) -> None:
    """Short forms with an open year or right come back in the short form."""
    (trade,) = PARSER.parse(line).trades
    (again,) = PARSER.parse(order_line(trade.order)).trades
    assert again == trade


def test_a_plain_order_is_written_as_magic8_writes_it() -> None:
    """The long form is letter by letter the one of the sheets."""
    line = "SELL -1 Iron Condor SPX 100 22 May 25 5905/5910/5780/5775 CALL/PUT @0.43 LMT"
    assert order_line(PARSER.parse(line).trades[0].order) == line
