"""One market-data line: its values, each with the instant of ``SteadyClock`` at which it was received."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from magic8_companion.providers.ib.codes import Effect, IBRefusal, effect_of, ends_request
from magic8_companion.providers.ib.contracts import CALL, Listed
from magic8_companion.providers.ib.waiting import Notifier

OLDEST: Final = timedelta(seconds=60)
"""A quote older than this is stale."""

_PRICES: Final = {1: "bid", 66: "bid", 2: "ask", 67: "ask", 4: "last", 68: "last"}
_COUNTS: Final = {
    8: "volume",
    74: "volume",
    27: "call_open_interest",
    28: "put_open_interest",
    29: "call_volume",
    30: "put_volume",
}
_MODEL_GREEKS: Final = (13, 83)
_LAST_TRADE_TIMES: Final = (45, 88)
_LAST: Final = 4
_DELAYED: Final = 3
_FROZEN: Final = (2, 4)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeks:
    """IB's model of an option: volatility decimal per year, delta per share, gamma per point; None = not sent."""

    volatility: float | None
    delta: float | None
    gamma: float | None


class MarketDataLine:
    """The values of one contract since its line was opened; an earlier line's values are not kept.

    ``refusal`` is the error that ended the line, ``may_be_delayed`` whether delayed data were allowed when it was
    opened.  A price of -1 or NaN is stored as "none": the bid is known to be absent.
    """

    def __init__(
        self, contract: Listed, opened_at: datetime, notifier: Notifier, *, may_be_delayed: bool = False
    ) -> None:
        self.contract = contract
        self.opened_at = opened_at
        self.may_be_delayed = may_be_delayed
        self.request_id = -1
        self.refusal: IBRefusal | None = None
        self.delayed = False
        self.partial = False
        self.greeks: Greeks | None = None
        self._frozen = False
        self._values: dict[str, tuple[float | None, datetime]] = {}
        self._last_tick_at = _NEVER
        self._trade_stamp: datetime | None = None
        self._traded_at: datetime | None = None
        self._notifier = notifier

    @property
    def fresh_at(self) -> datetime:
        """Return when the newest usable price was received, or traded if that is known to be earlier."""
        if self._traded_at is None or self.delayed:
            return self._last_tick_at
        return min(self._last_tick_at, self._traded_at)

    def on_price(self, tick: int, price: float, at: datetime) -> None:
        """Store a price in points."""
        name = _PRICES.get(tick)
        if name is None:
            return
        if tick >= 66:
            self.delayed = True
        usable = math.isfinite(price) and (price > 0 or (price == 0 and name != "last"))
        self._values[name] = (price if usable else None, _NEVER if self._frozen else at)
        if usable and not self._frozen:
            self._last_tick_at = at
        self._notifier.notify()

    def on_count(self, tick: int, count: float, at: datetime) -> None:
        """Store a number of contracts or shares; 0 is a valid value."""
        name = _COUNTS.get(tick)
        if name is not None and math.isfinite(count) and count >= 0:
            self._values[name] = (count, at)
            self._notifier.notify()

    def on_greeks(self, tick: int, volatility: float, delta: float, gamma: float) -> None:
        """Store IB's model; -1, -2 and impossible values mean "not computed"."""
        if tick not in _MODEL_GREEKS:
            return
        self.greeks = Greeks(
            volatility=volatility if math.isfinite(volatility) and volatility > 0 else None,
            delta=delta if math.isfinite(delta) and abs(delta) <= 1 else None,
            gamma=gamma if math.isfinite(gamma) and gamma >= 0 else None,
        )
        self._notifier.notify()

    def on_text(self, tick: int, text: str, at: datetime, wall_time: datetime) -> None:
        """Store the time of the last trade, which reveals an old price that IB has kept.

        A later time confirms the price, because an unchanged one is not sent again.  ``wall_time`` is the wall time at
        ``at``: IB stamps trades with it.
        """
        if tick not in _LAST_TRADE_TIMES or not text.isdigit() or not int(text):
            return
        stamp = datetime.fromtimestamp(int(text), UTC)
        price, _ = self._values.get("last", (None, at))
        if self._trade_stamp is not None and stamp > self._trade_stamp and price is not None:
            self.on_price(_LAST, price, at)
        self._trade_stamp, self._traded_at = stamp, at - (wall_time - stamp)
        self._notifier.notify()

    def on_data_type(self, kind: int) -> None:
        """Store the type of the following data: live, frozen, delayed or delayed and frozen."""
        self.delayed = kind >= _DELAYED
        self._frozen = kind in _FROZEN
        self._notifier.notify()

    def on_code(self, code: int, text: str) -> None:
        """Store an error of this line's request."""
        effect = effect_of(code)
        self.delayed |= effect is Effect.DELAYED
        self.partial |= effect is Effect.PARTIAL
        if ends_request(code):
            self.refusal = IBRefusal(code, text)
        self._notifier.notify()

    def value(self, name: str, since: datetime) -> float | None:
        """Return a value that was received at or after ``since``, or None."""
        value, at = self._values.get(name, (None, _NEVER))
        return value if at >= since else None

    def answered(self, name: str) -> bool:
        """Return whether a value or its absence was received."""
        return name in self._values

    @property
    def quoted_at(self) -> datetime:
        """Return when the older of bid and ask was received; the earliest time if one is missing."""
        return min(self._values.get(name, (None, _NEVER))[1] for name in ("bid", "ask"))

    def bid_ask(self, since: datetime) -> tuple[float | None, float | None]:
        """Return bid and ask in points."""
        return self.value("bid", since), self.value("ask", since)

    def is_crossed(self, since: datetime) -> bool:
        """Return whether the bid is above the ask: briefly while one changes, longer if one is wrong."""
        bid, ask = self.bid_ask(since)
        return bool(bid and ask and bid > ask)

    def spot(self, since: datetime) -> float | None:
        """Return the price of an underlying, in points, from values received at or after ``since``.

        The price is the last trade if it lies between bid and ask or one of them is unknown, else the mid.  It is None
        when the bid is above the ask, and when the last trade is older than ``since``: then all values of the line are
        old.
        """
        if self._traded_at is not None and self._traded_at < since and not self.delayed:
            return None
        last = self.value("last", since)
        bid, ask = self.bid_ask(since)
        if self.is_crossed(since):
            return None
        if not bid or not ask:
            return last
        return last if last is not None and bid <= last <= ask else (bid + ask) / 2

    def open_interest(self) -> int | None:
        """Return last night's open interest of an option in contracts."""
        return self._count("call_open_interest" if self.contract.right == CALL else "put_open_interest")

    def volume(self) -> int | None:
        """Return today's volume of an option in contracts."""
        own = self._count("call_volume" if self.contract.right == CALL else "put_volume")
        return self._count("volume") if own is None else own

    def _count(self, name: str) -> int | None:
        value = self.value(name, _NEVER)
        return None if value is None else int(value)
