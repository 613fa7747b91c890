"""List the contracts of a day: underlyings, expiries and strikes, and find those that match a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import new_york_day, sessions_between
from magic8_companion.options.expiry import monthly_expiry
from magic8_companion.options.products import product
from magic8_companion.testing.codes import RequestRejected
from magic8_companion.testing.contracts import (
    CALL,
    CLASSES,
    OPTION,
    PUT,
    UNDERLYINGS,
    ContractQuery,
    Instrument,
    OptionClass,
    instrument_by_id,
    option_of,
    underlying_of,
)
from magic8_companion.testing.market import GatewayMarket, last_close
from magic8_companion.testing.option_prices import STRIKES_EACH_SIDE

_LISTED_DAYS: Final = timedelta(days=21)
_LISTED_MONTHS: Final = 6


class Listing:
    """The contracts of a market, by New York day; the strikes of a day are around the close before it."""

    def __init__(self, market: GatewayMarket) -> None:
        self._market = market
        self._numbers: Callable[[str, date], tuple[int, ...]] = lru_cache(maxsize=256)(self._make_numbers)

    def find(self, query: ContractQuery, at: datetime) -> list[Instrument]:
        """Return every listed contract that matches.

        Raises
        ------
        Refused
            200 when there is none.
        """
        found = [item for item in self._candidates(query, new_york_day(at)) if query.wants(item)]
        if not found:
            raise RequestRejected(200)
        return found

    def single(self, query: ContractQuery, at: datetime) -> Instrument:
        """Return the one contract that matches.

        Raises
        ------
        Refused
            200 when there is none or more than one.
        """
        found = self.find(query, at)
        if len(found) > 1:
            raise RequestRejected(200, f"The contract description specified for {query.symbol} is ambiguous.")
        return found[0]

    def strikes(self, option_class: OptionClass, day: date) -> list[float]:
        """Return the strikes listed on a day, ascending."""
        return [number * option_class.strike_step for number in self._numbers(option_class.name, day)]

    def _candidates(self, query: ContractQuery, day: date) -> Iterator[Instrument]:
        if query.con_id:
            known = instrument_by_id(query.con_id)
            if known and (known.option_class is None or self._is_listed(known, known.option_class, day)):
                yield known
        elif query.sec_type == OPTION:
            yield from self._options(query, day)
        elif query.symbol in UNDERLYINGS:
            yield underlying_of(query.symbol)

    def _options(self, query: ContractQuery, day: date) -> Iterator[Instrument]:
        for option_class in CLASSES.values():
            if option_class.symbol != query.symbol or query.trading_class not in {"", option_class.name}:
                continue
            for expiry in expiries(option_class, day):
                if f"{expiry:%Y%m%d}".startswith(query.expiry):
                    numbers = self._requested_numbers(query.strike, option_class, day)
                    yield from (option_of(option_class, expiry, right, n) for right in (CALL, PUT) for n in numbers)

    def _requested_numbers(self, strike: float, option_class: OptionClass, day: date) -> tuple[int, ...]:
        numbers = self._numbers(option_class.name, day)
        return tuple(n for n in numbers if n * option_class.strike_step == strike) if strike else numbers

    def _is_listed(self, option: Instrument, option_class: OptionClass, day: date) -> bool:
        return option.expiry in expiries(option_class, day) and option.strike in self.strikes(option_class, day)

    def _make_numbers(self, class_name: str, day: date) -> tuple[int, ...]:
        option_class = CLASSES[class_name]
        try:
            middle = round(last_close(self._market, option_class.symbol, day) / option_class.strike_step)
        except DataUnavailable:
            return ()
        return tuple(range(max(1, middle - STRIKES_EACH_SIDE), middle + STRIKES_EACH_SIDE + 1))


def expiries(option_class: OptionClass, day: date) -> list[date]:
    """Return the expiries of a class that are listed on a day, oldest first.

    >>> [str(expiry) for expiry in expiries(CLASSES["SPXW"], date(2025, 7, 3))[:2]]
    ['2025-07-03', '2025-07-07']
    """
    if option_class.monthly:
        months = (divmod(day.year * 12 + day.month - 1 + number, 12) for number in range(_LISTED_MONTHS))
        return [expiry for year, month in months if (expiry := monthly_expiry(year, month + 1)) >= day]
    days = [session.day for session in sessions_between(day, day + _LISTED_DAYS)]
    return [item for item in days if product(option_class.symbol).cycle.expires_on(item)]
