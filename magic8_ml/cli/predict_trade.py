"""``magic8 predict-trade FILE|-``: win probabilities of the orders of a Discord message, on recorded bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import click
import numpy as np

from magic8_companion.command_line import DIR, DONE, FAILED, FILE, command, echo, print_json, refusal
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable, PluginUnavailable
from magic8_companion.domain.trading_day import new_york_day, require_session
from magic8_companion.options.order_line import written_strikes
from magic8_ml.cli.options import INSTANT, bars_options, configured_ml_path, read_message
from magic8_ml.forecast.day_history import HISTORY_SESSIONS
from magic8_ml.forecast.model_files import TrainedModel, load_model
from magic8_ml.forecast.prediction_inputs import DAILY_OPEN, PredictionInputs
from magic8_ml.forecast.session_table import DAY_NS, session_table
from magic8_ml.forecast.symbol_families import family_of
from magic8_ml.forecast.training.bar_files import read_bar_folder, read_vix_daily
from magic8_ml.messages.parser import EnhancedDiscordParser
from magic8_ml.messages.values import Message, Trade
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.registry.reloading import load_champion
from magic8_ml.trades.answers import NoWinPrediction, TradePrediction, WinPrediction
from magic8_ml.trades.predictor import WinProbabilityPredictor, load_predictor

_MODELS: Final = "folder of win_models/ and models/ (the 5-minute model, if any); default: the setting M8C_ML_PATH"


ABOUT: Final = """Estimate win probabilities of a Discord message's orders in FILE (- is standard input).

