"""Every refusal, and that a refused line never loses the rest."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from magic8_ml.messages import EnhancedDiscordParser
from tests.messages.messages_of_the_contract import BUTTERFLY, CONDOR, VERTICAL

REFUSED = (
    ("action_sign_conflict", BUTTERFLY.replace("+1", "-1")),
    ("action_sign_conflict", VERTICAL.replace("-1", "+1")),
    ("unknown_strategy", BUTTERFLY.replace("Butterfly", "Straddle")),
    ("unknown_strategy", BUTTERFLY.replace("Butterfly", "Iron Butterfly")),
    ("unknown_strategy", "SELL 1 SPX 15 NOV 5850/5875/5900 Strangle for 2.0 credit"),
    ("unknown_symbol", BUTTERFLY.replace("SPX", "IWM")),
    ("unknown_symbol", "SELL 1 IWM 15 NOV 5900/5950 Put Spread for 1.5 credit"),
    ("strike_count", BUTTERFLY.replace("5905/", "")),
    ("strike_count", BUTTERFLY.replace("5905/5855/5805 ", "")),
    ("strike_count", CONDOR.replace("/5775", "")),
    ("strike_count", VERTICAL.replace("5820/5815", "5820")),
    ("strikes_not_distinct", BUTTERFLY.replace("5905", "5855")),
    ("bad_number", BUTTERFLY.replace("5855", "58x5")),
    ("bad_number", BUTTERFLY.replace("5855", "58,55")),
    ("bad_number", BUTTERFLY.replace("24.82", "24.8.2")),
    ("bad_number", BUTTERFLY.replace("24.82", "1..5")),
    ("bad_number", BUTTERFLY.replace("24.82", "24,82")),
    ("bad_number", BUTTERFLY.replace("24.82", "24\u00bd")),
    ("bad_number", BUTTERFLY.replace("5855", "0")),
    ("missing_price", BUTTERFLY.replace("@24.82 ", "")),
    ("missing_price", BUTTERFLY.replace("24.82 LMT", "MKT")),
    ("missing_right", BUTTERFLY.replace("CALL ", "")),
    ("missing_right", VERTICAL.replace("PUT ", "")),
    ("missing_right", "SELL 1 SPX 15 NOV 5850/5860/5900 Butterfly for 2.0 credit"),
    ("bad_expiry", BUTTERFLY.replace("22 May", "32 May")),
    ("bad_expiry", BUTTERFLY.replace("22 May", "29 Feb")),
    ("bad_expiry", BUTTERFLY.replace("22 May", "22 Mai")),
    ("bad_expiry", BUTTERFLY.replace("22 May 25 ", "")),
    ("bad_expiry", BUTTERFLY.replace("22 May 25", "2125-05-22")),
    ("premium_out_of_bounds", BUTTERFLY.replace("24.82", "50")),
    ("premium_out_of_bounds", BUTTERFLY.replace("24.82", "0")),
    ("premium_out_of_bounds", VERTICAL.replace(".9", "5")),
    ("premium_out_of_bounds", CONDOR.replace("0.43", "5.00")),
    ("quantity_invalid", BUTTERFLY.replace("+1", "+0")),
    ("quantity_invalid", BUTTERFLY.replace("+1", "1.5")),
    ("quantity_invalid", BUTTERFLY.replace("+1", "+x")),
    ("quantity_invalid", BUTTERFLY.replace("+1", "+12345678")),
    ("ambiguous_structure", CONDOR.replace("5905/5910/5780/5775", "5780/5775/5905/5910")),
    ("ambiguous_structure", CONDOR.replace("CALL/PUT", "CALL")),
    ("ambiguous_structure", BUTTERFLY.replace("CALL", "CALL/PUT")),
    ("ambiguous_structure", "SELL 1 SPX 15 NOV 5900/5950 Call Vertical PUT for 1.5 credit"),
    ("ambiguous_structure", "P5100/P5105_C4900/C4905"),
    ("ambiguous_structure", f"do not {BUTTERFLY}"),
    ("ambiguous_structure", f"{BUTTERFLY} please"),
    ("ambiguous_structure", f"{BUTTERFLY} (cancelled)"),
    ("ambiguous_structure", f"{BUTTERFLY}; {CONDOR}"),
    ("ambiguous_structure", BUTTERFLY.replace("5905/5855/5805", "5905-5855-5805")),
    ("bad_number", "Price: -5855"),
)


@pytest.mark.parametrize(("code", "line"), REFUSED, ids=lambda value: value[:70])
def test_an_impossible_line_is_refused_with_its_code(code: str, line: str) -> None:
    """The refusal names line, text and code, and no trade comes of it."""
    message = EnhancedDiscordParser().parse_magic8_message(f"hello\n{line}")
    assert message["trades"] == []
    assert [(error["code"], error["line"], error["text"]) for error in message["errors"]] == [(code, 2, line.strip())]


@pytest.mark.parametrize(("code", "line"), REFUSED[:20], ids=lambda value: value[:40])
def test_a_refused_line_never_loses_the_rest(code: str, line: str) -> None:
    """Orders above and below a bad line are read."""
    message = EnhancedDiscordParser().parse(f"{CONDOR}\n{line}\n{VERTICAL}")
    assert [trade.order.strategy for trade in message.trades] == ["Iron_Condor", "Vertical"]
    assert [error.code for error in message.errors] == [code]


def test_an_expired_order_is_refused() -> None:
    """An expiry before the message's own New York date is a mistake."""
    message = EnhancedDiscordParser().parse(BUTTERFLY, time=datetime(2025, 5, 23, 15, tzinfo=UTC))
    assert [error.code for error in message.errors] == ["expired"]


