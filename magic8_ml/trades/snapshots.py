"""The market of a symbol at one moment, as trades see it: computed once, by the functions that training uses.

Features, implied sigma and the forecast of the five-minute model at the end of the newest complete bar.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.bars import to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_ml.forecast.day_history import DayHistoryCache
from magic8_ml.forecast.feature_catalogue import feature_matrix
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.intraday import Today, today_of
from magic8_ml.forecast.labels import bucket_of
from magic8_ml.forecast.prediction_inputs import PredictionInputs, fresh_bars
from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.symbol_families import family_of
from magic8_ml.trades.five_minute_forecast import VarianceForecaster

Market = MarketState | PredictionInputs
"""What a host observed of one symbol."""

_MAX_CACHED: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """``at`` the decision and ``known_at`` the end of the newest bar, nanoseconds UTC; ``row`` the session's position.

    ``price`` in points; ``sigma`` implied to the close, with today's pace; ``features`` (n_features,) of the
    five-minute model; ``forecast_sigma`` NaN without a forecast.  ``key`` holds all of it.
    """

    row: int
    at: int
    known_at: int
    price: float
    sigma: float
    features: Floats
    bucket: int
    forecast_sigma: float
    key: tuple[object, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Put everything that an answer can depend on into one key."""
        numbers = (self.row, self.at, self.known_at, self.price, self.sigma, self.bucket)
        # text, because NaN is not equal to itself
        key = (*numbers, repr(self.forecast_sigma), self.features.tobytes())
        object.__setattr__(self, "key", key)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _MarketInputs:
    # a market before it is forecast
    market: Market
    inputs: PredictionInputs
    today: Today
    row: int
    features: Floats
    sigma: Floats
    bucket: Integers

    @property
    def price(self) -> float:
        return float(self.market.spot if isinstance(self.market, MarketState) else self.today.bars.close[-1])


class Snapshots:
    """Makes snapshots and keeps those of the newest markets; a market object is known by its identity.

    Any thread may ask: at worst two of them make the same snapshot.
    """

    def __init__(
        self, forecaster: VarianceForecaster | None, *, max_bar_age: timedelta, max_vix_age: timedelta
    ) -> None:
        self._forecaster = forecaster
        self._max_bar_age, self._max_vix_age = max_bar_age, max_vix_age
        self._histories = DayHistoryCache()
        self._lock = threading.Lock()
        self._cache: OrderedDict[int, tuple[Market, Snapshot]] = OrderedDict()

    def of(self, market: Market) -> Snapshot:
        """Return the snapshot of a market.

        Raises
        ------
        DataUnavailable
            ``market_closed``, ``missing_bars``, ``stale_bars``, ``missing_vix``, ``stale_vix``, ``history_short`` or
            ``no_movement``.
        """
        cached = self._cached(market)
        return self._make((self._read_inputs(market),))[0] if cached is None else cached

    def prepare(self, markets: Iterable[Market]) -> None:
        """Make the snapshots of markets together, which is faster and gives the same to the bit.

        What cannot be made is left out: asking for it says why.
        """
        observed = []
        for market in markets:
            if self._cached(market) is None:
                with suppress(DataUnavailable):
                    observed.append(self._read_inputs(market))
        if observed:
            self._make(observed)

    def _cached(self, market: Market) -> Snapshot | None:
        with self._lock:
            cached = self._cache.get(id(market))
        return cached[1] if cached is not None and cached[0] is market else None

    def _make(self, observed: Sequence[_MarketInputs]) -> list[Snapshot]:
        snapshots = [
            Snapshot(
                row=item.row,
                at=to_ns(item.inputs.as_of),
                known_at=to_ns(item.today.bars.last_end),
                price=item.price,
                sigma=float(item.sigma[0]),
                features=item.features,
                bucket=int(item.bucket[0]),
                forecast_sigma=forecast,
            )
            for item, forecast in zip(observed, self._forecasts(observed), strict=True)
        ]
        with self._lock:
            for item, snapshot in zip(observed, snapshots, strict=True):
                # the market is held, so that no other object can get its identity
                self._cache[id(item.market)] = (item.market, snapshot)
            while len(self._cache) > _MAX_CACHED:
                self._cache.popitem(last=False)
        return snapshots

    def _read_inputs(self, market: Market) -> _MarketInputs:
        inputs = market if isinstance(market, PredictionInputs) else PredictionInputs.from_state(market)
        bars = fresh_bars(inputs, max_bar_age=self._max_bar_age, max_vix_age=self._max_vix_age)
        row = session_table().position(inputs.session.day)
        history = self._histories.before(inputs.symbol, row, inputs.history, inputs.vix_daily)
        today = today_of(bars, history, float(inputs.vix_today.open[0]))
        sigma = today.sigma_left(with_pace=True)[-1:]
        if not sigma[0] > 0:
            raise DataUnavailable("no_movement", "prices of earlier days stood still for the rest of the day")
        bucket = bucket_of(today.minutes_to_close[-1:])
        features = feature_matrix(today)[-1]
        return _MarketInputs(
            market=market, inputs=inputs, today=today, row=row, features=features, sigma=sigma, bucket=bucket
        )

    def _forecasts(self, observed: Sequence[_MarketInputs]) -> list[float]:
        model, forecasts = self._forecaster, [float("nan")] * len(observed)
        if model is None:
            return forecasts
        places = [n for n, item in enumerate(observed) if family_of(item.inputs.symbol or "") & set(model.symbols)]
        if places:
            sigmas = model.sigma(_rows([observed[n] for n in places]))
            for place, value in zip(places, sigmas.tolist(), strict=True):
                forecasts[place] = value
        return forecasts


def _rows(observed: Sequence[_MarketInputs]) -> Rows:
    n = len(observed)
    unknown, terciles = np.full(n, np.nan), np.full((n, 2), np.nan)
    return Rows(
        symbols=tuple(item.inputs.symbol or "" for item in observed),
        symbol=np.arange(n),
        day=np.array([item.row for item in observed]),
        bucket=np.concatenate([item.bucket for item in observed]),
        bars_done=np.array([len(item.today.bars) for item in observed]),
        half_day=np.array([item.inputs.session.is_half_day for item in observed]),
        features=np.stack([item.features for item in observed]),
        spot=np.array([item.today.bars.close[-1] for item in observed]),
        sigma_vix=np.concatenate([item.today.sigma_left()[-1:] for item in observed]),
        sigma_today=np.concatenate([item.sigma for item in observed]),
        sigma_share=unknown,
        regime_terciles=terciles,
        direction_terciles=terciles,
        regime_terciles_today=terciles,
    )
