"""Every accepted format, down to dollars and break-evens."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from magic8_ml.messages import EnhancedDiscordParser
from tests.messages.messages_of_the_contract import ALERT, BUTTERFLY, CONDOR, OBJECT, ORDERS, POSITIONS, SEED, Expected


def parse(text: str, **origin: Any) -> dict[str, Any]:
    """Parse with a fresh parser."""
    return EnhancedDiscordParser().parse_magic8_message(text, **origin)


@pytest.mark.parametrize("expected", ORDERS, ids=lambda expected: expected.line[:60])
def test_every_order_line_is_read_exactly(expected: Expected) -> None:
    """Action, strategy, right, premium and effect are read, and risk follows from the sorted legs."""
    message = parse(expected.line)
    (trade,) = message["trades"]
    names = ("action", "quantity", "strategy", "option_type", "premium", "price_effect")
    assert " ".join(str(trade[name] or "-") for name in names) == expected.terms
    assert (trade["risk"], trade["reward"], tuple(trade["breakevens"])) == expected[2:]
    assert (trade["symbol"], trade["multiplier"], message["errors"]) == ("SPX", 100, [])


def test_the_seed_message_carries_its_predictions_to_its_trade() -> None:
    """The block's numbers stand in the message and in the order below it; the comment is no order."""
    message = parse(SEED)
    (trade,) = message["trades"]
    assert message["predictions"] == {
        "current_price": 5855.5,
        "predicted_close": 5862.0,
        "short_term": 5860.0,
        "long_term": 5865.0,
        "target1": None,
        "target2": None,
    }
    assert (trade["short_term"], trade["long_term"], trade["predicted_price"]) == (5860.0, 5865.0, 5862.0)
    assert (trade["risk"], trade["reward"], trade["line"]) == (2482.0, 2518.0, 7)
    assert (message["metadata"]["symbol"], message["errors"]) == ("SPX", [])


def test_a_trade_has_every_field_of_the_contract() -> None:
    """The dict face holds the fields, the legs by ascending strike, and DiscordTrading's two aliases."""
    (trade,) = parse(BUTTERFLY)["trades"]
    assert trade == {
        "action": "BUY",
        "quantity": 1,
        "strategy": "Butterfly",
        "trade_type": "Butterfly",
        "order_name": "Butterfly",
        "symbol": "SPX",
        "multiplier": 100,
        "weekly": False,
        "opening_settlement": False,
        "expiry": date(2025, 5, 22),
        "expiry_text": None,
        "strikes": [5905.0, 5855.0, 5805.0],
        "option_type": "CALL",
        "legs": [
            {"sign": 1, "ratio": 1, "right": "CALL", "strike": 5805.0},
            {"sign": -1, "ratio": 2, "right": "CALL", "strike": 5855.0},
            {"sign": 1, "ratio": 1, "right": "CALL", "strike": 5905.0},
        ],
        "premium": 24.82,
        "limit_price": 24.82,
        "price_effect": "debit",
        "order_type": "LMT",
        "exchange": None,
        "short_term": None,
        "long_term": None,
        "predicted_price": None,
        "line": 1,
        "max_profit": 2518.0,
        "max_loss": 2482.0,
        "risk": 2482.0,
        "reward": 2518.0,
        "risk_reward_ratio": 1.014504,
        "breakevens": [5829.82, 5880.18],
    }


def test_a_sold_condor_is_short_its_inner_strikes() -> None:
    """Legs ascend: long put, short put, short call, long call."""
    (trade,) = parse(CONDOR)["trades"]
    assert [(leg["sign"], leg["right"], leg["strike"]) for leg in trade["legs"]] == [
        (1, "PUT", 5775.0),
        (-1, "PUT", 5780.0),
        (-1, "CALL", 5905.0),
        (1, "CALL", 5910.0),
    ]


def test_weekly_alert_and_exchange_are_kept() -> None:
    """(Weeklys), the alert number and the exchange are fields of their own."""
    message = parse("#462 NEW BOT +1 BUTTERFLY SPX 100 (Weeklys) 28 OCT 20 3480/3490/3540 CALL @-.90cr CBOE")
    (trade,) = message["trades"]
    assert (trade["weekly"], trade["exchange"], trade["order_type"]) == (True, "CBOE", None)
    assert message["metadata"]["alert_id"] == "462"


@pytest.mark.parametrize("text", [ALERT, ALERT.replace("\n", " / ")], ids=["one per line", "on one line"])
def test_an_alert_gives_all_six_numbers(text: str) -> None:
    """Thousands commas are read, scores stay scores, and separators may be lines or strokes."""
    message = parse(text)
    assert list(message["predictions"].values()) == [5860.0, 5875.0, 0.65, 0.7, 5885.0, 5895.0]
    assert (message["metadata"]["symbol"], message["trades"], message["errors"]) == ("SPX", [], [])


