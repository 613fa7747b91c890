"""The writer refuses what it cannot say, and says all the rest with the legs alone.

The lines themselves stand in ``tests/messages/order_lines.csv``, beside legs worked out by hand.
"""

from __future__ import annotations

from datetime import date

import pytest

from magic8_companion.domain.errors import OrderRefused
from magic8_companion.options.order_line import (
    Wording,
    order_line,
    short_order_line,
    write_price,
    write_strike,
    written_date,
    written_strikes,
)
from magic8_companion.options.payoff import Leg
from magic8_companion.options.structures import build, butterfly, iron_butterfly, iron_condor, vertical

DAY = date(2025, 7, 9)


def legs_of(text: str) -> tuple[Leg, ...]:
    """Read legs such as ``+1C100 -1C105``."""
    return tuple(Leg(right=part[2], strike=float(part[3:]), quantity=int(part[:2])) for part in text.split())


@pytest.mark.parametrize(
    "legs",
    [
        "",
        "+1C100",
        "+1C100 -1C100",
        "+1C100 +1C105",
        "+1C100 -2C105",
        "+1C100 -1P95",
        "+1C100 -3C105 +2C110",
        "-1C100 +1C105 -1P110 +1P90",
        "-1C100 +1C105 +1P95 -1P90",
        "-1C100 +1C105 -2P95 +2P90",
        "+1C90 -1C95 -1C100 +1C105",
        "-1C100 +1C105 -1P95",
    ],
)
def test_legs_that_are_no_structure_are_refused(legs: str) -> None:
    """A line that means another trade is never written."""
    with pytest.raises(OrderRefused, match="ambiguous_structure: the legs"):
        order_line("SPX", legs_of(legs), 1.0, DAY)


def test_contracts_of_one_option_are_added_up() -> None:
    """A body given as two legs is the body of a butterfly, and what cancels out is left out."""
    legs = legs_of("+1C100 -1C105 -1C105 +1C110 +1P90 -1P90")
    assert order_line("SPX", legs, -1.5, DAY) == "BUY +1 Butterfly SPX 100 9 Jul 25 110/105/100 CALL @1.5 LMT"


def test_the_wording_changes_only_words() -> None:
    """Name, action, cycle, order type and exchange come from the source of the order."""
    wording = Wording(name="Sonar", action="SOLD", weekly=True, order_type=None, exchange="CBOE")
    legs = iron_condor([90, 95, 105, 110])
    line = "SOLD -1 Sonar XSP 10 (Weeklys) 9 Jul 25 105/110/95/90 CALL/PUT @0.65 CBOE"
    assert order_line("XSP", legs, 0.65, DAY, multiplier=10, wording=wording) == line


@pytest.mark.parametrize(
    ("legs", "limit_price", "price"),
    [
        (iron_condor([90, 95, 105, 110]), -0.1, "@0.1db"),
        (iron_condor([90, 95, 105, 110], 1), 0.25, "@-0.25cr"),
        (vertical([100, 105], "C", -1), -0.05, "@0.05db"),
        (vertical([100, 105], "P"), 0.05, "@-0.05cr"),
    ],
)
def test_a_price_against_the_action_states_its_effect(legs: tuple[Leg, ...], limit_price: float, price: str) -> None:
    """A sold structure that costs and a bought one that pays say so, as the reader's rule for signs requires."""
    assert f" {price} " in order_line("SPX", legs, limit_price, DAY)


def test_a_price_of_zero_has_no_effect_to_state() -> None:
    """Neither a credit nor a debit is claimed."""
    assert order_line("SPX", vertical([100, 105], "C", -1), 0.0, DAY).endswith("CALL @0.0 LMT")


def test_the_short_form_can_leave_year_and_right_open() -> None:
    """A butterfly of either right is written without one, with the day as far as it is known."""
    line = short_order_line("SPX", butterfly([5850, 5875, 5900], "C", -1), 2.0, "15 Nov", right_is_open=True)
    assert line == "SELL 1 SPX 15 Nov 5900/5875/5850 Butterfly for 2.0 credit LMT"


@pytest.mark.parametrize("month", range(1, 13))
def test_months_are_written_in_three_letters(month: int) -> None:
    """The month has a capital and two small letters whatever the locale, the day no zero before it."""
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    assert written_date(date(2009, month, 3)) == f"3 {names[month - 1]} 09"


@pytest.mark.parametrize(
    ("value", "price", "strike"),
    [(0.9, "0.9", "0.9"), (30, "30.0", "30"), (24.82, "24.82", "24.82"), (120812.5, "120812.5", "120812.5")],
)
def test_numbers_lose_no_digit(value: float, price: str, strike: str) -> None:
    """A price has one decimal at least, a strike none it does not need."""
    assert (write_price(value), write_strike(value)) == (price, strike)


def test_an_iron_butterfly_is_the_condor_with_its_body_twice() -> None:
    """Three strikes by name and four by structure are the same legs and the same strikes on paper."""
    for action, sign in (("SELL", -1), ("BUY", 1)):
        legs = iron_butterfly([5800, 5900, 6000], sign)
        assert build("Iron Condor", [5900, 6000, 5900, 5800], action) == legs
        assert written_strikes(legs) == "5900/6000/5900/5800"


@pytest.mark.parametrize("strikes", [[5800, 5800, 5900, 6000], [5800, 5900, 6000, 6000], [5900, 5900, 5900, 6000]])
def test_a_condor_repeats_no_strike_but_its_body(strikes: list[float]) -> None:
    """A wing of no width is refused."""
    with pytest.raises(OrderRefused, match="strikes_not_distinct"):
        iron_condor(strikes)
