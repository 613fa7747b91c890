"""The rule scorer and its face for callers."""

from __future__ import annotations

import pytest

from magic8_companion.analysis import analyse
from magic8_companion.domain.blend import blend
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.ports import Scorer
from magic8_companion.scoring import RuleScorer, create_scorer
from tests.analysis.states import made_state
from tests.scoring.views import WORKED_TAPE, view_of

WORKED = {"Butterfly": 55.0, "Iron_Condor": 70.0, "Vertical": 45.0}


def test_the_worked_vector_can_be_produced() -> None:
    """Exactly 55 / 70 / 45, and blended with 0 / 84 / 0 at 0.35 exactly 35.8 / 74.9 / 29.3."""
    card = create_scorer().score(view_of(WORKED_TAPE))
    assert card.scores == WORKED
    ml = {"Butterfly": 0.0, "Iron_Condor": 84.0, "Vertical": 0.0}
    assert blend(card.scores, ml, 0.35) == {"Butterfly": 35.8, "Iron_Condor": 74.9, "Vertical": 29.3}


def test_it_fits_the_port() -> None:
    """One line of typing proves it."""
    scorer: Scorer = create_scorer()
    card = scorer.score(analyse(made_state()))
    assert tuple(card.scores) == BASE_STRATEGIES
    assert card.symbol == "SPY"
    assert (card.ml, card.ml_status) == (None, "disabled")


def test_scoring_is_pure() -> None:
    """The same view gives the same card, and the view keeps its tape."""
    view = view_of(dict(WORKED_TAPE))
    scorer = create_scorer()
    assert scorer.score(view) == scorer.score(view)
    assert view.tape == WORKED_TAPE
    assert scorer.explain("SPY") == {}


@pytest.mark.parametrize("mode", ["simple", "standard", "enhanced", " Standard "])
async def test_every_mode_scores_three_strategies(mode: str) -> None:
    """Floats from 0 to 100 at one digit."""
    scores = await create_scorer(mode).score_combo_types({"view": view_of(WORKED_TAPE)}, "SPY")
    assert scores == WORKED


@pytest.mark.parametrize(("typo", "nearest"), [("standrad", "standard"), ("enhance", "enhanced"), ("simpel", "simple")])
def test_an_unknown_mode_names_the_nearest(typo: str, nearest: str) -> None:
    """The start stops with one sentence."""
    with pytest.raises(ConfigError, match=f"did you mean '{nearest}'"):
        create_scorer(typo)


async def test_the_evidence_explains_the_last_scoring() -> None:
    """Four keys per item, and the points add up to the score."""
    scorer = create_scorer()
    scores = await scorer.score_combo_types({"view": view_of(WORKED_TAPE)}, "spy")
    explained = scorer.explain("SPY")
    for name, items in explained.items():
        assert all(list(item) == ["factor", "value", "points", "why"] for item in items)
        assert sum(item["points"] for item in items) == pytest.approx(scores[name])
    assert scorer.explain("QQQ") == {}


@pytest.mark.parametrize("market_data", [{}, {"view": None}, {"view": {"tape": {}}}])
async def test_market_data_without_a_view_is_refused(market_data: dict) -> None:
    """A dict made by hand cannot be scored: the sentence says what to pass."""
    with pytest.raises(DataUnavailable, match="analyze_symbol") as refusal:
        await create_scorer().score_combo_types(market_data, "SPY")
    assert refusal.value.reason == "no_market_view"


async def test_the_view_of_another_symbol_is_refused() -> None:
    """Scores never travel under a wrong name."""
    with pytest.raises(DataUnavailable, match="QQQ requested"):
        await create_scorer().score_combo_types({"view": view_of(WORKED_TAPE)}, "QQQ")


def test_the_best_score_is_recommended() -> None:
    """With its label."""
    found = RuleScorer().generate_recommendation(WORKED)
    assert found == {"recommendation": "Iron_Condor", "score": 70.0, "confidence": "HIGH"}


def test_below_the_mark_nothing_is_recommended() -> None:
    """The reason names the best and the mark."""
    found = RuleScorer(high=70.1).generate_recommendation(WORKED)
    assert found == {"recommendation": "NONE", "reason": "the best score, Iron_Condor 70.0, is below 70.1"}


@pytest.mark.parametrize(("gap", "recommendation"), [(15.0, "Iron_Condor"), (15.1, "NONE")])
def test_a_lead_may_be_demanded(gap: float, recommendation: str) -> None:
    """70 leads 55 by 15."""
    found = create_scorer(min_gap=gap).generate_recommendation(WORKED)
    assert found["recommendation"] == recommendation


def test_ties_go_to_the_iron_condor_then_to_the_vertical() -> None:
    """The published order of ties."""
    scorer = RuleScorer()
    tied = dict.fromkeys(BASE_STRATEGIES, 70.0)
    assert scorer.generate_recommendation(tied)["recommendation"] == "Iron_Condor"
    assert scorer.generate_recommendation({**tied, "Iron_Condor": 10.0})["recommendation"] == "Vertical"
