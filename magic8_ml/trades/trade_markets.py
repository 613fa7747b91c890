"""The market of each trade: implied sigma and five-minute features at the end of the newest complete bar.

They are computed by the very functions that serve live, once per symbol and session, and looked up per trade.  A
symbol without bars of its own takes those of its family (SPX those of SPY): every figure is free of the price level.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_ml.forecast.day_history import DayHistory
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES, feature_matrix
from magic8_ml.forecast.forecaster import Outcomes, Rows
from magic8_ml.forecast.intraday import today_of
from magic8_ml.forecast.labels import bucket_of
from magic8_ml.forecast.session_table import BAR_NS, session_table, values_on
from magic8_ml.forecast.symbol_families import match_symbol
from magic8_ml.forecast.training.workers import ProgressCallback, no_progress
from magic8_ml.trades.feature_inputs import session_of
from magic8_ml.trades.terms import MarketContext, MoveDistribution, TradeTerms

_NOWHERE: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketSnapshots:
    """Markets at the ends of bars, shape (n_moments,), and which of them each trade sees, (n_trades,), -1 for none.

    ``sigma_vix`` is VIX x share to the close, ``sigma_today`` the same with today's pace; ``missing`` counts the
    sessions of a symbol without a market, by reason.
    """

    known_at: Integers
    session: Integers
    bars_done: Integers
    minutes_to_close: Floats
    spot: Floats
    sigma_vix: Floats
    sigma_today: Floats
    features: Floats
    trade_index: Integers
    missing: Mapping[str, int]

    def __len__(self) -> int:
        """Count the moments."""
        return len(self.known_at)

    def contexts(self, moves: MoveDistribution | None = None) -> MarketContext:
        """Return the market of each trade, unknown where it has none."""
        seen = self.trade_index
        return MarketContext(
            known_at=np.append(self.known_at, 0)[seen],
            sigma=np.append(self.sigma_today, np.nan)[seen],
            features=np.concatenate((self.features, np.full((1, len(FEATURE_NAMES)), np.nan)))[seen],
            moves=moves,
        )

    def rows(self) -> Rows:
        """Return the moments as rows of the five-minute model, without the terciles that classes need."""
        unknown = np.full(len(self), np.nan)
        return Rows(
            symbols=("*",),
            symbol=np.zeros(len(self), dtype=np.int64),
            day=self.session,
            bucket=bucket_of(self.minutes_to_close),
            bars_done=self.bars_done,
            half_day=np.zeros(len(self), dtype=np.bool_),
            features=self.features,
            spot=self.spot,
            sigma_vix=self.sigma_vix,
            sigma_today=self.sigma_today,
            sigma_share=unknown,
            regime_terciles=np.full((len(self), 2), np.nan),
            direction_terciles=np.full((len(self), 2), np.nan),
            regime_terciles_today=np.full((len(self), 2), np.nan),
            outcomes=None if len(self) else Outcomes(realised=unknown, move=unknown, highest=unknown, lowest=unknown),
        )


_ARRAYS: Final = (
    *("known_at", "session", "bars_done", "minutes_to_close", "spot"),
    *("sigma_vix", "sigma_today", "features"),
)


def market_snapshots(
    terms: TradeTerms, bars: Mapping[str, Bars], vix_daily: Bars, progress: ProgressCallback = no_progress
) -> MarketSnapshots:
    """Compute the market of every trade whose symbol has bars."""
    session = session_of(terms)
    width = int(session.max(initial=0)) + 1
    cell, of_cell = np.unique(terms.symbol * width + session, return_inverse=True)
    order = np.argsort(of_cell, kind="stable")
    edges = np.append(np.searchsorted(of_cell[order], np.arange(len(cell))), len(order))
    vix_open = values_on(vix_daily.starts, vix_daily.open, 0, width)
    trade_index, missing = np.full(len(terms), _NOWHERE), Counter[str]()
    found: list[dict[str, Any]] = []
    count = 0
    for n, place in enumerate(cell.tolist()):
        name = match_symbol(terms.symbols[place // width], bars)
        trades = order[edges[n] : edges[n + 1]]
        progress("markets of trades", n + 1, len(cell), count)
        try:
            day = _day(place % width, bars.get(name, Bars.empty()), vix_daily, float(vix_open[place % width]))
        except DataUnavailable as problem:
            missing[problem.reason] += 1
            continue
        seen = np.searchsorted(day["known_at"], terms.at[trades], side="right") - 1
        trade_index[trades] = np.where(seen >= 0, count + seen, _NOWHERE)
        found.append(day)
        count += len(day["known_at"])
    return MarketSnapshots(**_stacked(found), trade_index=trade_index, missing=dict(missing))


def _day(session: int, bars: Bars, vix_daily: Bars, vix_open: float) -> dict[str, Any]:
    if np.isnan(vix_open):
        raise DataUnavailable("missing_vix", "the VIX has no open on that day")
    today = today_of(_unbroken(bars, session), DayHistory.before(session, bars, vix_daily), vix_open)
    n = len(today.bars)
    return {
        "known_at": today.bars.starts + BAR_NS,
        "session": np.full(n, session),
        "bars_done": np.arange(1, n + 1),
        "minutes_to_close": today.minutes_to_close,
        "spot": today.bars.close,
        "sigma_vix": _positive(today.sigma_left()),
        "sigma_today": _positive(today.sigma_left(with_pace=True)),
        "features": feature_matrix(today),
    }


def _unbroken(bars: Bars, session: int) -> Bars:
    # behind a hole nothing is known of the day any more
    table = session_table()
    first, behind = np.searchsorted(bars.starts, (table.opens[session], table.closes[session])).tolist()
    due = table.opens[session] + np.arange(behind - first) * BAR_NS
    whole = bars.starts[first:behind] == due
    return bars[first : first + (behind - first if whole.all() else int(np.argmin(whole)))]


def _positive(sigma: Floats) -> Floats:
    return np.where(sigma > 0, sigma, np.nan)


def _stacked(found: list[dict[str, Any]]) -> dict[str, Any]:
    empty: dict[str, Any] = {name: np.empty(0, dtype=np.int64) for name in ("known_at", "session", "bars_done")}
    empty |= {name: np.empty(0) for name in ("minutes_to_close", "spot", "sigma_vix", "sigma_today")}
    empty["features"] = np.empty((0, len(FEATURE_NAMES)))
    return {name: np.concatenate([empty[name], *(day[name] for day in found)]) for name in _ARRAYS}
