"""Serving: the training row again, bit for bit; and a stated reason instead of a guess."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.market_state import MarketState, VixReading
from magic8_companion.domain.ml_result import MLResult, Prediction, Unavailable
from magic8_ml.forecast.contract_call import parse_answer, prediction_arguments, to_answer
from magic8_ml.forecast.day_history import DayHistory, DayHistoryCache
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.labels import ENTRY_BARS
from magic8_ml.forecast.ml_config import MLConfig
from magic8_ml.forecast.ml_system import ProductionMLSystem
from magic8_ml.forecast.prediction_inputs import PredictionInputs
from magic8_ml.forecast.predictor import serving_rows
from magic8_ml.forecast.rationale import IN_SAMPLE
from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.structures import SPREADS
from magic8_ml.forecast.training.dataset import symbol_days
from magic8_ml.registry.manifest import ModelUnavailable
from tests.forecast.markets import Market, session_of, state_at

NOON = timedelta(hours=2, minutes=30, seconds=5)


@pytest.fixture(scope="module")
def system(models: Path) -> ProductionMLSystem:
    """Load the trained model once."""
    return ProductionMLSystem(config_of(models))


def config_of(models: Path) -> MLConfig:
    """Name the model as the predecessor did: by pickles that nobody opens."""
    return MLConfig(
        direction_model_path=models / "direction_model.pkl", volatility_model_path=models / "volatility_model.pkl"
    )


@pytest.fixture(scope="module")
def noon(market: Market) -> MarketState:
    """Observe SPY at 12:00:05 on a day after the training."""
    row, session = session_of(market.bars["SPY"], -5)
    return state_at(market, "SPY", row, session.open_at + NOON)


def call(system: ProductionMLSystem, state: MarketState) -> MLResult:
    """Predict the way the host's plugin classes do."""
    return parse_answer(system.predict(**prediction_arguments(state)))


def served(system: ProductionMLSystem, inputs: PredictionInputs) -> Rows:
    """Return the row that serving computes."""
    return serving_rows(inputs, inputs.today, system.predictor.model.forecaster.terciles, DayHistoryCache())


def reason(system: ProductionMLSystem, state: MarketState) -> str:
    """Predict what must not be predicted; both ways give the same reason."""
    result = call(system, state)
    assert isinstance(result, Unavailable), result
    assert system.predictor.predict(PredictionInputs.from_state(state)) == result
    return result.reason


def test_a_replayed_state_gives_the_training_row_bit_for_bit(system: ProductionMLSystem, market: Market) -> None:
    """At every entry time of several days the serving call computes exactly the row that training learnt from."""
    data = symbol_days("SPY", market.bars["SPY"], market.vix)
    table = session_table()
    for n in (0, 40, 77, len(data.days) - 1):
        row = int(data.days[n])
        for entry, bars_done in enumerate(ENTRY_BARS.tolist()):
            at = table.sessions[row].open_at + timedelta(minutes=5 * bars_done, seconds=5)
            arguments = prediction_arguments(state_at(market, "SPY", row, at))
            inputs = PredictionInputs.from_frames(
                arguments["bar_data"], arguments["vix_data"], arguments["current_time"]
            )
            assert np.array_equal(served(system, inputs).features[0], data.features[n, entry], equal_nan=True)


def test_the_call_and_the_typed_core_agree(system: ProductionMLSystem, noon: MarketState) -> None:
    """Frames in and a dict out say the same as state in and value out."""
    result = call(system, noon)
    assert isinstance(result, Prediction)
    assert result == system.predictor.predict(PredictionInputs.from_state(noon))


def test_a_prediction_is_complete_and_coherent(system: ProductionMLSystem, noon: MarketState) -> None:
    """The answer has the keys of the contract; probabilities sum to one and name the published classes."""
    answer = system.predict(**prediction_arguments(noon))
    assert answer["available"]
    assert answer["strategy"] in {"Butterfly", "Iron_Condor", "Vertical", "No_Trade"}
    assert 0 <= answer["confidence"] <= 1
    assert answer["confidence"] == round(answer["confidence"], 4)
    for stage in ("direction", "volatility_regime"):
        shares = answer["details"]["probabilities"][stage]
        assert sum(shares.values()) == pytest.approx(1)
        assert answer["details"][stage] == max(shares, key=shares.__getitem__)
    assert answer["details"]["model_version"] == system.model_version


