"""Laws that the three tables of points must keep."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.analysis import analyse
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.scoring.rule import score
from magic8_companion.scoring.rule_scorer import TABLES
from tests.analysis.states import made_state, repeated_day_state, with_vix
from tests.scoring.views import FACTORS, WORKED_TAPE, tapes

CLIFF = 10.0


def scores(tape: dict[str, float | None]) -> dict[str, float]:
    """Return the clamped score of every table."""
    return {name: score(table, tape).value for name, table in TABLES.items()}


@pytest.mark.parametrize("name", BASE_STRATEGIES)
def test_every_table_runs_from_0_to_100(name: str) -> None:
    """So no strategy is far from HIGH, nor close to it, by construction."""
    assert sum(rule.most for rule in TABLES[name]) == 100.0
    assert sum(rule.least for rule in TABLES[name]) == 0.0


def test_the_analysis_knows_every_factor() -> None:
    """The names are the contract between the two rooms."""
    tape = analyse(made_state()).tape
    factors = {rule.factor for table in TABLES.values() for rule in table}
    assert factors <= tape.keys()
    assert factors == set(FACTORS)


@given(tape=tapes())
def test_evidence_adds_up_to_the_score(tape: dict[str, float | None]) -> None:
    """Every rule speaks once, its points are published numbers, and the sum is the score."""
    for table in TABLES.values():
        result = score(table, tape)
        assert [item.factor for item in result.evidence] == [rule.factor for rule in table]
        assert all(item.points == round(item.points, 1) for item in result.evidence)
        assert all(item.why for item in result.evidence)
        total = sum(item.points for item in result.evidence)
        assert result.value == min(100.0, max(0.0, total))


@given(tape=tapes(), factor=st.sampled_from(FACTORS))
def test_one_per_cent_more_of_any_measure_is_no_cliff(tape: dict[str, float | None], factor: str) -> None:
    """At most 10 points for 1 %; the steepest ramp gives less than one."""
    value = tape[factor]
    if value is None:
        return
    before, after = scores(tape), scores({**tape, factor: 1.01 * value})
    assert max(abs(after[name] - before[name]) for name in before) <= 1.0


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("vix", [12.0, 16.0, 25.0])
def test_one_per_cent_more_vix_or_movement_is_no_cliff_end_to_end(seed: int, vix: float) -> None:
    """From the VIX and from the size of today's moves through the analysis to the scores."""
    before = scores(analyse(with_vix(made_state(seed=seed), vix)).tape)
    for state in (
        with_vix(made_state(seed=seed), 1.01 * vix),
        with_vix(made_state(seed=seed, today_scale=1.01), vix),
    ):
        after = scores(analyse(state).tape)
        assert max(abs(after[name] - before[name]) for name in before) <= CLIFF


@pytest.mark.parametrize("change", [0.99, 1.01])
def test_even_after_a_month_of_equal_days_one_per_cent_is_no_cliff(change: float) -> None:
    """An exact rank would jump from the middle to an end of the scale here."""
    state = repeated_day_state()
    before, after = scores(analyse(state).tape), scores(analyse(with_vix(state, change * 16.0)).tape)
    assert before != after
    assert max(abs(after[name] - before[name]) for name in before) <= CLIFF


@pytest.mark.parametrize(
    ("name", "factor", "sign"),
    [
        ("Butterfly", "pace_percentile", -1),
        ("Butterfly", "recent_pace_percentile", -1),
        ("Butterfly", "stretch_percentile", -1),
        ("Butterfly", "implied_percentile", -1),
        ("Butterfly", "gamma_ratio", 1),
        ("Iron_Condor", "pace_percentile", -1),
        ("Iron_Condor", "range_percentile", -1),
        ("Iron_Condor", "efficiency_percentile", -1),
        ("Iron_Condor", "gamma_ratio", 1),
        ("Vertical", "efficiency_percentile", 1),
        ("Vertical", "stretch_percentile", 1),
        ("Vertical", "range_percentile", 1),
        ("Vertical", "recent_pace_percentile", 1),
        ("Vertical", "implied_percentile", 1),
        ("Vertical", "gamma_ratio", -1),
    ],
)
def test_a_strategy_agrees_with_its_payoff(name: str, factor: str, sign: int) -> None:
    """Butterfly and Iron_Condor want quiet, Vertical wants movement: never the other way round."""
    span = (-1.0, 1.0) if factor == "gamma_ratio" else (0.0, 100.0)
    grid = [span[0] + (span[1] - span[0]) * step / 50 for step in range(51)]
    climb = [sign * scores({**WORKED_TAPE, factor: value})[name] for value in grid]
    assert climb == sorted(climb)
    assert climb[-1] > climb[0]


def test_an_iron_condor_wants_neither_extreme_of_volatility() -> None:
    """Too low pays too little, too high breaks ranges: the middle of the year is best."""
    low, middle, high = (scores({**WORKED_TAPE, "implied_percentile": p})["Iron_Condor"] for p in (0.0, 45.0, 100.0))
    assert middle > low > high


@given(tape=tapes())
def test_the_order_of_the_tape_does_not_matter(tape: dict[str, float | None]) -> None:
    """A tape is read by name."""
    assert scores(dict(reversed(tape.items()))) == scores(tape)


def test_the_quietest_pinned_day_and_the_wildest_trend_lie_at_opposite_ends() -> None:
    """The whole scale is used."""
    quiet = dict.fromkeys(FACTORS, 0.0) | {"gamma_ratio": 0.5, "implied_percentile": 15.0}
    wild = dict.fromkeys(FACTORS, 100.0) | {"gamma_ratio": -0.5}
    assert scores(quiet) == {"Butterfly": 100.0, "Iron_Condor": pytest.approx(96.3), "Vertical": 0.0}
    assert scores(wild) == {"Butterfly": 0.0, "Iron_Condor": 0.0, "Vertical": 100.0}


def test_knowing_nothing_is_never_high() -> None:
    """Middle points everywhere: MEDIUM, whatever the strategy."""
    assert scores(dict.fromkeys(FACTORS)) == {"Butterfly": 50.0, "Iron_Condor": 50.0, "Vertical": 50.0}
