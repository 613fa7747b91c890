"""The market of a symbol at one moment, as trades see it: computed once, by the functions that training uses.

Features, implied sigma and the forecast of the five-minute model at the end of the newest complete bar.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.bars import to_ns
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_ml.forecast.feature_table import feature_matrix
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.freshness import require_fresh
from magic8_ml.forecast.history_cache import Histories
from magic8_ml.forecast.intraday import Today, today_of
from magic8_ml.forecast.labels import bucket_of
from magic8_ml.forecast.prediction_inputs import PredictionInputs
from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.symbol_families import family_of
from magic8_ml.trades.five_minute_forecast import Forecasts

Market = MarketState | PredictionInputs
"""What a host observed of one symbol."""

_KEPT: Final = 64


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
class _Seen:
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
        known = self._known(market)
        return self._make((self._see(market),))[0] if known is None else known

    def prepare(self, markets: Iterable[Market]) -> None:
        """Make the snapshots of markets together, which is faster and gives the same to the bit.

        What cannot be made is left out: asking for it says why.
        """
        seen = []
        for market in markets:
            if self._known(market) is None:
                with suppress(DataUnavailable):
                    seen.append(self._see(market))
        if seen:
            self._make(seen)

    def _known(self, market: Market) -> Snapshot | None:
        with self._lock:
            kept = self._kept.get(id(market))
        return kept[1] if kept is not None and kept[0] is market else None

    def _make(self, seen: Sequence[_Seen]) -> list[Snapshot]:
        made = [
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
            for item, forecast in zip(seen, self._forecasts(seen), strict=True)
        ]
        with self._lock:
            for item, snapshot in zip(seen, made, strict=True):
                # the market is held, so that no other object can get its identity
                self._kept[id(item.market)] = (item.market, snapshot)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made

    def _see(self, market: Market) -> _Seen:
        inputs = market if isinstance(market, PredictionInputs) else PredictionInputs.from_state(market)
        bars = inputs.today.between(inputs.session.open_at, min(inputs.as_of, inputs.session.close_at))
        require_fresh(replace(inputs, today=bars), max_bar_age=self._max_bar_age, max_vix_age=self._max_vix_age)
        row = session_table().position(inputs.session.day)
        history = self._histories.before(inputs.symbol, row, inputs.history, inputs.vix_daily)
        today = today_of(bars, history, float(inputs.vix_today.open[0]))
        sigma = today.sigma_left(with_pace=True)[-1:]
        if not sigma[0] > 0:
            raise DataUnavailable("no_movement", "prices of earlier days stood still for the rest of the day")
        bucket = bucket_of(today.minutes_to_close[-1:])
        features = feature_matrix(today)[-1]
        return _Seen(market=market, inputs=inputs, today=today, row=row, features=features, sigma=sigma, bucket=bucket)

    def _forecasts(self, seen: Sequence[_Seen]) -> list[float]:
        model, answer = self._forecaster, [float("nan")] * len(seen)
        if model is None:
            return answer
        places = [n for n, item in enumerate(seen) if family_of(item.inputs.symbol or "") & set(model.symbols)]
        if places:
            said = model.sigma(_rows([seen[n] for n in places]))
            for place, value in zip(places, said.tolist(), strict=True):
                answer[place] = value
        return answer


def _rows(seen: Sequence[_Seen]) -> Rows:
    n = len(seen)
    unknown, terciles = np.full(n, np.nan), np.full((n, 2), np.nan)
    return Rows(
        symbols=tuple(item.inputs.symbol or "" for item in seen),
        symbol=np.arange(n),
        day=np.array([item.row for item in seen]),
        bucket=np.concatenate([item.bucket for item in seen]),
        bars_done=np.array([len(item.today.bars) for item in seen]),
        half_day=np.array([item.inputs.session.is_half_day for item in seen]),
        features=np.stack([item.features for item in seen]),
        spot=np.array([item.today.bars.close[-1] for item in seen]),
        sigma_vix=np.concatenate([item.today.sigma_left()[-1:] for item in seen]),
        sigma_today=np.concatenate([item.sigma for item in seen]),
        sigma_share=unknown,
        regime_terciles=terciles,
        direction_terciles=terciles,
        regime_terciles_today=terciles,
    )
