"""Orders and markets in, answers out: the same whether remembered or not, alone or in a batch, and always a reason."""

from __future__ import annotations

import shutil
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_companion.domain.bars import Bars
from magic8_ml.cli.predict_trade import observed
from magic8_ml.forecast.prediction_inputs import PredictionInputs
from magic8_ml.messages import EnhancedDiscordParser, Order, Trade
from magic8_ml.messages.risk import require_risk
from magic8_ml.registry.manifest import ModelUnavailable
from magic8_ml.trades.predictor import NoWinPrediction, WinPrediction, WinProbabilityPredictor, load_predictor
from magic8_ml.trades.thresholds import two_point_threshold
from tests.messages.messages_of_the_contract import SEED
from tests.trades.simulated_trades import AT, SPOT, Forecaster, Simulated, served

LINES = (
    "BUY +1 Butterfly SPX 100 22 May 25 5905/5855/5805 CALL @24.82 LMT",
    "BUY +2 Butterfly SPX 100 22 May 25 5900/5850/5800 CALL @21.5 LMT",
    "SELL -1 Iron Condor SPX 100 22 May 25 5905/5910/5780/5775 CALL/PUT @0.43 LMT",
    "SELL -1 Vertical SPX 100 22 May 25 5820/5815 PUT @.9 LMT",
    "SELL -1 Vertical SPX 100 22 May 25 5900/5905 CALL @0.5 LMT",
    "SELL -3 Iron Condor SPX 100 22 May 25 5890/5900/5810/5800 CALL/PUT @2.1 LMT",
)


def _trade(line: str) -> Trade:
    return EnhancedDiscordParser().parse(f"Price: {SPOT}\nPredicted Close: 5862\n{line}", time=AT).trades[0]


def _market(simulated: Simulated, minutes: int = 0) -> PredictionInputs:
    return observed("SPX", {"SPX": simulated.bars}, simulated.vix, AT + timedelta(minutes=minutes), None)


def _sure(answer: object) -> WinPrediction:
    assert isinstance(answer, WinPrediction), answer
    return answer


def test_an_answer_is_whole(predictor: WinProbabilityPredictor, simulated: Simulated) -> None:
    """Probability with interval, level, sample, threshold, value, risk and where it holds."""
    answer = _sure(predictor.predict(_trade(LINES[0]), _market(simulated)))
    assert 0 < answer.low < answer.win_probability < answer.high < 1
    assert (answer.level, answer.key) == ("symbol_strategy", "SPX_Butterfly")
    assert answer.days >= 60
    assert answer.trades >= 100
    assert (answer.risk, answer.reward, answer.fees) == (2482.0, 2518.0, 4.4)
    wins, loses = _stakes(simulated, answer)
    assert answer.threshold == pytest.approx(two_point_threshold(loses, wins))
    assert answer.expected_value == pytest.approx((answer.win_probability - answer.threshold) * (wins + loses))
    assert answer.prediction == ("WIN" if answer.approved else "LOSS")
    assert answer.approved == (answer.expected_value > 0)
    assert answer.value_kind == "two_point"
    assert answer.forecast_probability is None
    assert "price" in answer.members
    assert answer.refused[-1].endswith("its inputs are missing")
    assert answer.market_time < AT < answer.valid_until
    assert all(value is not None for value in answer.as_dict().values() if value != answer.forecast_probability)


def _stakes(simulated: Simulated, answer: WinPrediction) -> tuple[float, float]:
    shares = served(simulated).model.shared.realised_fractions.as_json()["debit"][answer.strategy]
    assert all(0 < share < 1 for share in shares)
    return shares[0] * (answer.reward - answer.fees), shares[1] * (answer.risk + answer.fees)


def test_quantity_multiplies_dollars_alone(predictor: WinProbabilityPredictor, simulated: Simulated) -> None:
    """Three condors are as likely as one, and worth three times as much."""
    three = _trade(LINES[5])
    order = replace(three.order, quantity=1)
    answers = predictor.predict_batch((three, order), _market(simulated))
    many, one = (_sure(answer) for answer in answers)
    assert many.win_probability == one.win_probability
    assert many.threshold == pytest.approx(one.threshold)
    assert many.expected_value == pytest.approx(3 * one.expected_value)


