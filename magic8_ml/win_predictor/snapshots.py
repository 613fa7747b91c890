"""The market of a symbol at one moment, as trades see it: computed once, by the functions that training uses.

Features, implied sigma and the forecast of the five-minute model at the end of the newest complete bar.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

import numpy as np

from magic8_companion.domain.bars import Floats, to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_ml.features.labels import bucket_of
from magic8_ml.features.sessions import session_table
from magic8_ml.features.table import feature_matrix
from magic8_ml.features.today import Today, today_of
from magic8_ml.models.families import family_of
from magic8_ml.models.forecast import Rows
from magic8_ml.serving.freshness import require_fresh
from magic8_ml.serving.histories import Histories
from magic8_ml.serving.inputs import PredictionInputs
from magic8_ml.win_predictor.forecasts import Forecasts

Market = MarketState | PredictionInputs
"""What a host observed of one symbol."""

_KEPT: Final = 64
_NO_CUTS: Final = np.full((1, 2), np.nan)


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


class Snapshots:
    """Makes snapshots and keeps those of the newest markets; a market object is known by its identity.

    Any thread may ask: at worst two of them make the same snapshot.
    """

    def __init__(self, forecaster: Forecasts | None, *, max_bar_age: timedelta, max_vix_age: timedelta) -> None:
        self._forecaster = forecaster
        self._max_bar_age, self._max_vix_age = max_bar_age, max_vix_age
        self._histories = Histories()
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, tuple[Market, Snapshot]] = OrderedDict()

    def of(self, market: Market) -> Snapshot:
        """Return the snapshot of a market.

        Raises
        ------
        DataUnavailable
            ``market_closed``, ``missing_bars``, ``stale_bars``, ``missing_vix``, ``stale_vix``, ``history_short`` or
            ``no_movement``.
        """
        with self._lock:
            kept = self._kept.get(id(market))
        if kept is not None and kept[0] is market:
            return kept[1]
        snapshot = self._make(market)
        with self._lock:
            self._kept[id(market)] = (market, snapshot)  # held, so that no other object can get the identity
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return snapshot

    def _make(self, market: Market) -> Snapshot:
        inputs = market if isinstance(market, PredictionInputs) else PredictionInputs.from_state(market)
        bars = inputs.today.between(inputs.session.open_at, min(inputs.as_of, inputs.session.close_at))
        require_fresh(replace(inputs, today=bars), max_bar_age=self._max_bar_age, max_vix_age=self._max_vix_age)
        row = session_table().position(inputs.session.day)
        history = self._histories.before(inputs.symbol, row, inputs.history, inputs.vix_daily)
        today = today_of(bars, history, float(inputs.vix_today.open[0]))
        sigma = today.sigma_left(with_pace=True)[-1:]
        if not sigma[0] > 0:
            raise DataUnavailable("no_movement", "prices of earlier days stood still for the rest of the day")
        features = feature_matrix(today)[-1]
        bucket = int(bucket_of(today.minutes_to_close[-1:])[0])
        return Snapshot(
            row=row,
            at=to_ns(inputs.as_of),
            known_at=to_ns(bars.last_end),
            price=float(market.spot if isinstance(market, MarketState) else bars.close[-1]),
            sigma=float(sigma[0]),
            features=features,
            bucket=bucket,
            forecast_sigma=self._forecast(inputs, today, features, sigma, (row, bucket)),
        )

    def _forecast(
        self, inputs: PredictionInputs, today: Today, features: Floats, sigma: Floats, places: tuple[int, int]
    ) -> float:
        model, (row, bucket) = self._forecaster, places
        if model is None or not family_of(inputs.symbol or "") & set(model.symbols):
            return float("nan")
        last = slice(len(today.bars) - 1, None)
        rows = Rows(
            symbols=(inputs.symbol or "",),
            symbol=np.zeros(1, dtype=np.int64),
            day=np.array([row]),
            bucket=np.array([bucket]),
            bars_done=np.array([len(today.bars)]),
            half_day=np.array([inputs.session.is_half_day]),
            features=features[None, :],
            spot=today.bars.close[last],
            sigma_vix=today.sigma_left()[last],
            sigma_today=sigma,
            sigma_share=_NO_CUTS[:, 0],
            regime_cuts=_NO_CUTS,
            direction_cuts=_NO_CUTS,
            regime_cuts_today=_NO_CUTS,
        )
        return float(model.sigma(rows)[0])
