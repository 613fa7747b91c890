"""Predict win probabilities of typed orders in observed markets; one trade and a batch share one code path."""

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
from magic8_companion.options.products import MULTIPLIER
from magic8_ml.forecast.model_files import TrainedModel
from magic8_ml.forecast.session_table import session_table
from magic8_ml.messages.risk import require_risk
from magic8_ml.messages.values import Order, Refusal, Trade
from magic8_ml.registry.reloading import load_champion
from magic8_ml.registry.validity import valid_until
from magic8_ml.trades.answers import DISTRIBUTION, TWO_POINT, NoWinPrediction, TradePrediction, WinPrediction
from magic8_ml.trades.expected_value import COLUMNS, TradeTermsSummary, expected_value
from magic8_ml.trades.feature_catalogue import feature_table
from magic8_ml.trades.feature_inputs import FeatureInputs
from magic8_ml.trades.five_minute_forecast import FiveMinuteForecaster, ResidualMoves, VarianceForecaster
from magic8_ml.trades.levels import trade_key
from magic8_ml.trades.model import NoEstimate, WinEstimate
from magic8_ml.trades.model_files import ServedWinModel, load_served_model
from magic8_ml.trades.orders import TradeUnit, terms_of
from magic8_ml.trades.snapshots import Market, Snapshot, Snapshots
from magic8_ml.trades.terms import DeltaRows, MarketContext, TradeTerms

