"""What was measured of a model: written, read again, and put into one sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from magic8_companion.domain.measured import NOTHING_MEASURED, read_measured
from tests.domain.measurements import MEASURED, SPAN


def test_a_measurement_survives_its_plain_form() -> None:
    """Reading what was written gives the same record."""
    assert read_measured(MEASURED.as_json()) == MEASURED


def test_the_sentence_compares_with_the_rest_and_with_prices() -> None:
    """HIGH beside the other calls, each with the chance that prices implied, and the days it was measured on."""
    assert MEASURED.high_sentence == (
        "HIGH calls won 59.6 % [53, 66] (53.2 % implied by option prices), other calls won 61.0 % (56.0 % implied by"
        " option prices), on 231 unseen days to 2025-08-08"
    )


def test_agreement_has_its_own_sentence() -> None:
    """Each class of agreement says how often it won; one that never happened is not measured."""
    assert MEASURED.agreement_sentence("agree").startswith("won 59.6 % [53, 66]")
    assert MEASURED.agreement_sentence("disagree") == "not measured"


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"high": None, "agreement": None},
        {"high": {**SPAN, "share": 2, "calls": None, "rest": None}},
        {"high": {**SPAN, "share": 0.3, "calls": {"won": 0.5}, "rest": None}},
        {"high": {**SPAN, "share": 0.3, "calls": {**MEASURED.as_json()["high"]["calls"], "won": 64.9}, "rest": None}},
    ],
)
def test_what_cannot_be_read_is_not_measured(data: object) -> None:
    """A manifest of an earlier training, or one that holds nonsense, measures nothing: the model still serves."""
    assert read_measured(data) == NOTHING_MEASURED


def test_what_was_measured_on_simulated_days_says_so() -> None:
    """Every sentence of the measurement ends with it; what is not measured stays that."""
    simulated = replace(MEASURED, is_simulated=True)
    for sentence in (simulated.high_sentence, simulated.checkpoint_note, simulated.agreement_sentence("agree")):
        assert sentence.endswith(", all of it simulated")
    assert simulated.agreement_sentence("disagree") == "not measured"
    assert replace(NOTHING_MEASURED, is_simulated=True).high_sentence == "HIGH: not measured"
    assert read_measured(simulated.as_json()) == simulated
    assert not read_measured(MEASURED.as_json()).is_simulated