def test_a_prediction_names_the_vertical_that_its_probability_is_about(
    system: ProductionMLSystem, market: Market
) -> None:
    """The published vertical is the one of the four whose odds are published, over several hours and days."""
    seen = set()
    for n in (-22, -20, -15, -10, -5):
        row, session = session_of(market.bars["SPY"], n)
        for hours in (1, 3, 5):
            state = state_at(market, "SPY", row, session.open_at + timedelta(hours=hours))
            forecast = system.predictor.model.forecaster.predict(served(system, PredictionInputs.from_state(state)))
            answer = call(system, state)
            assert isinstance(answer, Prediction)
            assert answer.vertical == SPREADS[int(forecast.vertical[0])]
            assert answer.win_probability["Vertical"] == round(float(forecast.win[0, 2]), 4)
            seen.add(answer.vertical.side)
            if answer.strategy == "Vertical":
                assert f"Vertical ({answer.vertical.structure.removesuffix(' vertical')})" in answer.rationale
    assert seen == {"bull", "bear"}


def test_a_prediction_for_a_training_day_is_marked_in_sample(system: ProductionMLSystem, market: Market) -> None:
    """A replay may ask for any past day; what the model has seen end proves nothing."""
    for n, in_sample in ((-21, True), (-20, False)):
        row, session = session_of(market.bars["SPY"], n)
        answer = call(system, state_at(market, "SPY", row, session.open_at + NOON))
        assert isinstance(answer, Prediction)
        assert (IN_SAMPLE in answer.rationale) == in_sample


def test_current_time_may_be_naive_utc_or_aware(system: ProductionMLSystem, noon: MarketState) -> None:
    """The contract passes naive UTC; an aware value of any zone means the same instant."""
    arguments = prediction_arguments(noon)
    assert arguments["current_time"].tzinfo is None
    naive = system.predict(**arguments)
    aware = arguments["current_time"].replace(tzinfo=UTC).astimezone(session_table().sessions[0].open_at.tzinfo)
    assert system.predict(**{**arguments, "current_time": aware}) == naive


def test_the_bar_that_starts_now_is_not_used(system: ProductionMLSystem, market: Market) -> None:
    """At 12:00 the bar stamped 12:00 is unknown: handing it over changes nothing."""
    row, session = session_of(market.bars["SPY"], -5)
    at = session.open_at + timedelta(hours=2, minutes=30)
    known = prediction_arguments(state_at(market, "SPY", row, at))
    more = prediction_arguments(state_at(market, "SPY", row, at + timedelta(minutes=30)))
    assert len(more["bar_data"]) == len(known["bar_data"]) + 6
    assert system.predict(**{**known, "bar_data": more["bar_data"]}) == system.predict(**known)


def test_inputs_are_left_as_they_were(system: ProductionMLSystem, noon: MarketState) -> None:
    """Predicting changes no frame, and a second call gives the same answer."""
    arguments = prediction_arguments(noon)
    bars, vix = arguments["bar_data"].copy(), arguments["vix_data"].copy()
    first = system.predict(**arguments)
    pd.testing.assert_frame_equal(arguments["bar_data"], bars)
    pd.testing.assert_frame_equal(arguments["vix_data"], vix)
    assert system.predict(**arguments) == first


def test_every_slot_that_was_trained_is_answered(system: ProductionMLSystem, market: Market) -> None:
    """From 15 minutes after the open to 15 minutes before the close there is a prediction, on half days too.

    Outside of that nothing was trained, and the answer says so.
    """
    half = next(
        r
        for r in range(*(session_of(market.bars["SPY"], n)[0] for n in (60, -1)))
        if session_table().sessions[r].is_half_day
    )
    for row, slots in ((session_of(market.bars["SPY"], -5)[0], 76), (half, 40)):
        opened = session_table().sessions[row].open_at
        for slot in range(1, slots + 1):
            state = state_at(market, "SPY", row, opened + timedelta(minutes=5 * slot, seconds=5))
            if 3 <= slot <= slots - 1:
                assert isinstance(call(system, state), Prediction), slot
            else:
                assert reason(system, state) == "time_not_learnt", slot


def test_old_bars_are_stale(system: ProductionMLSystem, noon: MarketState) -> None:
    """A newest bar that ended more than ten minutes ago is too old to predict from."""
    assert isinstance(call(system, replace(noon, as_of=noon.as_of + timedelta(minutes=9))), Prediction)
    assert reason(system, replace(noon, as_of=noon.as_of + timedelta(minutes=11))) == "stale_bars"


