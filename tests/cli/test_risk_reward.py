"""The risk and reward calculator at the command line, through the real entry point."""

from __future__ import annotations

import json

import pytest

from magic8_ml.__main__ import main

CALLS = ("--right", "CALL")
VERTICAL = (*CALLS, "--strategy", "Vertical", "--strikes", "6000,6005")
BUTTERFLY = ("--strategy", "Butterfly", "--strikes", "5905,5855,5805", "--premium", "24.82", "--action", "BUY")
CONDOR = ("--strategy", "Sonar", "--strikes", "5905/5915/5780/5775", "--premium", "0.90", "--action", "SELL")


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    """Return what the command prints as JSON."""
    assert main(["risk-reward", *words, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_the_butterfly_of_the_documentation(capsys: pytest.CaptureFixture[str]) -> None:
    """2,482 $ at risk for 2,518 $, whatever the order of the strikes."""
    found = answer(capsys, *BUTTERFLY)
    assert list(found)[:4] == ["max_loss", "max_profit", "risk_reward", "breakevens"]
    assert (found["max_loss"], found["max_profit"], found["breakevens"]) == (2482.0, 2518.0, [5829.82, 5880.18])
    assert found["risk_reward"] == pytest.approx(2518 / 2482, abs=1e-6)


def test_fees_and_quantity_count(capsys: pytest.CaptureFixture[str]) -> None:
    """Four contracts at 1.10 $ move both sides and the break-evens; quantity moves dollars alone."""
    found = answer(capsys, *BUTTERFLY, "--fees", "1.10", "--quantity", "2")
    assert (found["max_loss"], found["max_profit"]) == (4972.8, 5027.2)
    assert found["breakevens"] == [5829.864, 5880.136]


def test_a_condor_of_unequal_wings_shows_both_sides(capsys: pytest.CaptureFixture[str]) -> None:
    """910 $ at the call side, 410 $ at the put side."""
    found = answer(capsys, *CONDOR)
    assert (found["max_loss"], found["max_profit"], found["breakevens"]) == (910.0, 90.0, [5779.1, 5905.9])
    assert found["sides"] == {"below": -410.0, "above": -910.0}


def test_right_and_multiplier_count(capsys: pytest.CaptureFixture[str]) -> None:
    """A bought put vertical owns the higher strike."""
    words = ("--strategy", "Vertical", "--strikes", "5830,5835", "--premium", "2", "--action", "BUY", "--right", "PUT")
    assert answer(capsys, *words)["breakevens"] == [5833.0]
    assert main(["risk-reward", *words, "--multiplier", "10"]) == 1
    assert "every product has 100" in capsys.readouterr().err


def test_an_iron_butterfly_is_a_butterfly_of_calls_and_puts(capsys: pytest.CaptureFixture[str]) -> None:
    """Both ways to write it give the order that a ticket of the host publishes."""
    words = ("--strikes", "6785,6825,6865", "--premium", "14.85", "--action", "SELL")
    found = answer(capsys, "--strategy", "Iron_Butterfly", *words)
    assert found == answer(capsys, "--strategy", "Butterfly", "--right", "CALL/PUT", *words)
    assert (found["max_loss"], found["max_profit"], found["breakevens"]) == (2515.0, 1485.0, [6810.15, 6839.85])


def test_a_premium_of_zero_is_accepted_with_its_side(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is at risk, so there is no ratio."""
    words = (*VERTICAL, "--premium", "0", "--action", "BUY")
    found = answer(capsys, *words, "--price-effect", "debit")
    assert (found["max_loss"], found["max_profit"], found["risk_reward"]) == (0.0, 500.0, None)


def test_people_get_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json the four numbers stand in lines."""
    assert main(["risk-reward", *BUTTERFLY]) == 0
    assert "max loss    2,482.00 $" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--strategy", "Butterfly", "--strikes", "1,2", "--premium", "1", "--action", "BUY"), "strike_count"),
        (("--strategy", "Vertical", "--strikes", "6000,x", "--premium", "1", "--action", "BUY"), "bad_number"),
        ((*CALLS, "--strategy", "Vertical", "--strikes", "6000,6000", "--premium", "1", "--action", "BUY"), "distinct"),
        (("--strategy", "Strangle", "--strikes", "1,2", "--premium", "1", "--action", "BUY"), "unknown_strategy"),
        (
            (*VERTICAL, "--premium", "6", "--action", "BUY"),
            "cannot_win",
        ),
        (
            (*VERTICAL, "--premium", "6", "--action", "SELL"),
            "cannot_lose",
        ),
        (
            (*VERTICAL, "--premium", "0", "--action", "BUY"),
            "zero_premium",
        ),
        (
            (*VERTICAL, "--premium", "nan", "--action", "BUY"),
            "bad_number",
        ),
        ((*BUTTERFLY, "--quantity", "0"), "quantity_invalid"),
        ((*BUTTERFLY, "--action", "HOLD"), "unknown_action"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], reason: str
) -> None:
    """Exit code 1, one sentence, no numbers."""
    assert main(["risk-reward", *words]) == 1
    printed = capsys.readouterr()
    assert reason in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
