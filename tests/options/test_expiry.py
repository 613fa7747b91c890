"""Settlement times of the products, half days and third Fridays included."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import NEW_YORK, new_york_instant
from magic8_companion.options.expiry import SECONDS_PER_YEAR, monthly_expiry
from magic8_companion.options.products import product

FULL_DAY, HALF_DAY, THIRD_FRIDAY = date(2025, 7, 9), date(2025, 7, 3), date(2025, 7, 18)


@pytest.mark.parametrize(
    ("symbol", "option_class", "expiry", "settles", "trades_until"),
    [
        ("SPX", None, FULL_DAY, time(16), time(16)),
        ("SPX", None, THIRD_FRIDAY, time(16), time(16)),
        ("XSP", None, HALF_DAY, time(13), time(13)),
        ("NDX", "NDXP", FULL_DAY, time(16), time(16)),
        ("RUT", "RUTW", HALF_DAY, time(13), time(13)),
        ("SPY", None, FULL_DAY, time(16), time(16, 15)),
        ("QQQ", None, HALF_DAY, time(13), time(13, 15)),
        ("TSLA", None, FULL_DAY, time(16), time(16)),
    ],
)
def test_daily_options_settle_at_the_close(
    symbol: str, option_class: str | None, expiry: date, settles: time, trades_until: time
) -> None:
    """The close of the session settles all daily options; some ETF options trade a quarter of an hour longer."""
    options = product(symbol, option_class)
    assert options.settles_at(expiry) == new_york_instant(expiry, settles)
    assert options.trades_until(expiry) == new_york_instant(expiry, trades_until)


def test_the_opening_settled_class_ends_the_day_before() -> None:
    """Class SPX settles in the opening auction of the third Friday and last trades on Thursday."""
    options = product("SPX", "SPX")
    assert options.settles_at(THIRD_FRIDAY) == new_york_instant(THIRD_FRIDAY, time(9, 30))
    assert options.trades_until(THIRD_FRIDAY) == new_york_instant(date(2025, 7, 17), time(16))
    with pytest.raises(DataUnavailable, match="wrong_expiry"):
        options.settles_at(FULL_DAY)


def test_a_third_friday_on_a_holiday_moves_to_the_session_before() -> None:
    """Good Friday 2019 was a third Friday."""
    assert monthly_expiry(2019, 4) == date(2019, 4, 18)


def test_seconds_count_down_to_zero_and_stay_there() -> None:
    """The last second is one second, later there is none."""
    close = product("SPX").settles_at(FULL_DAY)
    assert product("SPX").seconds_left(FULL_DAY, close.replace(minute=59, hour=close.hour - 1, second=59)) == 1.0
    assert product("SPX").years_left(FULL_DAY, datetime(2025, 7, 10, tzinfo=UTC)) == 0.0


def test_daylight_saving_is_counted() -> None:
    """From Friday 10:00 to Monday's close are 78 hours on the wall, 77 when the clocks go forward in between."""
    spring = date(2025, 3, 10)
    friday = datetime(2025, 3, 7, 10, tzinfo=NEW_YORK)
    assert product("SPX").years_left(spring, friday) == (3 * 24 + 6 - 1) * 3600 / SECONDS_PER_YEAR


@pytest.mark.parametrize(("symbol", "option_class"), [("VIX", None), ("SPX", "SPXQ"), ("AAPL", "SPXW")])
def test_an_unknown_product_is_refused(symbol: str, option_class: str | None) -> None:
    """A class that a symbol does not have is an error, not a default."""
    with pytest.raises(DataUnavailable, match="unknown_product"):
        product(symbol, option_class)


def test_a_holiday_has_no_settlement() -> None:
    """The fourth of July cannot be an expiry."""
    with pytest.raises(DataUnavailable, match="market_closed"):
        product("SPX").settles_at(date(2025, 7, 4))


def test_shares_carry_assignment_risk_and_cash_does_not() -> None:
    """The property decides on the warning of a ticket."""
    assert product("SPY").assignment_risk
    assert not product("XSP").assignment_risk