def test_no_bars_of_today_are_missing_bars(system: ProductionMLSystem, noon: MarketState) -> None:
    """History alone predicts nothing."""
    assert reason(system, replace(noon, bars=Bars.empty())) == "missing_bars"


def test_no_vix_of_today_is_missing_vix(system: ProductionMLSystem, noon: MarketState) -> None:
    """Yesterday's VIX does not stand in for today's."""
    assert reason(system, replace(noon, vix=None)) == "missing_vix"
    assert reason(system, replace(noon, vix_bars=Bars.empty())) == "missing_vix"


def test_an_old_intraday_vix_is_stale_and_a_daily_open_never(system: ProductionMLSystem, noon: MarketState) -> None:
    """The day's official open is fresh all day; a feed that stopped half an hour ago is not."""
    assert isinstance(call(system, noon), Prediction)
    intraday = VixReading(value=16, as_of=noon.session.open_at, kind="intraday", source="test")
    assert reason(system, replace(noon, vix=intraday)) == "stale_vix"


def test_daily_closes_of_the_vix_that_stand_still_are_stale(system: ProductionMLSystem, noon: MarketState) -> None:
    """Five times the same number is a feed that died, not a calm week."""
    close, days = noon.vix_daily.close.copy(), noon.vix_daily
    close[-5:] = close[-5]
    low, high = np.minimum(days.low, close), np.maximum(days.high, close)
    still = replace(days, close=close, low=low, high=high)
    assert reason(system, replace(noon, vix_daily=still)) == "stale_vix"


def test_a_short_history_is_named(system: ProductionMLSystem, noon: MarketState) -> None:
    """Ten earlier days do not tell the usual shape of a day."""
    assert reason(system, replace(noon, history=noon.history[-780:])) == "history_short"


def test_a_symbol_never_seen_is_abstained_from(system: ProductionMLSystem, noon: MarketState) -> None:
    """IWM was not in the training; SPX is the same asset as SPY."""
    assert reason(system, replace(noon, symbol="IWM")) == "abstained"
    assert isinstance(call(system, replace(noon, symbol="SPX")), Prediction)


def test_a_price_jump_of_a_split_is_out_of_distribution(system: ProductionMLSystem, noon: MarketState) -> None:
    """Prices divided by four overnight: the gap is named and nothing is predicted."""
    columns = {name: getattr(noon.bars, name) / 4 for name in ("open", "high", "low", "close")}
    split = Bars(starts=noon.bars.starts, volume=noon.bars.volume, **columns)
    result = call(system, replace(noon, bars=split))
    assert isinstance(result, Unavailable)
    assert result.reason == "out_of_distribution"
    assert "gap" in result.detail


def test_a_dead_feed_is_out_of_distribution(system: ProductionMLSystem, noon: MarketState) -> None:
    """A price that has not moved since the open leaves too many features unknown."""
    flat = np.full(len(noon.bars), float(noon.bars.open[0]))
    dead = Bars(starts=noon.bars.starts, open=flat, high=flat, low=flat, close=flat, volume=noon.bars.volume)
    assert reason(system, replace(noon, bars=dead)) == "out_of_distribution"


def test_after_the_close_nothing_is_left_to_predict(system: ProductionMLSystem, noon: MarketState) -> None:
    """16:00:00 sharp is closed, and so is a holiday."""
    assert reason(system, replace(noon, as_of=noon.session.close_at)) == "market_closed"
    sunday = {**prediction_arguments(noon), "current_time": pd.Timestamp("2024-06-16 15:00").to_pydatetime()}
    assert system.predict(**sunday)["reason"] == "market_closed"


@pytest.mark.parametrize("frame", [None, pd.DataFrame()])
def test_frames_that_are_not_there_are_missing(
    system: ProductionMLSystem, noon: MarketState, frame: pd.DataFrame | None
) -> None:
    """None or an empty frame is missing data, not an error."""
    arguments = prediction_arguments(noon)
    assert system.predict(**{**arguments, "bar_data": frame})["reason"] == "missing_bars"
    assert system.predict(**{**arguments, "vix_data": frame})["reason"] == "missing_vix"


