"""Hundreds of ways in which channels write orders, each beside its reading: trades, one refusal, or text.

In ``variants.csv`` a reading is signed legs, limit price (a credit is above 0) and expiry of each trade, then ``bad:``
and the codes of the errors.  ``bad`` without a code is one error of any code; ``text`` is neither trade nor error.
"""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from magic8_ml.messages import EnhancedDiscordParser, Message, Trade

PARSER: Final = EnhancedDiscordParser()
AT: Final = datetime(2025, 5, 21, 14, tzinfo=UTC)


class Variant(NamedTuple):
    """One message, its line ends written with a backslash, and its reading."""

    group: str
    message: str
    reading: str


def _variants() -> list[Variant]:
    with Path(__file__).with_name("variants.csv").open(encoding="utf-8", newline="") as file:
        return [Variant(**row) for row in csv.DictReader(file)]


VARIANTS: Final = _variants()


def reading_of(message: Message) -> str:
    """Return what the parser read, in the words of the table."""
    trades = "; ".join(map(_trade, message.trades))
    codes = " ".join(error.code for error in message.errors)
    return " ".join(part for part in (trades, codes and f"bad: {codes}") if part) or "text"


def _trade(trade: Trade) -> str:
    # calls upwards, then puts downwards; a butterfly is one right in ascending order
    legs = trade.risk.legs
    one_right = len({leg.right for leg in legs}) == 1
    order = sorted(legs, key=lambda leg: (leg.right, leg.strike if one_right or leg.right == "C" else -leg.strike))
    if len(order) == 2 and order[0].right == "P":
        order.reverse()
    written = [f"{leg.quantity * trade.order.quantity:+d}{leg.right}{leg.strike:g}" for leg in order]
    return f"{' '.join(written)} @{-trade.risk.net_premium:g} {str(trade.order.expiry).lower()}"


@pytest.mark.parametrize("variant", VARIANTS, ids=[f"{number} {item.group}" for number, item in enumerate(VARIANTS, 2)])
def test_a_variant_has_its_reading(variant: Variant) -> None:
    """The same message always becomes the same trades and refusals."""
    message = PARSER.parse(variant.message.replace(r"\n", "\n").replace(r"\r", "\r"), time=AT)
    if variant.reading == "bad":
        assert (message.trades, len(message.errors)) == ((), 1), variant.message
    else:
        assert reading_of(message) == variant.reading, variant.message


def test_the_table_holds_many_different_messages() -> None:
    """No message is listed twice, and every group has several."""
    assert len({item.message for item in VARIANTS}) == len(VARIANTS) >= 300
    assert min(Counter(item.group for item in VARIANTS).values()) >= 10
