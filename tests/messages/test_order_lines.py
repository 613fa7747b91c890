"""Order lines beside legs worked out by hand, checked in both directions.

A reader that takes strikes in any order cannot show that a writer puts them in the right places: the table can.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import NamedTuple

import pytest

from magic8_companion.options.order_line import Wording, order_line
from magic8_companion.options.payoff import Leg
from magic8_ml.messages import EnhancedDiscordParser, Trade
from magic8_ml.messages import order_line as message_line

PARSER = EnhancedDiscordParser()


class Row(NamedTuple):
    """One line of the table, and the trade that it means."""

    line: str
    legs: tuple[Leg, ...]
    expiry: date
    limit_price: float

    @property
    def symbol(self) -> str:
        """Return the word before the multiplier."""
        return re.findall(r"([A-Z]+) 100 ", self.line)[0]


def _rows() -> list[Row]:
    with Path(__file__).with_name("order_lines.csv").open(encoding="utf-8", newline="") as file:
        return [
            Row(
                row["line"],
                tuple(map(_leg, row["legs"].split())),
                date.fromisoformat(row["expiry"]),
                float(row["limit_price"]),
            )
            for row in csv.DictReader(file)
        ]


def _leg(text: str) -> Leg:
    quantity, right, strike = re.fullmatch(r"([+-]\d+)([CP])([\d.]+)", text).groups()  # type: ignore[union-attr]
    return Leg(right=right, strike=float(strike), quantity=int(quantity))


ROWS = _rows()
TABLE = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.line)


def contracts(trade: Trade) -> Counter[tuple[str, float]]:
    """Return how many of each option a trade buys, negative where it sells, for its whole quantity."""
    held: Counter[tuple[str, float]] = Counter()
    for leg in trade.risk.legs:
        held[leg.right, leg.strike] += leg.quantity * trade.order.quantity
    return held


@TABLE
def test_legs_are_written_as_their_line(row: Row) -> None:
    """Whatever the order of the legs, the line is the one of the table, letter by letter."""
    wording = Wording(name="Sonar" if "Sonar" in row.line else None)
    for legs in permutations(row.legs):
        assert order_line(row.symbol, legs, row.limit_price, row.expiry, wording=wording) == row.line


@TABLE
def test_a_line_is_read_as_its_legs(row: Row) -> None:
    """Each leg is bought or sold as the table says, at the signed price of the table."""
    message = PARSER.parse(row.line)
    assert not message.errors
    (trade,) = message.trades
    assert contracts(trade) == {(leg.right, leg.strike): leg.quantity for leg in row.legs}
    assert (trade.order.expiry, -trade.risk.net_premium) == (row.expiry, row.limit_price)


@TABLE
def test_strikes_are_read_in_any_order_and_written_in_one(row: Row) -> None:
    """A line with its strikes in ascending order, as other sources write them, comes back as the line of the table."""
    written = re.findall(r" (\d[\d./]*/[\d./]+) ", row.line)[0]
    ascending = "/".join(sorted(written.split("/"), key=float))
    (trade,) = PARSER.parse(row.line.replace(written, ascending)).trades
    assert message_line(trade.order) == row.line


@pytest.mark.parametrize(
    ("read", "written"),
    [
        (
            "SELL -1 Iron Butterfly SPX 100 26 JUN 25 6205/6240/6275 CALL/PUT @15.20 LMT",
            "SELL -1 Iron Condor SPX 100 26 Jun 25 6240/6275/6240/6205 CALL/PUT @15.2 LMT",
        ),
        (
            "SELL -1 Iron Butterfly SPX 100 26 JUN 25 6240/6275/6240/6205 CALL/PUT @15.20 LMT",
            "SELL -1 Iron Condor SPX 100 26 Jun 25 6240/6275/6240/6205 CALL/PUT @15.2 LMT",
        ),
        (
            "SOLD -2 Iron Condor SPX 100 (Weeklys) 26 JUN 25 6240/6275/6240/6205 CALL/PUT @15.20 CBOE",
            "SOLD -2 Iron Condor SPX 100 (Weeklys) 26 Jun 25 6240/6275/6240/6205 CALL/PUT @15.2 CBOE",
        ),
        (
            "BUY 2 SPX 15 NOV 5800/5900/6000/6100 Iron Condor for 3.5 debit",
            "BUY 2 SPX 15 Nov 6000/6100/5900/5800 Iron Condor for 3.5 debit",
        ),
        (
            "SELL 1 SPX 15 NOV 5950/5900 Call Spread for 1.5 credit",
            "SELL 1 SPX 15 Nov 5900/5950 Call Vertical for 1.5 credit",
        ),
        (
            "BUY 1 SPX 2025-11-14 5850/5875/5900 Butterfly for 2 debit",
            "BUY 1 SPX 14 Nov 25 5900/5875/5850 Butterfly for 2.0 debit",
        ),
        (
            "BUY +1 Vertical SPX 100 (Weeklys) 15 NOV 5900/5950 PUT @12.50 LMT",
            "BUY 1 SPX 100 (Weeklys) 15 Nov 5950/5900 Put Vertical for 12.5 debit LMT",
        ),
    ],
)
def test_what_others_write_comes_back_as_magic8_writes_it(read: str, written: str) -> None:
    """Names, months and strikes take their one written form, and that form is the same trade and its own form again."""
    (trade,) = PARSER.parse(read).trades
    assert message_line(trade.order) == written
    (again,) = PARSER.parse(written).trades
    assert (contracts(again), again.order.strategy) == (contracts(trade), trade.order.strategy)
    assert (again.order.multiplier, again.order.weekly) == (trade.order.multiplier, trade.order.weekly)
    assert message_line(again.order) == written


@pytest.mark.parametrize(
    ("strikes", "code"),
    [
        ("6240/6275/6240/6275", "strikes_not_distinct"),
        ("6240/6240/6240/6205", "strikes_not_distinct"),
        ("6205/6275/6240/6205", "strikes_not_distinct"),
        ("6240/6275/6240", "strike_count"),
    ],
)
def test_only_the_body_of_a_condor_may_stand_twice(strikes: str, code: str) -> None:
    """A wing that repeats, or a strike that is missing, is no iron butterfly."""
    (error,) = PARSER.parse(f"SELL -1 Iron Condor SPX 100 26 Jun 25 {strikes} CALL/PUT @15.2 LMT").errors
    assert error.code == code


def test_an_iron_butterfly_of_four_different_strikes_is_refused() -> None:
    """A name that contradicts its strikes is not read as the condor that they are."""
    (error,) = PARSER.parse("SELL -1 Iron Butterfly SPX 100 26 Jun 25 6245/6275/6240/6205 CALL/PUT @15.2 LMT").errors
    assert error.code == "strike_count"


def test_a_position_text_may_have_its_body_twice() -> None:
    """Puts and calls that meet at one strike are an iron condor here as well."""
    (position,) = PARSER.parse("P6205/P6240_C6240/C6275").metadata.positions
    assert position.strategy == "Iron_Condor"


def test_the_table_holds_every_structure_action_and_right() -> None:
    """The table covers what can be written."""
    shapes = {(len(row.legs), row.line.split()[0], *sorted({leg.right for leg in row.legs})) for row in ROWS}
    assert len(ROWS) >= 25
    assert shapes == {
        *((4, action, "C", "P") for action in ("BUY", "SELL")),
        *((count, action, right) for count in (2, 3) for action in ("BUY", "SELL") for right in "CP"),
    }
