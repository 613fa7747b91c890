"""Lines and blocks that look like orders and are none, as people write them in channels."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from magic8_ml.messages import EnhancedDiscordParser
from tests.messages.messages_of_the_contract import BUTTERFLY, CONDOR, VERTICAL

PARSER = EnhancedDiscordParser()

TAKEN_BACK = (
    *("~~{}~~", "~~{}", "~~ {} ~~", "old: ~~{}~~", "{} ~~late~~"),
    *(
        "[TO CLOSE] {}",
        "{} [TO CLOSE]",
        "CLOSE: {}",
        "Close {}",
        "CLOSING: {}",
        "BTC {}",
        "TO CLOSE: {}",
        "{} TO CLOSE",
    ),
    *("(DELETED) {}", "{} (DELETED)", "{} [DELETED]", "{} deleted", "{} - closed", "{} closed", "{} (to close)"),
    *("EXIT: {}", "Filled: {}", "FILLED {}", "Expired: {}", "OLD: {}", "Example: {}", "example only: {}", "If {}"),
    *("Yesterday: {}", "WIN: {}", "LOSS {}", "Result: {}", "Do not {}", "Cancel: {}", "NOT: {}", "Was: {}"),
    *(
        "{} skip this one",
        "{} # small size",
        "{} // tiny",
        "{} (lotto)",
        "{} good luck",
        "{}; good luck",
        "{} -1",
        "{}  x",
    ),
    *("{} or better", "{} @3.00", "{} - 0.95", "{}/0.95"),
)
HARMLESS = (
    *(
        "> {}",
        "- {}",
        "* {}",
        "**{}**",
        "`{}`",
        "```{}```",
        "1. {}",
        "1) {}",
        "||{}||",
        "\U0001f514 {}",
        "{} \U0001f680",
    ),
    *("New: {}", "NEW ALERT: {}", "Alert #123: {}", "@everyone {}", "<@&123> {}", "[10:30] {}", "10:30 AM ET: {}"),
    *("{} !!!", "{} [edited]", "{} (new)", "{} (GTC)", "SPX: {}", "Trade idea: {}"),
)


@pytest.mark.parametrize("form", TAKEN_BACK)
@pytest.mark.parametrize("line", [BUTTERFLY, VERTICAL, CONDOR], ids=["butterfly", "vertical", "condor"])
def test_an_order_that_somebody_took_back_is_no_order(form: str, line: str) -> None:
    """One error says so; the line is neither traded nor lost."""
    message = PARSER.parse(form.format(line))
    assert message.trades == ()
    assert [error.code for error in message.errors] in (["ambiguous_structure"], ["bad_number"])


@pytest.mark.parametrize("form", HARMLESS)
@pytest.mark.parametrize("line", [BUTTERFLY, VERTICAL, CONDOR], ids=["butterfly", "vertical", "condor"])
def test_marks_and_labels_change_no_order(form: str, line: str) -> None:
    """What people put around an order to announce it."""
    (trade,) = PARSER.parse(form.format(line)).trades
    assert trade.order == PARSER.parse(line).trades[0].order


def test_a_strike_through_may_end_on_a_later_line() -> None:
    """Every line of it is struck, the next one is not."""
    message = PARSER.parse(f"~~{BUTTERFLY}\n{VERTICAL}~~\n{CONDOR}")
    assert [trade.line for trade in message.trades] == [3]
    assert [(error.line, error.code) for error in message.errors] == [
        (1, "ambiguous_structure"),
        (2, "ambiguous_structure"),
    ]


FLY = "BUY +1 BUTTERFLY SPX 100 (Weeklys) 22 MAY 25 5880/5890/5940 CALL"


@pytest.mark.parametrize(
    ("price", "effect", "risk", "reward"),
    [
        ("@.90 (credit) LMT", "credit", 3910, 1090),
        ("@.90cr LMT", "credit", 3910, 1090),
        ("@-0.90 LMT", "credit", 3910, 1090),
        ("@-.90 (cr)", "credit", 3910, 1090),
        ("@.90 (debit)", "debit", 4090, 910),
        ("@.90", "debit", 4090, 910),
    ],
)
def test_the_price_says_who_pays(price: str, effect: str, risk: float, reward: float) -> None:
    """A bought broken wing for a credit risks the wider side less the credit."""
    (trade,) = PARSER.parse(f"{FLY} {price}").trades
    assert (trade.order.price_effect, trade.risk.max_loss, trade.risk.max_profit) == (effect, risk, reward)
    if effect == "credit":
        assert trade.risk.breakevens == (5900.90,)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f"{FLY} @24.50-24.90 LMT", "ambiguous_structure"),
        (f"{FLY} @4.50 - 4.90 LMT", "ambiguous_structure"),
        (f"{FLY} @4.50/4.90", "ambiguous_structure"),
        (f"{FLY} @4.50+ LMT", "ambiguous_structure"),
        (f"{FLY} @~4.50", "bad_number"),
        (FLY.replace("SPX 100", "SPX 10") + " @.90", "bad_number"),
        (FLY.replace("22 MAY", "24 MAY") + " @.90", "bad_expiry"),
        (FLY.replace("22 MAY", "26 MAY") + " @.90", "bad_expiry"),
        (FLY.replace("5880/5890/5940", "58/59/60") + " @.90", "bad_number"),
        (FLY.replace("5880/5890/5940", "58800/58900/59000") + " @.90", "bad_number"),
        (FLY.replace("5880/5890/5940", "5880/5890/9000") + " @.90", "bad_number"),
        (FLY.replace("+1", "+") + " @.90", "quantity_invalid"),
    ],
)
def test_terms_that_cannot_be_meant_are_refused(line: str, code: str) -> None:
    """A range is no price, a Saturday and a holiday are no expiry, and SPX has no strike of 58."""
    message = PARSER.parse(line)
    assert (message.trades, [error.code for error in message.errors]) == ((), [code])


def test_a_line_without_count_is_one() -> None:
    """Nothing else is ever assumed."""
    (trade,) = PARSER.parse(BUTTERFLY.replace("+1 ", "")).trades
    assert trade.order.quantity == 1


@pytest.mark.parametrize("form", ["(AM) 20 JUN 25", "20 JUN 25 (AM)", "20 JUN 25 [AM]"])
def test_an_am_settled_order_is_settled_on_its_date(form: str) -> None:
    """Its last trade was in the session before; until then it is an order."""
    line = f"BUY +1 BUTTERFLY SPX 100 {form} 5880/5890/5900 CALL @4.50 LMT"
    message = PARSER.parse(line, time=datetime(2025, 6, 20, 15, tzinfo=UTC))
    assert (message.trades, [error.code for error in message.errors]) == ((), ["settled"])
    (trade,) = PARSER.parse(line, time=datetime(2025, 6, 19, 15, tzinfo=UTC)).trades
    assert trade.order.opening_settlement


@pytest.mark.parametrize(("symbol", "day"), [("SPX", "23 JUN 25"), ("SPY", "20 JUN 25")])
def test_only_third_fridays_of_spx_settle_in_the_morning(symbol: str, day: str) -> None:
    """Any other date or symbol is a mistake."""
    strikes = "5880/5890/5900" if symbol == "SPX" else "588/589/590"
    message = PARSER.parse(f"BUY +1 BUTTERFLY {symbol} 100 {day} (AM) {strikes} CALL @.45 LMT")
    assert [error.code for error in message.errors] == ["bad_expiry"]


def block(**changes: object) -> str:
    """Return one JSON object with a butterfly, printed over several lines."""
    example = {"strikes": "5905/5855/5805", "type": "CALL", "price": 24.82, "action": "BUY"} | changes
    return json.dumps({"symbol": "SPX", "example_trades": {"butterfly": example}}, indent=2)


def test_two_objects_of_a_message_are_two_orders() -> None:
    """They may follow each other directly or with text in between."""
    for between in ("\n", "\nand then\n", "\n\n"):
        message = PARSER.parse(block() + between + block(price=20.0))
        assert [trade.order.premium for trade in message.trades] == [24.82, 20.0]
        assert message.errors == ()


def test_a_trailing_comma_is_no_mistake() -> None:
    """Hand-written objects end with one."""
    text = block().replace('"BUY"\n', '"BUY",\n')
    assert '"BUY",\n' in text
    assert len(PARSER.parse(text).trades) == 1


@pytest.mark.parametrize(
    "text",
    [
        block(price=float("nan")),
        block().replace("}", "", 1),
        block().replace(":", "=", 1),
        block() + "]}",
        block().replace("\n", " ") + block().replace("\n", " "),
        '{"symbol": "SPX", "example_trades": [1]}',
    ],
)
def test_a_block_that_is_no_object_is_one_error(text: str) -> None:
    """It is never silently nothing."""
    message = PARSER.parse(text)
    assert message.trades == ()
    assert [error.code for error in message.errors] in (["bad_json"], ["ambiguous_structure"])


def test_the_words_of_other_programs_are_read() -> None:
    """``qty``, ``right``, ``price_effect`` and ``expiry`` mean what they say."""
    example = {"strikes": "5880/5890/5940", "right": "CALL", "price": 0.9, "price_effect": "credit", "qty": 2}
    text = block(**example, expiry="2025-05-22").replace('"type": "CALL",\n', "")
    (trade,) = PARSER.parse(text).trades
    order = trade.order
    assert (order.quantity, order.price_effect, str(order.expiry)) == (2, "credit", "2025-05-22")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quantity": 1, "qty": 2}, "ambiguous_structure"),
        ({"price_effect": "maybe"}, "ambiguous_structure"),
        ({"price": -1.0, "price_effect": "debit"}, "ambiguous_structure"),
        ({"expiry": "2025-05-24"}, "bad_expiry"),
        ({"expiry": 20250522}, "bad_expiry"),
        ({"qty": "two"}, "quantity_invalid"),
    ],
)
def test_contradictions_in_a_block_are_refused(changes: dict[str, object], code: str) -> None:
    """One error, no order."""
    message = PARSER.parse(block(**changes))
    assert (message.trades, [error.code for error in message.errors]) == ((), [code])


def test_an_object_may_be_the_order_itself() -> None:
    """Symbol, strategy and strikes in one object."""
    terms = {"strategy": "Vertical", "strikes": "5820/5815", "type": "PUT", "price": 0.9, "action": "SELL"}
    text = json.dumps({"symbol": "SPX", **terms})
    (trade,) = PARSER.parse(text).trades
    assert (trade.order.strategy, trade.risk.max_loss) == ("Vertical", 410.0)