def test_impossible_bars_are_an_answer_not_an_error(system: ProductionMLSystem, noon: MarketState) -> None:
    """NaN, a naive index or a missing column end in a reason that names the frame."""
    arguments = prediction_arguments(noon)
    nan = arguments["bar_data"].copy()
    nan.iloc[7, 3] = np.nan
    for broken in (nan, nan.tz_localize(None), nan.drop(columns="close")):
        answer = system.predict(**{**arguments, "bar_data": broken})
        assert not answer["available"]
        assert answer["reason"] == "bad_bars"
        assert "bar_data" in answer["reason_detail"]


def test_the_system_needs_a_model(tmp_path: Path) -> None:
    """Without model, or with the two stages switched off, the constructor says no_model."""
    for config in (config_of(tmp_path), MLConfig(enable_two_stage=False)):
        with pytest.raises(ModelUnavailable) as refused:
            ProductionMLSystem(config)
        assert refused.value.reason == "no_model"


def test_two_folders_are_a_mistake() -> None:
    """Both stems must name the same folder."""
    with pytest.raises(ValueError, match="same folder"):
        MLConfig(direction_model_path="a/direction.ubj", volatility_model_path="b/volatility.ubj")


def test_an_answer_survives_the_way_there_and_back(system: ProductionMLSystem, noon: MarketState) -> None:
    """Typed -> dict -> typed is the identity, for predictions and for reasons."""
    prediction = system.predictor.predict(PredictionInputs.from_state(noon))
    for result in (prediction, Unavailable(reason="stale_vix", detail="40 minutes old")):
        assert parse_answer(to_answer(result)) == result


GOOD: dict[str, Any] = {
    "strategy": "iron condor",
    "confidence": 0.84,
    "details": {"direction": "neutral", "volatility_regime": "low"},
}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {**GOOD, "strategy": "Straddle"},
        {**GOOD, "strategy": 7},
        {**GOOD, "confidence": float("nan")},
        {**GOOD, "confidence": 1.2},
        {**GOOD, "confidence": "high"},
        {**GOOD, "confidence": True},
        {**GOOD, "details": None},
        {**GOOD, "details": {"direction": "up", "volatility_regime": "low"}},
        {**GOOD, "details": {"direction": ["neutral"], "volatility_regime": "low"}},
        {**GOOD, "details": {"direction": "neutral", "volatility_regime": "HIGH"}},
        {**GOOD, "details": {**GOOD["details"], "vertical": "call debit"}},
        {**GOOD, "details": {**GOOD["details"], "vertical": {"right": "CALL", "action": "BUY"}}},
        {**GOOD, "details": {**GOOD["details"], "vertical": {"right": "C"}}},
        {**GOOD, "details": {**GOOD["details"], "vertical": {"right": ["C"], "action": "BUY"}}},
    ],
)
def test_a_malformed_answer_is_a_bad_result(answer: object) -> None:
    """What the contract does not know is refused with its reason."""
    result = parse_answer(answer)
    assert isinstance(result, Unavailable)
    assert result.reason == "bad_result"
    assert result.detail


def test_a_foreign_answer_is_read_generously_in_form_only() -> None:
    """The least that the contract asks for is enough; names are made canonical, confidence has four decimals."""
    result = parse_answer({**GOOD, "confidence": np.float32(0.84)})
    assert isinstance(result, Prediction)
    assert (result.strategy, result.confidence) == ("Iron_Condor", 0.84)


def test_history_is_that_of_the_last_thirty_sessions(noon: MarketState) -> None:
    """The row needs no more than what the host hands over."""
    row = session_table().position(noon.session.day)
    assert DayHistory.before(row, noon.history, noon.vix_daily).realised.shape == (30,)


def test_the_rationale_names_the_statement_of_the_day(system: ProductionMLSystem, market: Market) -> None:
    """2023-12-13, statement at 14:00: ahead at noon, past at 14:30; no word of it on another day."""
    row = session_table().position(date(2023, 12, 13))
    opened = session_table().sessions[row].open_at
    words = []
    for state in (
        state_at(market, "SPY", row, opened + NOON),
        state_at(market, "SPY", row, opened + NOON + timedelta(minutes=150)),
        state_at(market, "SPY", row + 1, session_table().sessions[row + 1].open_at + NOON),
    ):
        result = call(system, state)
        assert isinstance(result, Prediction), result
        words.append(result.rationale)
    assert "Federal Reserve statement in 120 minutes" in words[0]
    assert "Federal Reserve statement 30 minutes ago" in words[1]
    assert "statement" not in words[2].replace("statement_", "")
