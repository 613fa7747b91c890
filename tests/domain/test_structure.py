"""Structures in words, and entries that mean one trade."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from magic8_companion.domain.codes import Confidence, Direction, EntrySource, VerticalSide
from magic8_companion.domain.recommendation import Entry
from magic8_companion.domain.structure import VerticalSpread, sells_premium, structure_of, vertical_of
from magic8_companion.domain.ticket import Ticket, TicketLeg

NAMED = {
    "call debit vertical": "+C5850 -C5855",
    "call credit vertical": "-C5850 +C5855",
    "put debit vertical": "-P5850 +P5855",
    "put credit vertical": "+P5850 -P5855",
    "call butterfly": "+C5840 -C5850 +C5860",
    "sold put butterfly": "-P5840 +P5850 -P5860",
    "iron condor": "+P5800 -P5810 -C5850 +C5860",
    "bought iron condor": "-P5800 +P5810 +C5850 -C5860",
    "iron butterfly": "+P5800 -P5810 -C5810 +C5820",
    "bought iron butterfly": "-P5800 +P5810 +C5810 -C5820",
}


def legs(text: str) -> tuple[TicketLeg, ...]:
    """Return legs as ``+C5850`` writes them: one bought call."""
    return tuple(
        TicketLeg(action="BUY" if word[0] == "+" else "SELL", right=word[1], strike=float(word[2:]), quantity=1)
        for word in text.split()
    )


def ticket(text: str) -> Ticket:
    """Return a ticket of legs."""
    return Ticket(
        expiry=date(2025, 6, 26), legs=legs(text), limit_price=-2.0, max_profit=3.0, max_loss=2.0, breakevens=()
    )


def entry(**changes: Any) -> Entry:
    """Return a bull call debit entry, changed as asked."""
    values: dict[str, Any] = dict(side=VerticalSide.BULL, right="C", action="BUY", structure="call debit vertical")
    frame: dict[str, Any] = dict(
        score=50.0, confidence=Confidence.MEDIUM, should_trade=False, source=EntrySource.FIVE_MINUTE, rationale=""
    )
    return Entry(**{**frame, **values, **changes})


@pytest.mark.parametrize("name", NAMED)
def test_legs_in_any_order_have_the_name_of_their_structure(name: str) -> None:
    """The bought and sold legs alone decide, not the order in which a ticket lists them."""
    assert structure_of(legs(NAMED[name])) == name
    assert structure_of(legs(NAMED[name])[::-1]) == name
    spread = vertical_of(legs(NAMED[name]))
    assert (spread is None) == ("vertical" not in name)
    assert spread is None or spread.structure == name


@pytest.mark.parametrize("text", ["", "+C5850", "+C5850 +C5855", "+C5850 -P5855", "+C1 -C2 -C3 +C4"])
def test_legs_that_form_nothing_known_are_refused(text: str) -> None:
    """The error lists the legs."""
    with pytest.raises(ValueError, match="form no vertical"):
        structure_of(legs(text))


@pytest.mark.parametrize(
    ("right", "action", "side"),
    [("C", "BUY", "bull"), ("P", "SELL", "bull"), ("P", "BUY", "bear"), ("C", "SELL", "bear")],
)
def test_right_and_action_decide_the_side(right: str, action: str, side: str) -> None:
    """A bought call vertical and a sold put vertical need a rise."""
    assert VerticalSpread(right=right, action=action).side == side


@pytest.mark.parametrize(("right", "action"), [("CALL", "BUY"), ("C", "buy"), ("", "SELL")])
def test_only_the_letters_of_a_ticket_are_a_vertical(right: str, action: str) -> None:
    """An unknown right or action is refused, not guessed."""
    with pytest.raises(ValueError, match="vertical"):
        VerticalSpread(right=right, action=action)


@pytest.mark.parametrize(
    "changes",
    [
        {"direction": "bearish"},
        {"direction": "neutral"},
        {"side": "bear"},
        {"side": "up", "right": None, "action": None},
        {"right": "P"},
        {"action": "SELL"},
        {"action": None},
        {"structure": "put credit vertical"},
        {"structure": None},
        {"ticket": ticket(NAMED["put credit vertical"])},
        {"ticket": ticket(NAMED["call credit vertical"])},
        {"ticket": ticket(NAMED["iron condor"])},
        {"ticket": ticket(NAMED["put debit vertical"]), "right": None, "action": None, "structure": None},
    ],
)
def test_an_entry_that_means_two_trades_cannot_be_made(changes: dict[str, Any]) -> None:
    """Direction, side, right, action, structure and ticket have to agree."""
    assert entry(direction=Direction.BULLISH, ticket=ticket(NAMED["call debit vertical"])).side == "bull"
    with pytest.raises(ValueError, match=r"contradict|not bull or bear|not BUY or SELL"):
        entry(**changes)


@pytest.mark.parametrize(
    ("structure", "sells"),
    [
        ("iron condor", True),
        ("iron butterfly", True),
        ("sold call butterfly", True),
        ("put credit vertical", True),
        ("bear vertical", True),
        ("a structure of another package", True),
        (None, True),
        ("butterfly", False),
        ("put butterfly", False),
        ("bought iron condor", False),
        ("call debit vertical", False),
    ],
)
def test_what_may_be_opened_for_a_credit_sells_premium(structure: str | None, sells: bool) -> None:
    """Only a structure that is known to pay a debit does not."""
    assert sells_premium(structure) == sells
