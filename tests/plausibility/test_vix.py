"""Bounds of the VIX."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from magic8_companion.domain.market_state import VixReading
from magic8_companion.plausibility import implausible_change, implausible_vix
from tests.engine.fakes import FULL_DAY
from tests.engine.test_volatility_pause import vix


@pytest.mark.parametrize("closes", [[], [20.0], [20.0, 38.0], [65.7, 39.0], [89.5, 82.7], [8.6, 9.1], [20.0, 45.0]])
def test_what_has_been_can_be(closes: Sequence[float]) -> None:
    """The records of 2008 and 2017, 5 February 2018 in half an hour, 5 August 2024."""
    assert implausible_vix(vix(closes)) is None


@pytest.mark.parametrize("closes", [[900.0], [20.0, 900.0, 20.0], [0.2], [20.0, 4.0], [18.0, 60.0], [60.0, 18.0]])
def test_what_cannot_be_is_refused_with_its_number(closes: Sequence[float]) -> None:
    """Ten times, a tenth, an index at the place of the VIX, a factor of more than 2.5 within a bar."""
    finding = implausible_vix(vix(closes))
    assert finding is not None
    assert finding.reason == "implausible_vix"
    assert any(f"{close:g}" in finding.sentence for close in closes)


@pytest.mark.parametrize(
    ("value", "before", "is_true"),
    [(65.7, 23.4, True), (60.0, 19.0, False), (9.0, 26.0, True), (9.0, 28.0, False), (900.0, None, True)],
)
def test_the_change_since_yesterday_is_at_most_threefold(value: float, before: float | None, is_true: bool) -> None:
    """5 August 2024 reached 2.81 times the close before; an unknown close says nothing."""
    reading = VixReading(value=value, as_of=FULL_DAY.open_at, kind="daily_open", source="test", previous_close=before)
    assert (implausible_change(reading) is None) == is_true
