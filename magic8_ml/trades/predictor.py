"""Typed orders and observed markets in, win probabilities out; one path for one trade and for many."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from magic8_companion.domain.bars import from_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_ml.forecast.model_files import TrainedModel
from magic8_ml.forecast.session_table import session_table
from magic8_ml.messages.risk import require_risk
from magic8_ml.messages.values import Order, Refusal, Trade
from magic8_ml.registry.expiry import valid_until
from magic8_ml.registry.reloading import load_champion
from magic8_ml.trades.answers import DISTRIBUTION, TWO_POINT, Answer, NoWinPrediction, WinPrediction
from magic8_ml.trades.expected_value import COLUMNS, TradeTermsSummary, expected_value
from magic8_ml.trades.feature_catalogue import feature_table
from magic8_ml.trades.feature_inputs import Inputs
from magic8_ml.trades.five_minute_forecast import FiveMinuteForecasts, Forecasts, ResidualMoves
from magic8_ml.trades.levels import trade_key
from magic8_ml.trades.model import NoEstimate, WinEstimate
from magic8_ml.trades.model_files import Served, load_served
from magic8_ml.trades.orders import Ticket, terms_of
from magic8_ml.trades.snapshots import Market, Snapshot, Snapshots
from magic8_ml.trades.terms import MULTIPLIER, DeltaRows, MarketContext, TradeTerms

MAX_BAR_AGE: Final = timedelta(minutes=10)
MAX_VIX_AGE: Final = timedelta(minutes=30)
KEPT: Final = 4096
"""Answers that are remembered; the oldest is forgotten first."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Question:
    trade: Trade
    snapshot: Snapshot
    key: Hashable


class _Numbers(NamedTuple):
    # of one unit: probabilities, expected value in dollars after fees, threshold, fees in dollars; NaN unknown
    implied: float
    forecast: float
    value: float
    threshold: float
    fees: float