def test_a_message_beyond_4000_characters_is_refused() -> None:
    """Length is checked before anything is read; one character less is read."""
    long = BUTTERFLY + " " * (4000 - len(BUTTERFLY))
    assert len(EnhancedDiscordParser().parse(long).trades) == 1
    assert [error.code for error in EnhancedDiscordParser().parse(long + " ").errors] == ["too_long"]


@pytest.mark.parametrize(
    "line",
    [
        "buy the dip",
        "sold out, nothing left",
        "sell by 5/22/25",
        "Butterfly: Neutral bias with a center strike",
        "Iron Condor 5905/5910/5780/5775 looks fine",
        "the strike price: 5900 is far",
        "buyers everywhere",
        "",
    ],
)
def test_text_is_neither_trade_nor_error(line: str) -> None:
    """Without an action word, or with one but neither strikes nor strategy, a line is text."""
    message = EnhancedDiscordParser().parse(line)
    assert (message.trades, message.errors, message.predictions.current_price) == ((), (), None)


def test_an_action_word_with_a_strategy_is_an_order_that_must_be_complete() -> None:
    """Half an order is reported, not passed over."""
    message = EnhancedDiscordParser().parse("SELL a vertical today")
    assert len(message.errors) == 1


@pytest.mark.parametrize("value", ["58,55", "5 860", "5860.1.2", "58x"])
def test_a_malformed_prediction_is_reported_and_not_guessed(value: str) -> None:
    """A value that begins as a number and is none leaves the field empty."""
    message = EnhancedDiscordParser().parse(f"Price: {value}\nPredicted close: 5862")
    assert message.predictions.current_price is None
    assert message.predictions.predicted_close == 5862.0
    assert [error.code for error in message.errors] == ["bad_number"]


def test_two_values_under_one_label_are_a_conflict() -> None:
    """The first stands, the second is reported."""
    message = EnhancedDiscordParser().parse("Price: 5860\nPrice: 5861")
    assert message.predictions.current_price == 5860.0
    assert [error.code for error in message.errors] == ["bad_number"]
