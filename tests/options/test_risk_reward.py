"""Risk and reward against hand-computed cases, and the orders that are refused."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import magic8_ml
from magic8_companion.domain.errors import OrderRefused
from magic8_companion.options.risk_reward import calculate_risk_reward


def cases() -> list[dict[str, str]]:
    """Read the hand-computed cases; their last column holds the arithmetic."""
    with (Path(__file__).parent / "risk_reward_cases.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case['action']} {case['strategy']} {case['strikes']}")
def test_risk_and_reward_are_those_computed_by_hand(case: dict[str, str]) -> None:
    """Dollars and break-evens agree to a hundredth of a cent."""
    answer = calculate_risk_reward(
        case["strategy"],
        [float(strike) for strike in case["strikes"].split("/")],
        float(case["premium"]),
        case["action"],
        int(case["quantity"]),
        case["right"],
        fees=float(case["fees"]),
    )
    assert answer.max_loss == pytest.approx(float(case["max_loss"]), abs=1e-6)
    assert answer.max_profit == pytest.approx(float(case["max_profit"]), abs=1e-6)
    assert answer.breakevens == pytest.approx([float(level) for level in case["breakevens"].split("/")], abs=1e-6)
    assert answer.below == pytest.approx(float(case["below"]), abs=1e-6)
    assert answer.above == pytest.approx(float(case["above"]), abs=1e-6)
    assert answer.risk_reward == pytest.approx(answer.max_profit / answer.max_loss, abs=1e-6)


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("unknown_strategy", {"strategy": "Straddle"}),
        ("unknown_strategy", {"strategy": "No_Trade"}),
        ("unknown_action", {"action": "HOLD"}),
        ("unknown_right", {"right": "CALL/PUT"}),
        ("strike_count", {"strikes": [6000]}),
        ("strike_count", {"strikes": [6000, 6005, 6010]}),
        ("strikes_not_distinct", {"strikes": [6000, 6000]}),
        ("bad_number", {"strikes": [6000, float("nan")]}),
        ("bad_number", {"strikes": [0, 6000]}),
        ("bad_number", {"strikes": [600, 6000]}),
        ("bad_number", {"strikes": [6000, 9001]}),
        ("bad_number", {"premium": float("inf")}),
        ("bad_number", {"multiplier": 0}),
        ("bad_number", {"fees": -1}),
        ("zero_premium", {"premium": 0}),
        ("bad_price_effect", {"price_effect": "even"}),
        ("quantity_invalid", {"quantity": 0}),
        ("cannot_win", {"premium": 5, "action": "BUY"}),
        ("missing_right", {"right": None}),
        ("missing_right", {"strategy": "Butterfly", "strikes": [6000, 6005, 6015], "right": None}),
        ("unknown_right", {"strategy": "Call_Spread", "right": "PUT"}),
        ("bad_number", {"multiplier": 10}),
        ("cannot_lose", {"premium": 5}),
        ("cannot_lose", {"premium": -0.5, "action": "BUY"}),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_a_reason(reason: str, change: dict[str, object]) -> None:
    """Nothing is computed for it."""
    order = {
        "strategy": "Vertical",
        "strikes": [6000, 6005],
        "premium": 0.5,
        "action": "SELL",
        "right": "CALL",
    } | change
    with pytest.raises(OrderRefused) as refusal:
        calculate_risk_reward(**order)
    assert refusal.value.reason == reason


def test_the_plugin_exports_the_calculator() -> None:
    """Signals are judged by the very function that judges tickets."""
    assert magic8_ml.calculate_risk_reward is calculate_risk_reward


def test_a_premium_of_zero_is_fine_when_the_side_is_stated() -> None:
    """A zero-cost broken wing can only win above its body."""
    answer = calculate_risk_reward("Butterfly", [6530, 6555, 6560], 0, "BUY", right="CALL", price_effect="debit")
    assert (answer.max_loss, answer.max_profit, answer.breakevens) == (0.0, 2500.0, (6530.0,))
    assert answer.risk_reward is None


def test_a_spread_whose_name_says_the_right_needs_none() -> None:
    """A sold put spread is short the higher strike."""
    answer = calculate_risk_reward("Put_Spread", [5900, 5905], 1, "SELL")
    assert [(leg.action, leg.right, leg.strike) for leg in answer.legs] == [("BUY", "P", 5900.0), ("SELL", "P", 5905.0)]
    assert (answer.breakevens, answer.max_loss) == ((5904.0,), 400.0)


def test_equal_wings_pay_the_same_in_calls_and_puts() -> None:
    """So a butterfly needs no right."""
    answers = [calculate_risk_reward("Butterfly", [5805, 5855, 5905], 24.82, "BUY", right=r) for r in (None, "C", "P")]
    assert len({(answer.max_loss, answer.max_profit, answer.breakevens) for answer in answers}) == 1


@pytest.mark.parametrize("action", ["BUY", "SELL"])
def test_a_negative_premium_is_a_credit_of_that_size(action: str) -> None:
    """It means the same as in the order line of a message."""
    answer = calculate_risk_reward(
        "Butterfly", [3480, 3490, 3540], -0.5, action, right="CALL" if action == "BUY" else "PUT"
    )
    assert answer.net_premium == -0.5


def test_a_stated_side_beats_the_action() -> None:
    """An order bought for a credit is a credit, whatever sign the premium has."""
    stated = calculate_risk_reward("Butterfly", [3480, 3490, 3540], 0.90, "BOT", right="CALL", price_effect="credit")
    assert stated == calculate_risk_reward("Butterfly", [3480, 3490, 3540], -0.90, "BOT", right="CALL")


def test_the_printed_form_holds_plain_numbers() -> None:
    """The four keys of the command come first; legs are written out."""
    printed = calculate_risk_reward("Vertical", [6000, 6005], 0.5, "SELL", right="CALL").as_dict()
    assert list(printed)[:4] == ["max_loss", "max_profit", "risk_reward", "breakevens"]
    assert printed["legs"][0] == {"action": "SELL", "right": "C", "strike": 6000.0, "quantity": 1}
