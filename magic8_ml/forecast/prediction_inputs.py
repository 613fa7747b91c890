"""What one prediction is made from, typed: today's bars, earlier bars and the VIX, as known at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from magic8_companion.domain.bars import Bars, to_ns
from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.strategy import canonical_symbol
from magic8_companion.domain.trading_day import Session, new_york_day, require_session

DAILY_OPEN: Final = "daily_open"
INTRADAY: Final = "intraday"


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionInputs:
    """One symbol at ``as_of``; the meaning of the series is that of ``MarketState``.

    ``symbol`` is None when the caller did not name it.  ``vix_kind`` is ``daily_open`` or ``intraday``.
    """

    symbol: str | None
    as_of: datetime
    session: Session
    today: Bars
    history: Bars
    vix_today: Bars
    vix_daily: Bars
    vix_kind: str

    @classmethod
    def from_state(cls, state: MarketState) -> PredictionInputs:
        """Take what the model needs from an observed state; nothing is copied."""
        return cls(
            symbol=canonical_symbol(state.symbol),
            as_of=state.as_of,
            session=state.session,
            today=state.bars,
            history=state.history,
            vix_today=Bars.empty() if state.vix is None else state.vix_bars,
            vix_daily=state.vix_daily,
            vix_kind=DAILY_OPEN if state.vix is None else state.vix.kind,
        )

    @classmethod
    def from_frames(
        cls, bar_data: pd.DataFrame | None, vix_data: pd.DataFrame | None, current_time: datetime
    ) -> PredictionInputs:
        """Read the two canonical frames of the contract's call; a naive ``current_time`` is UTC.

        A single VIX row stamped at the open is the day's official open, unless ``attrs["kind"]`` says otherwise.

        Raises
        ------
        DataUnavailable
            ``market_closed`` on a day without session, ``bad_bars`` when a frame is not canonical.
        """
        as_of = current_time.replace(tzinfo=UTC) if current_time.tzinfo is None else current_time.astimezone(UTC)
        session = require_session(new_york_day(as_of))
        open_ns = to_ns(session.open_at)
        history, today = _split(_bars(bar_data, "bar_data"), open_ns)
        vix_daily, vix_today = _split(_bars(vix_data, "vix_data"), open_ns)
        vix_today = vix_today.known_at(as_of)
        guess = DAILY_OPEN if vix_today.starts.tolist() == [open_ns] else INTRADAY
        symbol = _attribute(bar_data, "symbol")
        return cls(
            symbol=None if symbol is None else canonical_symbol(symbol),
            as_of=as_of,
            session=session,
            today=today,
            history=history,
            vix_today=vix_today,
            vix_daily=vix_daily,
            vix_kind=_attribute(vix_data, "kind") or guess,
        )


def _split(bars: Bars, open_ns: int) -> tuple[Bars, Bars]:
    at = int(np.searchsorted(bars.starts, open_ns))
    return bars[:at], bars[at:]


def _attribute(frame: pd.DataFrame | None, name: str) -> str | None:
    value = None if frame is None else frame.attrs.get(name)
    return None if value is None else str(value)


def _bars(frame: pd.DataFrame | None, name: str) -> Bars:
    if frame is None or frame.empty:
        return Bars.empty()
    try:
        return Bars.from_frame(frame)
    except DataUnavailable as error:
        raise DataUnavailable(error.reason, f"{name}: {error.detail}") from error


def fresh_bars(inputs: PredictionInputs, *, max_bar_age: timedelta, max_vix_age: timedelta) -> Bars:
    """Return the session's bars of inputs whose newest bar and VIX are young enough.

    The day's official VIX open is fresh all day.

    Raises
    ------
    DataUnavailable
        ``market_closed``, ``missing_bars``, ``stale_bars``, ``missing_vix`` or ``stale_vix``.
    """
    if inputs.as_of >= inputs.session.close_at:
        raise DataUnavailable(ReasonCode.MARKET_CLOSED, "nothing of the session is left to predict")
    bars = inputs.today.between(inputs.session.open_at, min(inputs.as_of, inputs.session.close_at))
    if not len(bars):
        raise DataUnavailable(ReasonCode.MISSING_BARS, "no complete 5-minute bar of today")
    if (age := inputs.as_of - bars.last_end) > max_bar_age:
        raise DataUnavailable(ReasonCode.STALE_BARS, f"the newest bar is {_minutes(age)} old")
    if not len(inputs.vix_today) or inputs.vix_today.first_start < inputs.session.open_at:
        raise DataUnavailable(ReasonCode.MISSING_VIX, "no VIX of today")
    age = inputs.as_of - inputs.vix_today.last_end
    if inputs.vix_kind != DAILY_OPEN and age > max_vix_age:
        raise DataUnavailable(ReasonCode.STALE_VIX, f"the newest VIX is {_minutes(age)} old")
    return bars


def _minutes(age: timedelta) -> str:
    return f"{age.total_seconds() / 60:.0f} minutes"