Exit code 0: done.  1: a line was refused or an order has no probability (all others are answered), or no model serves.
"""


@command("predict-trade", ABOUT)
@click.argument("file", type=FILE)
@click.option("--models", type=DIR, default=configured_ml_path, help=_MODELS)
@bars_options()
@click.option("--at", type=INSTANT, required=True, help="time of the message, ISO 8601, UTC by default")
@click.option("--json", "as_json", is_flag=True, help="print orders and answers as JSON")
def predict_trade_command(
    file: Path, models: Path, bars_dir: Path, vix_file: Path, at: datetime, *, as_json: bool
) -> int:
    """Predict."""
    text = read_message(file)
    with refusal("Prediction", PluginUnavailable, TrainingRefused):
        predictor = load_predictor(models / "win_models", _forecaster(models / "models"))
        bars, vix_daily = read_bar_folder(bars_dir).bars, read_vix_daily(vix_file)
    message = EnhancedDiscordParser().parse(text, time=at)
    answers = [_answer(predictor, message, trade, bars, vix_daily, at) for trade in message.trades]
    if as_json:
        print_json(_json(message, answers))
    else:
        echo(_readable(message, answers))
    unanswered = any(isinstance(answer, NoWinPrediction) for answer in answers)
    return FAILED if message.errors or unanswered else DONE


def observed(
    symbol: str, bars: Mapping[str, Bars], vix_daily: Bars, at: datetime, price: float | None
) -> PredictionInputs:
    """Return the inputs of a symbol that were known at ``at``, from recorded bars and daily VIX rows.

    A symbol without bars takes those of its family (SPX those of SPY), scaled to ``price``: every feature is free of
    the price level.

    Raises
    ------
    DataUnavailable
        ``market_closed`` on a day without session, ``missing_bars`` without bars or a price.
    """
    session = require_session(new_york_day(at))
    row = session_table().position(session.day)
    series = bars.get(symbol)
    if series is None:
        series = _of_family(symbol, bars, at, price)
    table, vix_row = session_table(), int(np.searchsorted(vix_daily.starts, session_table().days[row] * DAY_NS))
    start = table.sessions[max(0, row - HISTORY_SESSIONS)].open_at
    return PredictionInputs(
        symbol=symbol,
        as_of=at,
        session=session,
        today=series.between(session.open_at, session.close_at).known_at(at),
        history=series.between(start, session.open_at),
        vix_today=_open_of(vix_daily, vix_row, row),
        vix_daily=vix_daily[:vix_row],
        vix_kind=DAILY_OPEN,
    )


def _of_family(symbol: str, bars: Mapping[str, Bars], at: datetime, price: float | None) -> Bars:
    sibling = next((name for name in sorted(bars) if name in family_of(symbol)), None)
    known = bars[sibling].known_at(at) if sibling else Bars.empty()
    if not len(known) or price is None:
        raise DataUnavailable("missing_bars", f"no bars of {symbol}; those of a sibling need the message's price")
    share = price / float(known.close[-1])
    columns = {name: getattr(known, name) * share for name in ("open", "high", "low", "close")}
    return replace(known, **columns)


def _open_of(vix_daily: Bars, vix_row: int, row: int) -> Bars:
    # of the day's VIX the open is known, stamped at the open of the session
    table = session_table()
    if vix_row >= len(vix_daily) or vix_daily.starts[vix_row] // DAY_NS != table.days[row]:
        return Bars.empty()
    value = vix_daily.open[vix_row : vix_row + 1]
    starts = table.opens[row : row + 1].copy()
    return Bars(starts=starts, open=value, high=value, low=value, close=value, volume=np.zeros(1))


def _answer(
    predictor: WinProbabilityPredictor,
    message: Message,
    trade: Trade,
    bars: Mapping[str, Bars],
    vix: Bars,
    at: datetime,
) -> TradePrediction:
    try:
        market = observed(trade.order.symbol, bars, vix, at, message.predictions.current_price)
    except DataUnavailable as error:
        return NoWinPrediction(reason=error.reason, detail=error.detail)
    return predictor.predict(trade, market)


def _forecaster(models: Path) -> TrainedModel | None:
    return load_champion(models, load_model).served if models.is_dir() else None


def _json(message: Message, answers: list[TradePrediction]) -> dict[str, object]:
    pairs = [
        {"trade": trade.as_dict(), "answer": answer.as_dict()}
        for trade, answer in zip(message.trades, answers, strict=True)
    ]
    return {"trades": pairs, "errors": [error.as_dict() for error in message.errors]}


def _readable(message: Message, answers: list[TradePrediction]) -> str:
    lines = [line for trade, answer in zip(message.trades, answers, strict=True) for line in _lines(trade, answer)]
    lines += [f"line {error.line}: {error.code}: {error.message}: {error.text}" for error in message.errors]
    return "\n".join(lines) or "no order in the message"


def _lines(trade: Trade, answer: TradePrediction) -> list[str]:
    order, risk = trade.order, trade.risk
    strikes = written_strikes(risk.legs)
    lines = [
        f"{order.action} {order.quantity} {order.strategy} {order.symbol} {strikes} @{order.premium:g}",
        f"  risk                {risk.max_loss:,.2f} $, reward {risk.max_profit:,.2f} $",
    ]
    if not isinstance(answer, WinPrediction):
        return [*lines, f"  no probability      {answer.reason}: {answer.detail}"]
    verdict = "above it: taken" if answer.approved else "not above it: not taken"
    implied, forecast = _share(answer.implied_probability), _share(answer.forecast_probability)
    lines += [
        f"  win probability     {answer.win_probability:.1%}, 95 % interval {answer.low:.1%} to {answer.high:.1%}",
        f"  level               {answer.level} {answer.key}: {answer.trades:,} trades on {answer.days} days",
        f"  members             {_shares(answer.members)}",
        f"  days behind levels  {', '.join(f'{name} {days:,}' for name, days in answer.sessions.items())}",
        f"  weights of offsets  {_shares(answer.weights)}",
        f"  threshold           {answer.threshold:.1%}; the win probability decides, and is {verdict}",
        f"  for comparison      {implied} implied by the price, {forecast} by the forecast alone; neither decides",
        f"  expected value      {answer.expected_value:,.2f} $, by {answer.value_kind}",
        f"  model               {answer.model_version}",
    ]
    return [*lines, *(f"  refused             {reason}" for reason in answer.refused)]


def _shares(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in shares.items())


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
