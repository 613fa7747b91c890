"""MLEnhancedScoring: a linear blend, published numbers, and rules alone whenever the model cannot answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.blend import label
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.ml_result import Prediction
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_ml import MLEnhancedScoring
from tests.forecast.plugin_fakes import FakeModel, FakeRules, answer, market_state, market_view, moment, without_vix

AT = moment("10:30:05")
VIEW = market_view(market_state("SPX", AT))


def scoring(reply: object = None, **options: Any) -> MLEnhancedScoring:
    """Return the class under test around fixed rules and a fake model."""
    return MLEnhancedScoring(FakeRules(), "nowhere", options=MLPluginConfig(**options), ml_system=FakeModel(reply))


def test_the_worked_example_gives_the_same_digits() -> None:
    """Rules 55/70/45 and Iron_Condor at 0.84 with weight 0.35 publish 35.8/74.9/29.3 as MEDIUM/HIGH/LOW."""
    card = scoring().score(VIEW)
    assert card.scores == {"Butterfly": 35.8, "Iron_Condor": 74.9, "Vertical": 29.3}
    assert [label(card.scores[name], 65, 35) for name in BASE_STRATEGIES] == ["MEDIUM", "HIGH", "LOW"]
    assert card.agreement == {"Butterfly": "mixed", "Iron_Condor": "agree", "Vertical": "mixed"}
    assert card.ml_scores == {"Butterfly": 0.0, "Iron_Condor": 84.0, "Vertical": 0.0}
    assert card.ml_status == "ok"


async def test_the_thin_face_returns_three_published_floats() -> None:
    """``score_combo_types`` gives the same numbers from the dict of the analysis."""
    scores = await scoring().score_combo_types(VIEW.as_market_data(), "SPX")
    assert scores == {"Butterfly": 35.8, "Iron_Condor": 74.9, "Vertical": 29.3}


def test_details_show_the_inputs_of_the_scores() -> None:
    """``details_for`` returns rule, ml, blended, agreement, status, confidence and strategy; a stranger is an error."""
    scorer = scoring()
    scorer.score(VIEW)
    assert scorer.details_for("SPX") == {
        "rule": {"Butterfly": 55.0, "Iron_Condor": 70.0, "Vertical": 45.0},
        "ml": {"Butterfly": 0.0, "Iron_Condor": 84.0, "Vertical": 0.0},
        "blended": {"Butterfly": 35.8, "Iron_Condor": 74.9, "Vertical": 29.3},
        "agreement": {"Butterfly": "mixed", "Iron_Condor": "agree", "Vertical": "mixed"},
        "ml_status": "ok",
        "ml_confidence": 0.84,
        "strategy": "Iron_Condor",
    }
    with pytest.raises(KeyError):
        scorer.details_for("SPY")


def test_the_model_gets_the_five_arguments_of_the_contract() -> None:
    """The call is by name, with naive UTC time, canonical frames, one row of delta proxies and no trades."""
    model = FakeModel()
    MLEnhancedScoring(FakeRules(), options=MLPluginConfig(), ml_system=model).score(VIEW)
    (call,) = model.calls
    assert call["current_time"] == datetime(2025, 6, 26, 14, 30, 5)  # noqa: DTZ001  # naive by contract
    assert call["bar_data"].index.tz is not None
    assert len(call["bar_data"]) == 12
    assert len(call["discord_delta"]) == 1
    assert call["discord_trades"].empty


def test_log_lines_are_those_operators_search_for(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Every line of the contract appears word for word."""
    caplog.set_level(logging.INFO)
    scoring().score(VIEW)
    scoring({"available": False, "reason": "abstained"}).score(VIEW)
    MLEnhancedScoring(FakeRules(), tmp_path, options=MLPluginConfig())
    assert "ML-enhanced scoring enabled (weight: 0.35)" in caplog.messages
    assert "ML prediction: Iron_Condor (conf: 0.84)" in caplog.messages
    assert "ML prediction: unavailable (abstained)" in caplog.messages
    assert "ML enhancement disabled. Using rule-based scoring only." in caplog.messages
    assert (
        "Score combination - Base: {'Butterfly': 55.0, 'Iron_Condor': 70.0, 'Vertical': 45.0}, "
        "ML: {'Butterfly': 0.0, 'Iron_Condor': 84.0, 'Vertical': 0.0}, "
        "Combined: {'Butterfly': 35.8, 'Iron_Condor': 74.9, 'Vertical': 29.3}"
    ) in caplog.messages


def test_a_real_no_trade_is_a_veto(caplog: pytest.LogCaptureFixture) -> None:
    """No_Trade blends zeros, so that a rule score below 100 cannot reach 65, and the log calls it a veto."""
    caplog.set_level(logging.INFO)
    card = scoring(answer("No_Trade", 0.9)).score(VIEW)
    assert card.scores == {"Butterfly": 35.8, "Iron_Condor": 45.5, "Vertical": 29.3}
    assert card.ml_status == "ok"
    assert any(message.startswith("ML veto: No_Trade") for message in caplog.messages)


