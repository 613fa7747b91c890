"""One rule: a ramp, its points and its evidence."""

from __future__ import annotations

import pytest

from magic8_companion.scoring.rule import ScoringRule, score

RISING = ScoringRule(factor="pull", ramp=((20.0, 0.0), (80.0, 30.0)), why="it pulls")
TENT = ScoringRule(
    factor="heat", ramp=((0.0, 5.0), (40.0, 10.0), (60.0, 10.0), (100.0, -2.0)), why="neither cold nor hot"
)


@pytest.mark.parametrize(("value", "points"), [(-5.0, 0.0), (20.0, 0.0), (50.0, 15.0), (80.0, 30.0), (999.0, 30.0)])
def test_a_ramp_is_straight_inside_and_flat_outside(value: float, points: float) -> None:
    """Corner values included."""
    assert RISING.points(value) == points


@pytest.mark.parametrize(("value", "points"), [(0.0, 5.0), (20.0, 7.5), (50.0, 10.0), (80.0, 4.0), (100.0, -2.0)])
def test_a_ramp_may_have_several_corners(value: float, points: float) -> None:
    """A tent rises, stays and falls."""
    assert TENT.points(value) == points
    assert (TENT.least, TENT.most) == (-2.0, 10.0)


def test_a_missing_measure_gives_the_middle_and_says_so() -> None:
    """Not knowing is neither for nor against."""
    item = RISING.evidence({"pull": None})
    assert (item.value, item.points) == (None, 15.0)
    assert item.why == "it pulls (not known here: middle points)"


def test_a_measure_that_nobody_knows_is_a_bug() -> None:
    """A misspelt factor must not look like missing data."""
    with pytest.raises(KeyError, match="pull"):
        RISING.evidence({"push": 1.0})


def test_a_value_that_is_no_number_is_refused() -> None:
    """NaN stops here if it ever came so far."""
    with pytest.raises(ValueError, match="pull: nan"):
        RISING.points(float("nan"))


@pytest.mark.parametrize("ramp", [((1.0, 2.0),), ((1.0, 0.0), (1.0, 5.0)), ((2.0, 0.0), (1.0, 5.0))])
def test_an_impossible_ramp_is_refused(ramp: tuple[tuple[float, float], ...]) -> None:
    """One corner, a cliff, or corners in the wrong order."""
    with pytest.raises(ValueError, match="ascending"):
        ScoringRule(factor="pull", ramp=ramp, why="it pulls")


def test_points_add_up_and_the_rationale_names_both_sides() -> None:
    """The strongest support and what holds it back."""
    result = score((RISING, TENT), {"pull": 74.0, "heat": 90.0})
    assert [item.points for item in result.evidence] == [27.0, 1.0]
    assert result.value == 28.0
    assert result.rationale == "For: pull 74.00 gives 27.0 of 30. Against: heat 90.00 gives 1.0 of 10."


def test_the_score_is_clamped_and_the_evidence_is_not() -> None:
    """A sum below zero is published as zero; the evidence still tells it."""
    result = score((TENT,), {"heat": 100.0})
    assert result.value == 0.0
    assert sum(item.points for item in result.evidence) == -2.0
