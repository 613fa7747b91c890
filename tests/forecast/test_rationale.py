"""The published sentence of a 5-minute answer: a rank is never shown as a chance."""

from __future__ import annotations

from typing import Any

import pytest

from magic8_companion.domain.measured import Measured, MeasuredHigh, MeasuredWins
from magic8_companion.domain.ml_result import Prediction
from magic8_companion.domain.structure import VerticalSpread
from magic8_companion.domain.ticket import ModelledTrade, TicketLeg
from magic8_ml.forecast.contract_call import parse_answer, to_answer
from magic8_ml.forecast.five_minute_results import rationale
from tests.forecast.plugin_fakes import FakeHost, answer, extension, moment

WINS = MeasuredWins(calls=900, days=80, won=0.649, implied=0.6, low=0.6, high=0.7)
MEASURED = Measured(
    high=MeasuredHigh(first_day="2025-01-02", last_day="2025-05-30", days=88, share=0.42, calls=WINS, rest=None)
)


def prediction(**changes: Any) -> Prediction:
    """Return the answer of a model that ranks its scores over a year."""
    given: dict[str, Any] = {
        "strategy": "Vertical",
        "confidence": 1.0,
        "direction": "bullish",
        "direction_probabilities": {},
        "volatility_regime": "low",
        "regime_probabilities": {},
        "model_version": "v",
        "vertical": VerticalSpread(right="C", action="BUY"),
        "win_probability": {"Vertical": 0.4},
        "implied_probability": {"Vertical": 0.38},
        "model": "distribution",
        "rank_days": 252,
        "measured": MEASURED,
    }
    return Prediction(**(given | changes))


def test_a_rank_of_one_is_no_chance() -> None:
    """The highest rank of a year stands as a share of days, and the chance to win stands by itself."""
    assert rationale(prediction()) == (
        "5-min ML: Vertical, call debit: score higher than on 100 % of the last 252 days;"
        " wins 40 % (38 % implied by option prices)"
    )
    assert "(100.0%)" not in rationale(prediction(), "HIGH")


def _legs(*legs: tuple[str, str, float]) -> ModelledTrade:
    return ModelledTrade(
        legs=tuple(TicketLeg(action=action, right=right, strike=strike, quantity=1) for action, right, strike in legs),
        price=1.0,
        win_probability=0.4,
    )


def test_the_sentence_names_the_strikes_of_the_model() -> None:
    """Where the model names strikes, they stand in the order of a written line: the long one of a debit first."""
    debit = _legs(("SELL", "C", 5855.0), ("BUY", "C", 5850.0))
    assert rationale(prediction(modelled={"Vertical": debit})).startswith(
        "5-min ML: Vertical, call debit 5850/5855: score higher than on 100 % of the last 252 days; wins 40 %"
    )
    condor = _legs(("BUY", "P", 6200.0), ("SELL", "P", 6205.0), ("SELL", "C", 6280.0), ("BUY", "C", 6285.0))
    found = rationale(prediction(strategy="Iron_Condor", modelled={"Iron_Condor": condor}))
    assert found.startswith("5-min ML: Iron_Condor 6280/6285/6205/6200: ")


def test_a_structure_without_a_line_has_no_strikes() -> None:
    """What another model means and no line can name is left out, and nothing fails."""
    strange = _legs(("BUY", "C", 5850.0))
    assert rationale(prediction(modelled={"Vertical": strange})).startswith("5-min ML: Vertical, call debit: ")


def test_a_high_call_says_what_high_has_meant() -> None:
    """The measurement of the model stands behind a HIGH call; without one it says so."""
    assert rationale(prediction(), "HIGH").endswith(
        "; HIGH calls won 64.9 % [60, 70] (60.0 % implied by option prices), on 88 unseen days to 2025-05-30"
    )
    assert rationale(prediction(measured=Measured()), "HIGH").endswith("; HIGH: not measured")
    assert "unseen days" not in rationale(prediction(), "MEDIUM")


def test_an_abstention_ranks_its_best_strategy() -> None:
    """The confidence of No_Trade is what the best rank lacks of 1."""
    silent = prediction(strategy="No_Trade", confidence=0.9)
    assert rationale(silent) == "5-min ML: No_Trade: best score higher than on 10 % of the last 252 days"


def test_a_confidence_that_is_no_rank_is_called_confidence() -> None:
    """A foreign model does not say what its number is: it stands as it is, without a percent sign."""
    foreign = prediction(strategy="Butterfly", confidence=0.825, rank_days=None, win_probability={})
    assert rationale(foreign) == "5-min ML: Butterfly: confidence 0.825"


def test_name_rank_and_measurement_pass_the_contract_call() -> None:
    """The dict of the call carries them there and back."""
    assert parse_answer(to_answer(prediction())) == prediction()


@pytest.mark.parametrize(("details", "name"), [({"model": "night owl"}, "night owl"), ({}, "FakeModel")])
def test_metadata_names_the_model_that_answered(details: dict[str, Any], name: str) -> None:
    """A foreign model is published under the name it gives, without one under that of its class."""
    reply = answer("Butterfly", 0.825)
    reply["details"] |= details
    result = extension(FakeHost(moment("10:35:05"), symbols=["SPX"]), reply).run_ml_prediction()
    assert result is not None
    assert result.signals["SPX"].metadata["model"] == name