class WinProbabilityPredictor:
    """Predicts with one model; any thread may call it.

    Parameters
    ----------
    served
        The model of win probabilities.
    forecaster
        The five-minute model, whose forecast distribution is a member; without one the price stands alone.
    """

    def __init__(
        self,
        served: Served,
        forecaster: Forecasts | None = None,
        *,
        max_bar_age: timedelta = MAX_BAR_AGE,
        max_vix_age: timedelta = MAX_VIX_AGE,
    ) -> None:
        self._served, self._forecaster, self._max_bar_age = served, forecaster, max_bar_age
        self._snapshots = Snapshots(forecaster, max_bar_age=max_bar_age, max_vix_age=max_vix_age)
        self._last_day = valid_until(served.manifest)
        self._version = str(served.manifest["model_version"])
        self._columns = tuple(dict.fromkeys((*served.model.names, *COLUMNS)))
        self._models = (served.model.digest, None if forecaster is None else forecaster.version)
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()

    @property
    def model_version(self) -> str:
        """Return the version of the model."""
        return self._version

    @property
    def damaged(self) -> Mapping[str, str]:
        """Return which files of the model were refused, by node, and why."""
        return self._served.model.damaged

    def predict(self, trade: Trade | Order, market: Market) -> Answer:
        """Answer one trade; unfit inputs are an answer with a reason, not an error."""
        return self.predict_batch((trade,), market)[0]

    def predict_batch(self, trades: Sequence[Trade | Order], market: Market | Mapping[str, Market]) -> list[Answer]:
        """Answer trades in their order, each as if it were asked alone.

        ``market`` is that of all of them, or one per symbol.  Answers are remembered under everything that they depend
        on: models, market and order.
        """
        if isinstance(market, Mapping):
            asked_for = dict.fromkeys(_symbol_of(trade) for trade in trades)
            self._snapshots.prepare(market[symbol] for symbol in asked_for if symbol in market)
        asked = [self._question(trade, market) for trade in trades]
        answers: dict[Hashable, Answer] = {}
        new: dict[Hashable, _Question] = {}
        with self._lock:
            for item in asked:
                if isinstance(item, _Question):
                    known = self._answers.get(item.key)
                    if known is None:
                        new[item.key] = item
                    else:
                        answers[item.key] = known
        if new:
            made = dict(zip(new, self._answer(tuple(new.values())), strict=True))
            self._remember(made)
            answers |= made
        return [answers[item.key] if isinstance(item, _Question) else item for item in asked]

    def _question(self, trade: Trade | Order, market: Market | Mapping[str, Market]) -> _Question | NoWinPrediction:
        try:
            whole = trade if isinstance(trade, Trade) else Trade(order=trade, line=0, risk=require_risk(trade))
            order, said = whole.order, whole.predictions
            snapshot = self._snapshots.of(_market_of(order.symbol, market))
            self._require_today(order, snapshot)
        except Refusal as refusal:
            return NoWinPrediction(reason=refusal.code, detail=refusal.message)
        except DataUnavailable as error:
            return NoWinPrediction(reason=error.reason, detail=error.detail)
        levels = (said.predicted_close, said.short_term, said.long_term)
        return _Question(trade=whole, snapshot=snapshot, key=(*self._models, snapshot.key, order, levels))

    def _require_today(self, order: Order, snapshot: Snapshot) -> None:
        day = session_table().sessions[snapshot.row].day
        if order.expiry is not None and order.expiry != day:
            raise DataUnavailable("other_expiry", f"the order expires on {order.expiry}, the market is of {day}")
        if day > self._last_day:
            raise DataUnavailable("model_expired", f"{self._version} could serve until {self._last_day}; train again")

    def _answer(self, asked: Sequence[_Question]) -> list[Answer]:
        inputs = self._inputs(asked)
        model = self._served.model
        table = feature_table(inputs, self._columns)
        features = table[:, : len(model.names)].astype(np.float32)
        offers = TradeTermsSummary.of_inputs(inputs, [table[:, self._columns.index(name)] for name in COLUMNS])
        paths = [trade_key(item.trade.order.symbol, item.trade.order.strategy) for item in asked]
        implied = inputs.payoffs.implied
        estimates = model.estimate(paths, features, implied, offers.forecast_win)
        said = np.array([item.probability if isinstance(item, WinEstimate) else np.nan for item in estimates])
        worth = expected_value(offers, said, model.base.shares)
        forecast = np.where(offers.forecast, offers.forecast_win, np.nan)
        columns = np.stack((implied, forecast, worth.value, worth.threshold, inputs.terms.fees), axis=1).tolist()
        numbers = [_Numbers(*row) for row in columns]
        return [self._said(*row) for row in zip(asked, estimates, numbers, strict=True)]

    def _inputs(self, asked: Sequence[_Question]) -> Inputs:
        snapshots = [item.snapshot for item in asked]
        at = np.array([snapshot.at for snapshot in snapshots], dtype=np.int64)
        price = np.array([snapshot.price for snapshot in snapshots])
        forecast_sigma = np.array([snapshot.forecast_sigma for snapshot in snapshots])
        market = MarketContext(
            known_at=np.array([snapshot.known_at for snapshot in snapshots], dtype=np.int64),
            sigma=np.array([snapshot.sigma for snapshot in snapshots]),
            features=np.stack([snapshot.features for snapshot in snapshots]),
            moves=self._moves(forecast_sigma, np.array([snapshot.bucket for snapshot in snapshots])),
        )
        terms: TradeTerms = terms_of([Ticket.of_message(item.trade) for item in asked], at, price)
        said = [item.trade.predictions for item in asked]
        unknown = np.full(len(asked), np.nan)
        delta = DeltaRows(
            known_at=at,
            short_term=np.array([_number(item.short_term) for item in said]),
            long_term=np.array([_number(item.long_term) for item in said]),
            call_delta=unknown,
            put_delta=unknown,
        )
        return Inputs.of(terms, market, delta)

    def _moves(self, sigma: np.ndarray[Any, Any], bucket: np.ndarray[Any, Any]) -> ResidualMoves | None:
        if self._forecaster is None:
            return None
        known = np.flatnonzero(np.isfinite(sigma))
        return ResidualMoves(sigma=sigma, bucket=bucket, parts=((self._forecaster.residuals, known),))

    def _said(self, asked: _Question, estimate: WinEstimate | NoEstimate, numbers: _Numbers) -> Answer:
        if isinstance(estimate, NoEstimate):
            return NoWinPrediction(reason=estimate.reason, detail=estimate.detail)
        if np.isnan(numbers.implied):
            detail = f"fees of {numbers.fees:.2f} $ take all of the reward"
            return NoWinPrediction(reason="nothing_to_win", detail=detail)
        order, risk = asked.trade.order, asked.trade.risk
        known_at = from_ns(asked.snapshot.known_at)
        forecast = _known(numbers.forecast)
        return WinPrediction(
            symbol=order.symbol,
            strategy=order.strategy,
            win_probability=estimate.probability,
            low=estimate.low,
            high=estimate.high,
            level=estimate.level,
            key=estimate.key,
            days=estimate.days,
            trades=estimate.trades,
            sessions=estimate.sessions,
            weights=estimate.weights,
            members=estimate.members,
            refused=estimate.refused,
            implied_probability=_known(numbers.implied),
            forecast_probability=forecast,
            threshold=numbers.threshold,
            expected_value=numbers.value * order.multiplier / MULTIPLIER * order.quantity,
            value_kind=TWO_POINT if forecast is None else DISTRIBUTION,
            approved=numbers.value > 0,
            risk=risk.max_loss,
            reward=risk.max_profit,
            risk_reward_ratio=risk.risk_reward,
            breakevens=risk.breakevens,
            fees=round(numbers.fees * order.quantity, 2),
            comparison=self._served.comparison(order.symbol, order.strategy),
            model_version=self._version,
            market_time=known_at,
            valid_until=known_at + self._max_bar_age,
        )

    def _remember(self, made: Mapping[Hashable, Answer]) -> None:
        with self._lock:
            for key, answer in made.items():
                if isinstance(answer, WinPrediction):
                    self._answers[key] = answer
            while len(self._answers) > KEPT:
                self._answers.popitem(last=False)


def load_predictor(models: Path, forecaster: TrainedModel | None = None) -> WinProbabilityPredictor:
    """Load the champion of the registry in ``models``.

    Raises
    ------
    PluginUnavailable
        When there is none that can serve; ``reason`` is the code to publish.
    """
    forecasts = None if forecaster is None else FiveMinuteForecasts.of(forecaster)
    return WinProbabilityPredictor(load_champion(models, load_served).served, forecasts)


def _symbol_of(trade: Trade | Order) -> str:
    return trade.order.symbol if isinstance(trade, Trade) else trade.symbol


def _market_of(symbol: str, market: Market | Mapping[str, Market]) -> Market:
    if not isinstance(market, Mapping):
        return market
    if (found := market.get(symbol)) is None:
        raise DataUnavailable("missing_market", f"nothing was observed of {symbol}")
    return found


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