def stale_bars(state: MarketState) -> MarketState:
    """Return the state observed 11 minutes later, with the same bars."""
    return replace(state, as_of=state.as_of + timedelta(minutes=11))


def stale_vix(state: MarketState) -> MarketState:
    """Return the state with a VIX that ended 35 minutes ago."""
    return replace(state, vix_bars=state.vix_bars[:5])


def yesterdays_vix(state: MarketState) -> MarketState:
    """Return the state with the official VIX open of the day before."""
    assert state.vix is not None
    before = market_state("SPX", moment("10:30:05", date(2025, 6, 25)))
    return replace(state, vix_bars=before.vix_bars[:1], vix=replace(state.vix, kind="daily_open"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (stale_bars, "stale_bars"),
        (stale_vix, "stale_vix"),
        (without_vix, "missing_vix"),
        (yesterdays_vix, "missing_vix"),
        (lambda state: replace(state, bars=Bars.empty()), "missing_bars"),
    ],
)
def test_old_or_missing_inputs_are_never_predicted_on(
    change: Callable[[MarketState], MarketState], reason: str
) -> None:
    """The model is not even asked, the rules stand unchanged, and the reason is published."""
    model = FakeModel()
    scorer = MLEnhancedScoring(FakeRules(), options=MLPluginConfig(), ml_system=model)
    card = scorer.score(market_view(change(VIEW.state)))
    assert card.ml_status == f"unavailable:{reason}"
    assert card.scores == {"Butterfly": 55.0, "Iron_Condor": 70.0, "Vertical": 45.0}
    assert model.calls == []


def test_the_official_vix_open_is_fresh_all_day() -> None:
    """A daily open counts as fresh in the afternoon, and the model is told what it is."""
    late = market_state("SPX", moment("15:30:05"))
    assert late.vix is not None
    opened = replace(late, vix_bars=late.vix_bars[:1], vix=replace(late.vix, kind="daily_open"))
    model = FakeModel()
    card = MLEnhancedScoring(FakeRules(), options=MLPluginConfig(), ml_system=model).score(market_view(opened))
    assert card.ml_status == "ok"
    assert model.calls[0]["vix_data"].attrs["kind"] == "daily_open"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"available": False, "reason": "out_of_distribution"}, "out_of_distribution"),
        ("Butterfly", "bad_result"),
        ({"strategy": "Straddle", "confidence": 0.9}, "bad_result"),
        (answer(confidence=float("nan")), "bad_result"),
        (answer(confidence=1.2), "bad_result"),
        (answer(details={"direction": "sideways", "volatility_regime": "low"}), "bad_result"),
        (answer(details={"direction": "neutral", "volatility_regime": "low", "blocked_by": 7}), "exception"),
        (lambda: 1 / 0, "exception"),
    ],
)
def test_whatever_the_model_does_wrong_leaves_the_rules(reply: object, reason: str) -> None:
    """Nonsense and exceptions become a published reason; nothing is raised."""
    card = scoring(reply).score(VIEW)
    assert card.ml_status == f"unavailable:{reason}"
    assert card.scores == {"Butterfly": 55.0, "Iron_Condor": 70.0, "Vertical": 45.0}
    assert card.agreement == {}


def test_a_hung_call_times_out_and_does_not_block_the_next() -> None:
    """The late answer is dropped, and the same object answers again while the first call still hangs."""
    release = threading.Event()
    model = FakeModel()
    model.reply = lambda: (release.wait(60), answer("Vertical"))[1] if len(model.calls) == 1 else answer()
    scorer = MLEnhancedScoring(FakeRules(), options=MLPluginConfig(timeout_seconds=1), ml_system=model)
    cards = [scorer.score(VIEW) for _ in range(2)]
    assert [card.ml_status for card in cards] == ["unavailable:timeout", "ok"]
    assert scorer.details_for("SPX")["strategy"] == "Iron_Condor"
    release.set()


def test_the_weight_is_clamped_and_a_heavy_one_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """``set_ml_weight`` keeps 0..1 and warns above 0.50, not at 0.50."""
    scorer = scoring()
    caplog.clear()
    for given_weight, kept, warned in [(-1, 0.0, False), (0.5, 0.5, False), (0.51, 0.51, True), (7, 1.0, True)]:
        caplog.clear()
        scorer.set_ml_weight(given_weight)
        assert scorer.ml_weight == kept
        assert any(record.levelno == logging.WARNING for record in caplog.records) is warned