def test_a_forecast_brings_the_value_of_the_zone_between(
    forecasting: WinProbabilityPredictor, simulated: Simulated
) -> None:
    """With a forecast distribution the expected value is an integral over the payoff, not two points."""
    answer = _sure(forecasting.predict(_trade(LINES[0]), _market(simulated)))
    assert answer.value_kind == "distribution"
    assert answer.forecast_probability is not None
    assert -answer.risk < answer.expected_value < answer.reward
    assert {"forecast", "both"} & set(answer.members)
    assert answer.refused == ()


@settings(max_examples=15, deadline=None)
@given(asked=st.lists(st.tuples(st.sampled_from(LINES), st.integers(0, 1)), min_size=1, max_size=8))
def test_remembered_or_not_alone_or_in_a_batch(simulated: Simulated, asked: list[tuple[str, int]]) -> None:
    """Whatever was asked before and beside it, an order in a market has one answer, to the bit."""
    fresh, used = (_new(simulated) for _ in range(2))
    markets = [_market(simulated, minutes=5 * place) for place in range(2)]
    alone = [_new(simulated).predict(_trade(line), markets[place]) for line, place in asked[:2]]
    one_by_one = [used.predict(_trade(line), markets[place]) for line, place in asked]
    again = [used.predict(_trade(line), markets[place]) for line, place in asked]
    for place in range(2):
        mine = [n for n, (_, where) in enumerate(asked) if where == place]
        batch = fresh.predict_batch([_trade(asked[n][0]) for n in mine], markets[place])
        assert batch == [one_by_one[n] for n in mine]
    assert again == one_by_one
    assert alone == one_by_one[:2]


def _new(simulated: Simulated) -> WinProbabilityPredictor:
    return WinProbabilityPredictor(served(simulated), Forecaster())


def test_markets_made_together_are_those_made_alone(simulated: Simulated) -> None:
    """A batch over several symbols forecasts all of them at once: every answer stays, to the bit."""
    order = _trade(LINES[0]).order
    orders = [replace(order, symbol=name) for name in ("SPX", "SPY", "XSP")]
    markets = {
        name: replace(_market(simulated, minutes=5 * n), symbol=name) for n, name in enumerate(("SPX", "SPY", "XSP"))
    }
    together = _new(simulated).predict_batch(orders, markets)
    assert together == [_new(simulated).predict(order, markets[order.symbol]) for order in orders]
    assert len({_sure(answer).win_probability for answer in together}) == 3


@pytest.mark.parametrize(
    "change",
    [{"strikes": (5910.0, 5860.0, 5810.0)}, {"premium": 20.0}, {"symbol": "XSP"}, {"action": "SELL"}, {"quantity": 2}],
)
def test_every_term_of_an_order_is_part_of_the_key(simulated: Simulated, change: dict[str, object]) -> None:
    """A remembered answer is never given to another order."""
    used, market = _new(simulated), _market(simulated)
    order = _trade(LINES[0]).order
    other: Order = replace(order, **change)
    used.predict(order, market)
    assert used.predict(other, market) == _new(simulated).predict(other, market)
    assert used.predict(other, market) != used.predict(order, market)


def test_another_market_is_another_answer(simulated: Simulated) -> None:
    """Five minutes later, or at another price: nothing old is handed out."""
    used, order = _new(simulated), _trade(LINES[0]).order
    answers = [_sure(used.predict(order, _market(simulated, minutes=n))).win_probability for n in (0, 5, 60)]
    assert len(set(answers)) == 3


@pytest.mark.parametrize(
    ("minutes", "reason"), [(60 * 8, "market_closed"), (-61, "missing_bars"), (-58, "missing_bars")]
)
def test_no_market_no_answer(
    predictor: WinProbabilityPredictor, simulated: Simulated, minutes: int, reason: str
) -> None:
    """Before the first bar and after the close there is a reason, never one half."""
    answer = predictor.predict(_trade(LINES[0]), _market(simulated, minutes))
    assert isinstance(answer, NoWinPrediction)
    assert answer.reason == reason


