"""The adjustments of mode enhanced: caps, switches, smoothness, and silence where nothing is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_companion.analysis import analyse
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.strategy import BASE_STRATEGIES, BUTTERFLY, IRON_CONDOR, VERTICAL
from magic8_companion.market_view import MarketView
from magic8_companion.scoring import Switches, create_scorer
from magic8_companion.scoring.adjustments import GROUPS, TOTAL_CAP, Group, adjusted, with_groups
from magic8_companion.scoring.measures import gamma_measures, greek_measures, volume_measures
from magic8_companion.scoring.rule import score
from magic8_companion.scoring.rule_scorer import TABLES
from tests.analysis.states import made_chain, made_state
from tests.scoring.views import WORKED_TAPE, view_of

NOTHING = Switches(greeks=False, gamma=False, volume=False)


def chain_view(change: Any = None, **made: Any) -> MarketView:
    """Return a view with a chain of flat volatility; ``change`` maps its rows."""
    state = made_state()
    chain = made_chain(state.as_of, spot=state.spot, **made)
    rows = tuple(replace(row, call_volume=700, put_volume=500) for row in chain.rows)
    chain = replace(chain, rows=tuple(map(change, rows)) if change else rows)
    return analyse(replace(state, chain=chain), "enhanced")


def points(view: MarketView, switches: Switches) -> dict[str, float]:
    """Return what the adjustments add to each strategy."""
    rules = {name: score(table, view.tape) for name, table in TABLES.items()}
    after = adjusted(rules, view, switches)
    return {
        name: sum(item.points for item in after[name].evidence) - sum(item.points for item in rules[name].evidence)
        for name in rules
    }


def test_the_points_of_the_evidence_add_up_to_the_score() -> None:
    """Adjustments and caps included, and the rationale says what each group gave."""
    card = create_scorer("enhanced").score(chain_view())
    for name, rule in card.rules.items():
        total = sum(item.points for item in rule.evidence)
        assert card.scores[name] == pytest.approx(min(100.0, max(0.0, total)), abs=0.051)
        assert "Adjustments: greeks" in rule.rationale


@pytest.mark.parametrize("mode", ["simple", "standard"])
def test_other_modes_are_not_adjusted(mode: str) -> None:
    """The same view, the table's points alone."""
    view = chain_view()
    bare = {name: score(table, view.tape) for name, table in TABLES.items()}
    assert create_scorer(mode).score(view).rules == bare


@pytest.mark.parametrize("name", list(GROUPS))
def test_each_switch_takes_its_group_away(name: str) -> None:
    """Only the factors of the groups that are on appear in the evidence."""
    view, only = chain_view(), replace(NOTHING, **{name: True})
    for strategy, rule in create_scorer("enhanced", switches=only).score(view).rules.items():
        spoken = {item.factor for item in rule.evidence[len(TABLES[strategy]) :]}
        assert spoken - {f"{name}_cap", "adjustments_cap"} == {r.factor for r in GROUPS[name].rules[strategy]}
    assert any(abs(value) > 0.5 for value in points(view, only).values())


def test_all_switched_off_is_the_standard_score() -> None:
    """And the rationale says so."""
    view = chain_view()
    card = create_scorer("enhanced", switches=NOTHING).score(view)
    assert card.scores == create_scorer("standard").score(view).scores
    assert "all switched off" in card.rules[VERTICAL].rationale


def test_without_a_chain_nothing_is_adjusted_and_the_evidence_says_so() -> None:
    """Zero points, and each item names what was not known."""
    card = create_scorer("enhanced").score(view_of(WORKED_TAPE))
    assert card.scores == {"Butterfly": 55.0, "Iron_Condor": 70.0, "Vertical": 45.0}
    for name, rule in card.rules.items():
        added = [i for i in rule.evidence[len(TABLES[name]) :] if i.factor != "gamma_ratio"]
        assert added
        assert {(item.value, item.points) for item in added} == {(None, 0.0)}
        assert all("not known here: no points" in item.why for item in added)