def test_position_text_is_structure_only() -> None:
    """Positions have neither price nor action: they are no trades, and no errors."""
    message = parse(POSITIONS)
    assert [position["strategy"] for position in message["metadata"]["positions"]] == [
        "Butterfly",
        "Vertical",
        "Iron_Condor",
    ]
    assert (message["trades"], message["errors"]) == ([], [])


@pytest.mark.parametrize("text", [OBJECT, f"```json\n{OBJECT}\n```", f"look at this\n{OBJECT}\n\nbye"])
def test_a_json_message_gives_trades_and_targets(text: str) -> None:
    """Example trades become trades without expiry, targets become predictions, wherever the object stands."""
    message = parse(text)
    assert [(trade["strategy"], trade["risk"], trade["expiry"]) for trade in message["trades"]] == [
        ("Butterfly", 2482.0, None),
        ("Iron_Condor", 457.0, None),
        ("Vertical", 410.0, None),
    ]
    assert (message["predictions"]["target1"], message["predictions"]["target2"]) == (5885.0, 5895.0)
    assert message["errors"] == []


def test_a_bad_example_of_a_json_message_loses_no_other() -> None:
    """An unknown strategy among the examples is refused, its neighbours are read."""
    message = parse(OBJECT.replace('"iron_condor"', '"straddle"'))
    assert [trade["strategy"] for trade in message["trades"]] == ["Butterfly", "Vertical"]
    assert [error["code"] for error in message["errors"]] == ["unknown_strategy"]


def test_a_date_without_year_is_the_next_such_date() -> None:
    """Seen from the message's New York day; without a time the year stays open and the day is kept as text."""
    line = "SELL 1 SPX 14 NOV 5850/5875/5900 Butterfly for 2.0 credit"
    on_the_day = parse(line, time=datetime(2024, 11, 14, 20, tzinfo=UTC))["trades"][0]
    a_day_later = parse(line, time=datetime(2024, 11, 15, 20, tzinfo=UTC))["trades"][0]
    unknown = parse(line)["trades"][0]
    assert (on_the_day["expiry"], a_day_later["expiry"]) == (date(2024, 11, 14), date(2025, 11, 14))
    assert (unknown["expiry"], unknown["expiry_text"]) == (None, "14 NOV")


def test_the_message_day_is_new_yorks() -> None:
    """A message of 23:00 New York is already tomorrow in UTC: an order for today is not expired."""
    message = parse(BUTTERFLY, time=datetime(2025, 5, 23, 3, tzinfo=UTC))
    assert message["errors"] == []
    assert message["metadata"]["time"] == datetime(2025, 5, 23, 3, tzinfo=UTC)


def test_a_sonar_heading_directly_above_makes_a_condor_a_sonar() -> None:
    """Only the order directly below the heading changes, and its name as written is kept."""
    message = parse(f"**Sonar:**\n{CONDOR}\n{CONDOR}")
    assert [(trade["strategy"], trade["order_name"]) for trade in message["trades"]] == [
        ("Sonar", "Iron Condor"),
        ("Iron_Condor", "Iron Condor"),
    ]


def test_predictions_reach_orders_above_and_below() -> None:
    """The block may stand anywhere in the message."""
    message = parse(f"{BUTTERFLY}\nPredicted close: 5,862\n{CONDOR}")
    assert [trade["predicted_price"] for trade in message["trades"]] == [5862.0, 5862.0]


def test_predictions_of_one_symbol_never_reach_another() -> None:
    """Two blocks under two headings: each order gets its own symbol's numbers."""
    ndx = "SELL -1 Vertical NDX 100 22 May 25 21000/21010 CALL @2 LMT"
    message = parse(
        f"SPX 0DTE Analysis\nPredicted close: 5862\nNDX 0DTE Analysis\nPredicted close: 20900\n{BUTTERFLY}\n{ndx}"
    )
    assert [trade["predicted_price"] for trade in message["trades"]] == [5862.0, 20900.0]
    assert parse(f"SPX 0DTE Analysis\nPredicted close: 5862\n{ndx}")["trades"][0]["predicted_price"] is None


def test_origin_is_metadata() -> None:
    """Message id, author and raw text are handed through."""
    metadata = parse(BUTTERFLY, message_id="77", author="magic8")["metadata"]
    assert (metadata["message_id"], metadata["author"], metadata["raw_text"]) == ("77", "magic8", BUTTERFLY)