def test_old_bars_are_no_market(predictor: WinProbabilityPredictor, simulated: Simulated) -> None:
    """A feed that stands still is noticed."""
    market = _market(simulated)
    answer = predictor.predict(_trade(LINES[0]), replace(market, today=market.today[:-3]))
    assert isinstance(answer, NoWinPrediction)
    assert answer.reason == "stale_bars"


def test_one_bad_item_does_not_fail_the_others(predictor: WinProbabilityPredictor, simulated: Simulated) -> None:
    """Another expiry, a symbol that nobody observed, a strategy that nobody learnt: each its reason."""
    good = _trade(LINES[3])
    tomorrow = replace(good.order, expiry=good.order.expiry + timedelta(days=1))
    elsewhere = replace(good.order, symbol="NDX")
    sonar = replace(_trade(LINES[2]).order, strategy="Sonar")
    senseless = replace(good.order, premium=7.0)
    answers = predictor.predict_batch((tomorrow, good, elsewhere, sonar, senseless), {"SPX": _market(simulated)})
    reasons = [answer.reason if isinstance(answer, NoWinPrediction) else "" for answer in answers]
    assert reasons == ["other_expiry", "", "missing_market", "strategy_unseen", "premium_out_of_bounds"]


def test_what_fees_leave_nothing_to_win_is_no_question(simulated: Simulated) -> None:
    """A condor for two cents pays 4 $ of fees: refused, as it teaches nothing, even where a forecast speaks."""
    order = replace(_trade(LINES[2]).order, premium=0.02)
    answer = _new(simulated).predict(order, _market(simulated))
    assert isinstance(answer, NoWinPrediction)
    assert (answer.reason, answer.detail) == ("nothing_to_win", "fees of $4.04 exceed the maximum reward")


def test_without_vix_there_is_no_market(predictor: WinProbabilityPredictor, simulated: Simulated) -> None:
    """No invented VIX."""
    market = replace(_market(simulated), vix_today=Bars.empty())
    answer = predictor.predict(_trade(LINES[0]), market)
    assert isinstance(answer, NoWinPrediction)
    assert answer.reason == "missing_vix"


def test_a_damaged_level_is_refused_and_the_next_answers(simulated: Simulated, tmp_path: Path) -> None:
    """One bit of the champion's file of a pair: the symbol answers, and the answer says why."""
    models = tmp_path / "win_models"
    shutil.copytree(simulated.models / "win_models", models)
    (file,) = models.glob("versions/*/symbol_strategy-SPX_Butterfly.json")
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)
    damaged = load_predictor(models)
    answer = _sure(damaged.predict(_trade(LINES[0]), _market(simulated)))
    assert (answer.level, answer.key) == ("symbol", "SPX")
    assert "model_hash_mismatch" in answer.refused[0]
    assert set(damaged.damaged) == {"symbol_strategy-SPX_Butterfly"}


def test_no_model_no_predictor(tmp_path: Path) -> None:
    """An empty folder is refused with its reason."""
    with pytest.raises(ModelUnavailable, match="no_model"):
        load_predictor(tmp_path)


def test_the_seed_message_is_answered(predictor: WinProbabilityPredictor, simulated: Simulated) -> None:
    """Parsed, risk 2,482 $ and reward 2,518 $, a win probability with level, sample and interval."""
    message = EnhancedDiscordParser().parse(SEED, time=AT)
    assert message.errors == ()
    (trade,) = message.trades
    assert (trade.risk.max_loss, trade.risk.max_profit) == (2482.0, 2518.0)
    answer = _sure(predictor.predict(trade, _market(simulated)))
    said = {item.name: getattr(answer, item.name) for item in fields(answer)}
    assert said["low"] < said["win_probability"] < said["high"]
    assert said["days"] >= 60
    assert require_risk(trade.order).max_loss == answer.risk