@pytest.mark.parametrize("counts", [0, None])
def test_no_trades_and_no_interest_give_no_points_and_no_division(counts: int | None) -> None:
    """Zero total volume or open interest: the measures are not known."""
    view = chain_view(lambda r: replace(r, call_volume=counts, put_volume=counts, call_oi=counts, put_oi=counts))
    measures = volume_measures(view)
    assert (measures["turnover"], measures["flow_tilt"]) == (None, None)
    assert gamma_measures(view)["nearest_wall"] is None


def test_a_chain_without_quotes_has_no_greeks() -> None:
    """Greeks need a smile."""
    blind = chain_view(lambda row: replace(row, call_bid=None, put_bid=None, call_ask=None, put_ask=None))
    assert set(greek_measures(blind).values()) == {None}
    assert volume_measures(blind)["liquidity"] is None


def test_the_greeks_are_those_of_centred_structures() -> None:
    """A centred butterfly and condor have little delta, a vertical has a third of a share's; a body earns by time."""
    measures = greek_measures(chain_view())
    assert measures["butterfly_delta"] == pytest.approx(0.0, abs=0.15)
    assert measures["condor_delta"] == pytest.approx(0.0, abs=0.1)
    assert measures["vertical_delta"] == pytest.approx(0.34, abs=0.1)
    theta = measures["butterfly_theta"]
    assert theta is not None
    assert theta > 0


def test_walls_at_the_price_help_the_butterfly_and_hurt_the_condor() -> None:
    """Open interest at the money alone; then far out alone: there the condor is held."""

    def at(low: float, high: float) -> Any:
        def change(row: Any) -> Any:
            middle = made_state().spot
            inside = low <= abs(row.strike - middle) <= high
            call, put = row.strike >= middle, row.strike <= middle
            return replace(row, call_oi=9000 * (inside and call), put_oi=2000 * (inside and put))

        return change

    only = replace(NOTHING, gamma=True)
    near, far = points(chain_view(at(0.0, 1.0)), only), points(chain_view(at(3.0, 5.0)), only)
    assert near[BUTTERFLY] > far[BUTTERFLY]
    assert near[IRON_CONDOR] < far[IRON_CONDOR]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_caps_are_passed_whatever_the_chain_says(data: st.DataObject) -> None:
    """Greeks and volume at most 10 points either way, gamma 20, together 20."""
    measured = {
        rule.factor: data.draw(st.one_of(st.none(), st.floats(-100.0, 100.0)), label=rule.factor)
        for group in GROUPS.values()
        for rules in group.rules.values()
        for rule in rules
    }
    view = view_of(WORKED_TAPE)
    fixed = {name: replace(group, measure=lambda _: measured) for name, group in GROUPS.items()}
    for name in BASE_STRATEGIES:
        assert abs(_total(fixed, name, view)) <= TOTAL_CAP + 1e-6
        for group in fixed.values():
            assert abs(_total({group.name: group}, name, view)) <= group.cap + 1e-6


def _total(groups: dict[str, Group], strategy: str, view: MarketView) -> float:
    before = score(TABLES[strategy], view.tape)
    after = with_groups({strategy: before}, view, tuple(groups.values()))[strategy]
    return sum(i.points for i in after.evidence) - sum(i.points for i in before.evidence)


def test_the_ramps_are_smooth() -> None:
    """One per cent more of any measure moves no rule by more than one point."""
    for group in GROUPS.values():
        for rule in (rule for rules in group.rules.values() for rule in rules):
            reach = max(abs(corner) for corner, _ in rule.ramp)
            for step in range(200):
                value = -reach + step * reach / 80
                assert abs(rule.points(value * 1.01) - rule.points(value)) <= 1.0


def test_the_view_is_not_changed() -> None:
    """Scoring twice gives the same card."""
    view = chain_view()
    chain: OptionChain | None = view.state.chain
    scorer = create_scorer("enhanced")
    assert scorer.score(view) == scorer.score(view)
    assert view.state.chain is chain