def test_the_weight_is_read_from_the_environment_only_without_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Options win; without them M8C_ML_WEIGHT counts, an unreadable one is warned of."""
    monkeypatch.setenv("M8C_ML_WEIGHT", "0.2")
    assert scoring().ml_weight == 0.35
    assert MLEnhancedScoring(FakeRules(), ml_system=FakeModel()).ml_weight == 0.2
    monkeypatch.setenv("M8C_ML_WEIGHT", "much")
    assert MLEnhancedScoring(FakeRules(), ml_system=FakeModel()).ml_weight == 0.35


def test_a_folder_without_a_model_disables_the_ml_and_nothing_else(tmp_path: Path) -> None:
    """The constructor does not raise; ml_system is None, ml_path absolute, the reason is no_model."""
    scorer = MLEnhancedScoring(FakeRules(), ml_option_trading_path=tmp_path / "absent")
    assert scorer.ml_system is None
    assert scorer.ml_path == tmp_path / "absent"
    assert scorer.score(VIEW).ml_status == "unavailable:no_model"
    scorer.ml_system = FakeModel()
    assert scorer.score(VIEW).ml_status == "ok"
    assert MLEnhancedScoring(FakeRules(), "../elsewhere").ml_path.is_absolute()


def test_a_relative_folder_starts_at_the_root_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """MAGIC8_PATH, not the current folder, is where relative paths start."""
    monkeypatch.setenv("MAGIC8_PATH", str(tmp_path))
    assert MLEnhancedScoring(FakeRules(), "ml").ml_path == tmp_path / "ml"


class SyncRules:
    def score_combo_types(self, market_data: dict[str, Any], symbol: str) -> dict[str, int]:
        return {"Butterfly": 55, "Iron_Condor": 70, "Vertical": 45}


class AsyncRules:
    async def score_combo_types(self, market_data: dict[str, Any], symbol: str) -> dict[str, int]:
        return {"Butterfly": 55, "Iron_Condor": 70, "Vertical": 45}


@pytest.mark.parametrize("rules", [SyncRules(), AsyncRules()])
async def test_a_foreign_scorer_needs_only_its_one_method(rules: object) -> None:
    """With a view the blend is the same; a plain dict without bars leaves the rules and says missing_bars."""
    scorer = MLEnhancedScoring(rules, options=MLPluginConfig(), ml_system=FakeModel())
    blended = {"Butterfly": 35.8, "Iron_Condor": 74.9, "Vertical": 29.3}
    assert await scorer.score_combo_types({"view": VIEW}, "SPX") == blended
    alone = {"Butterfly": 55.0, "Iron_Condor": 70.0, "Vertical": 45.0}
    assert await scorer.score_combo_types({"price": 6088, "vix": 17.5}, "SPX") == alone
    assert scorer.details_for("SPX")["ml_status"] == "unavailable:missing_bars"
    assert await scorer.score_combo_types({"bars": pd.DataFrame(), "as_of": "soon"}, "SPX") == alone
    assert await scorer.score_combo_types(
        {"bars": pd.DataFrame({"x": [1]}), "as_of": "2025-06-26T14:30:05Z"}, "SPX"
    ) == (alone)
    assert scorer.details_for("SPX")["ml_status"] == "unavailable:bad_bars"


async def test_frames_of_a_plain_dict_reach_the_model() -> None:
    """Bars, VIX bars and as_of suffice for a prediction with a foreign scorer."""
    model = FakeModel()
    scorer = MLEnhancedScoring(AsyncRules(), options=MLPluginConfig(), ml_system=model)
    data = {key: value for key, value in VIEW.as_market_data().items() if key in {"bars", "vix_bars", "as_of"}}
    assert (await scorer.score_combo_types(data, "SPX"))["Iron_Condor"] == 74.9
    assert model.calls[0]["bar_data"].attrs["symbol"] == "SPX"
    assert model.calls[0]["current_time"].tzinfo is None


@given(
    rules=st.tuples(*[st.floats(0, 100)] * 3),
    confidence=st.floats(0, 1),
    weight=st.floats(0, 1),
    strategy=st.sampled_from(["Butterfly", "Iron_Condor", "Vertical", "No_Trade"]),
)
def test_a_blend_lies_between_rule_and_model(
    rules: tuple[float, float, float], confidence: float, weight: float, strategy: str
) -> None:
    """For every input a published score lies between its two sources, within rounding."""
    scorer = MLEnhancedScoring(
        FakeRules(*rules), options=MLPluginConfig(weight=weight), ml_system=FakeModel(answer(strategy, confidence))
    )
    card = scorer.score(VIEW)
    assert isinstance(card.ml, Prediction)
    for name, rule in zip(BASE_STRATEGIES, rules, strict=True):
        low, high = sorted((rule, 100 * card.ml.confidence if name == strategy else 0.0))
        assert low - 0.051 <= card.scores[name] <= high + 0.051
