"""Whatever is typed, the parser answers: trades that make sense and refusals, never an exception."""

from __future__ import annotations

import math
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_ml.messages import EnhancedDiscordParser
from tests.messages.fuzz import nonsense

PARSER = EnhancedDiscordParser()
CODES = {
    "action_sign_conflict",
    "unknown_strategy",
    "unknown_symbol",
    "strike_count",
    "strikes_not_distinct",
    "bad_number",
    "missing_price",
    "missing_right",
    "bad_expiry",
    "expired",
    "premium_out_of_bounds",
    "quantity_invalid",
    "ambiguous_structure",
    "bad_json",
    "settled",
    "too_long",
}


def check(text: str) -> None:
    """Parse and assert what holds for every message."""
    message = PARSER.parse(text)
    assert all(error.code in CODES for error in message.errors)
    for trade in message.trades:
        order, risk = trade.order, trade.risk
        assert order.premium >= 0
        assert order.quantity >= 1
        assert len(set(order.strikes)) == len(order.strikes)
        assert math.isfinite(risk.max_loss)
        assert risk.max_loss > 0
        assert risk.max_profit > 0
    assert message.metadata.raw_text == text


def test_damaged_messages_never_raise() -> None:
    """20,000 damaged messages: each trade that is read is possible, each refusal has a known code."""
    for text in nonsense(20_000, seed=8):
        check(text)


@given(st.text(max_size=300))
@settings(max_examples=300)
def test_any_text_never_raises(text: str) -> None:
    """Arbitrary Unicode, surrogates of emoji and control characters included."""
    check(text)


def test_no_text_takes_long() -> None:
    """Repetitions that make careless patterns explode are answered within a moment."""
    words = "BUY ,(,5/,@,1,SPX ,22 May ,C5000/,_,#,{,[,Price:,BROKEN ,- , ,	, 	,1 / "
    pieces = [*words.split(","), "1,"]
    begin = time.process_time()
    for piece in pieces:
        check((piece * 4000)[:4000])
        check(("BUY +1 Butterfly SPX 100 22 May 25 " + piece * 4000)[:4000])
        check(("BUY +1 Butterfly SPX 100 22 May 25 5905/5855/5805 CALL @" + piece * 4000)[:4000])
    assert time.process_time() - begin < 5.0