MAX_BAR_AGE: Final = timedelta(minutes=10)
MAX_VIX_AGE: Final = timedelta(minutes=30)
MAX_CACHED: Final = 4096
"""Size of the cache of predictions; the oldest entry is dropped first."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _PredictionRequest:
    trade: Trade
    snapshot: Snapshot
    key: Hashable


class _Numbers(NamedTuple):
    # per unit: probabilities, expected value after fees and fees in US dollars, threshold; NaN unknown
    implied: float
    forecast: float
    value: float
    threshold: float
    fees: float


class WinProbabilityPredictor:
    """Predicts with one model; safe to use from several threads.

    Parameters
    ----------
    served
        The loaded version of the model.
    forecaster
        The five-minute model, for its forecast distribution; without one only the price is used.
    """

    def __init__(
        self,
        served: ServedWinModel,
        forecaster: VarianceForecaster | None = None,
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
        self._cached: OrderedDict[Hashable, TradePrediction] = OrderedDict()

    @property
    def model_version(self) -> str:
        """Return the version of the model."""
        return self._version

    @property
    def damaged(self) -> Mapping[str, str]:
        """Return the reason per group whose files are unusable."""
        return self._served.model.damaged

    def predict(self, trade: Trade | Order, market: Market) -> TradePrediction:
        """Predict one trade; unusable inputs give a result with a reason, not an error."""
        return self.predict_batch((trade,), market)[0]

    def predict_batch(
        self, trades: Sequence[Trade | Order], market: Market | Mapping[str, Market]
    ) -> list[TradePrediction]:
        """Predict trades, in their order; each result equals that of :meth:`predict`.

        ``market``: one for all trades, or one per symbol.  Results are cached by models, market and order.
        """
        if isinstance(market, Mapping):
            symbols = dict.fromkeys(_symbol_of(trade) for trade in trades)
            self._snapshots.prepare(market[symbol] for symbol in symbols if symbol in market)
        requests = [self._request(trade, market) for trade in trades]
        results: dict[Hashable, TradePrediction] = {}
        uncached: dict[Hashable, _PredictionRequest] = {}
        with self._lock:
            for item in requests:
                if isinstance(item, _PredictionRequest):
                    known = self._cached.get(item.key)
                    if known is None:
                        uncached[item.key] = item
                    else:
                        results[item.key] = known
        if uncached:
            computed = dict(zip(uncached, self._predict_all(tuple(uncached.values())), strict=True))
            self._remember(computed)
            results |= computed
        return [results[item.key] if isinstance(item, _PredictionRequest) else item for item in requests]

    def _request(
        self, trade: Trade | Order, market: Market | Mapping[str, Market]
    ) -> _PredictionRequest | NoWinPrediction:
        try:
            whole = trade if isinstance(trade, Trade) else Trade(order=trade, line=0, risk=require_risk(trade))
            order, predicted = whole.order, whole.predictions
            snapshot = self._snapshots.of(_market_of(order.symbol, market))
            self._require_today(order, snapshot)
        except Refusal as refusal:
            return NoWinPrediction(reason=refusal.code, detail=refusal.message)
        except DataUnavailable as error:
            return NoWinPrediction(reason=error.reason, detail=error.detail)
        levels = (predicted.predicted_close, predicted.short_term, predicted.long_term)
        return _PredictionRequest(trade=whole, snapshot=snapshot, key=(*self._models, snapshot.key, order, levels))

    def _require_today(self, order: Order, snapshot: Snapshot) -> None:
        day = session_table().sessions[snapshot.row].day
        if order.expiry is not None and order.expiry != day:
            raise DataUnavailable("other_expiry", f"the order expires on {order.expiry}, the market data is of {day}")
        if day > self._last_day:
            raise DataUnavailable("model_expired", f"model {self._version} expired on {self._last_day}; train again")

    def _predict_all(self, requests: Sequence[_PredictionRequest]) -> list[TradePrediction]:
        inputs = self._inputs(requests)
        model = self._served.model
        table = feature_table(inputs, self._columns)
        features = table[:, : len(model.names)].astype(np.float32)
        summaries = TradeTermsSummary.of_inputs(inputs, [table[:, self._columns.index(name)] for name in COLUMNS])
        trade_keys = [trade_key(item.trade.order.symbol, item.trade.order.strategy) for item in requests]
        implied = inputs.payoffs.implied
        estimates = model.estimate(trade_keys, features, implied, summaries.forecast_win)
        probabilities = np.array([item.probability if isinstance(item, WinEstimate) else np.nan for item in estimates])
        values = expected_value(summaries, probabilities, model.shared.realised_fractions)
        forecast = np.where(summaries.has_forecast, summaries.forecast_win, np.nan)
        columns = np.stack((implied, forecast, values.value, values.threshold, inputs.terms.fees), axis=1).tolist()
        numbers = [_Numbers(*row) for row in columns]
        return [self._result(*row) for row in zip(requests, estimates, numbers, strict=True)]

    def _inputs(self, requests: Sequence[_PredictionRequest]) -> FeatureInputs:
        snapshots = [item.snapshot for item in requests]
        at = np.array([snapshot.at for snapshot in snapshots], dtype=np.int64)
        price = np.array([snapshot.price for snapshot in snapshots])
        forecast_sigma = np.array([snapshot.forecast_sigma for snapshot in snapshots])
        market = MarketContext(
            known_at=np.array([snapshot.known_at for snapshot in snapshots], dtype=np.int64),
            sigma=np.array([snapshot.sigma for snapshot in snapshots]),
            features=np.stack([snapshot.features for snapshot in snapshots]),
            moves=self._moves(forecast_sigma, np.array([snapshot.bucket for snapshot in snapshots])),
        )
        terms: TradeTerms = terms_of([TradeUnit.of_message(item.trade) for item in requests], at, price)
        predictions = [item.trade.predictions for item in requests]
        unknown = np.full(len(requests), np.nan)
        delta = DeltaRows(
            known_at=at,
            short_term=np.array([_nan_if_none(item.short_term) for item in predictions]),
            long_term=np.array([_nan_if_none(item.long_term) for item in predictions]),
            call_delta=unknown,
            put_delta=unknown,
        )
        return FeatureInputs.of(terms, market, delta)

    def _moves(self, sigma: np.ndarray[Any, Any], bucket: np.ndarray[Any, Any]) -> ResidualMoves | None:
        if self._forecaster is None:
            return None
        known = np.flatnonzero(np.isfinite(sigma))
        return ResidualMoves(sigma=sigma, bucket=bucket, parts=((self._forecaster.residuals, known),))

    def _result(
        self, request: _PredictionRequest, estimate: WinEstimate | NoEstimate, numbers: _Numbers
    ) -> TradePrediction:
        if isinstance(estimate, NoEstimate):
            return NoWinPrediction(reason=estimate.reason, detail=estimate.detail)
        if np.isnan(numbers.implied):
            detail = f"fees of ${numbers.fees:.2f} exceed the maximum reward"
            return NoWinPrediction(reason="nothing_to_win", detail=detail)
        order, risk = request.trade.order, request.trade.risk
        known_at = from_ns(request.snapshot.known_at)
        forecast = _none_if_nan(numbers.forecast)
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
            implied_probability=_none_if_nan(numbers.implied),
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

    def _remember(self, computed: Mapping[Hashable, TradePrediction]) -> None:
        with self._lock:
            for key, result in computed.items():
                if isinstance(result, WinPrediction):
                    self._cached[key] = result
            while len(self._cached) > MAX_CACHED:
                self._cached.popitem(last=False)


def load_predictor(models: Path, forecaster: TrainedModel | None = None) -> WinProbabilityPredictor:
    """Load the champion of the registry in ``models``.

    Raises
    ------
    PluginUnavailable
        When no champion is usable; ``reason`` is the code to publish.
    """
    forecasts = None if forecaster is None else FiveMinuteForecaster.of(forecaster)
    return WinProbabilityPredictor(load_champion(models, load_served_model).served, forecasts)


def _symbol_of(trade: Trade | Order) -> str:
    return trade.order.symbol if isinstance(trade, Trade) else trade.symbol


def _market_of(symbol: str, market: Market | Mapping[str, Market]) -> Market:
    if not isinstance(market, Mapping):
        return market
    if (found := market.get(symbol)) is None:
        raise DataUnavailable("missing_market", f"{symbol}: no market data")
    return found


def _nan_if_none(value: float | None) -> float:
    return float("nan") if value is None else value


def _none_if_nan(value: float) -> float | None:
    return value if np.isfinite(value) else None
