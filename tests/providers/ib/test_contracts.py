"""Where IB lists each symbol and which class its daily options have: the table of the contract, row by row."""

from __future__ import annotations

from datetime import date

import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.options.products import RUN_SYMBOLS
from magic8_companion.providers.ib.contracts import INDEX, OPTION, SMART, STOCK, options_of, underlying

THIRD_FRIDAY = date(2025, 6, 20)


@pytest.mark.parametrize(
    ("symbol", "kind", "exchange", "primary"),
    [
        ("SPX", INDEX, "CBOE", ""),
        ("XSP", INDEX, "CBOE", ""),
        ("NDX", INDEX, "NASDAQ", ""),
        ("RUT", INDEX, "RUSSELL", ""),
        ("VIX", INDEX, "CBOE", ""),
        ("SPY", STOCK, SMART, "ARCA"),
        ("IWM", STOCK, SMART, "ARCA"),
        ("QQQ", STOCK, SMART, "NASDAQ"),
        ("AAPL", STOCK, SMART, "NASDAQ"),
        ("TSLA", STOCK, SMART, "NASDAQ"),
    ],
)
def test_underlyings_are_asked_for_where_ib_lists_them(symbol: str, kind: str, exchange: str, primary: str) -> None:
    """Indices are asked for at their exchange, stocks by SMART with their primary exchange."""
    wanted = underlying(symbol)
    assert (wanted.kind, wanted.exchange, wanted.primary_exchange, wanted.symbol) == (kind, exchange, primary, symbol)
    assert wanted.expiry is None


@pytest.mark.parametrize(
    ("symbol", "trading_class"),
    [
        ("SPX", "SPXW"),
        ("XSP", "XSP"),
        ("NDX", "NDXP"),
        ("RUT", "RUTW"),
        ("SPY", "SPY"),
        ("IWM", "IWM"),
        ("QQQ", "QQQ"),
        ("AAPL", "AAPL"),
        ("TSLA", "TSLA"),
    ],
)
def test_options_keep_the_symbol_and_name_the_daily_class(symbol: str, trading_class: str) -> None:
    """On a third Friday too the class that settles at the close is named; the symbol stays that of the underlying."""
    wanted = options_of(symbol, THIRD_FRIDAY)
    assert (wanted.symbol, wanted.trading_class, wanted.expiry) == (symbol, trading_class, THIRD_FRIDAY)
    assert (wanted.kind, wanted.exchange, wanted.multiplier) == (OPTION, SMART, "100")


def test_every_symbol_of_the_settings_has_its_contracts() -> None:
    """No symbol can be configured whose contracts are not known."""
    for symbol in RUN_SYMBOLS:
        assert underlying(symbol).symbol == symbol
        assert options_of(symbol, THIRD_FRIDAY).symbol == symbol


def test_an_unknown_symbol_is_not_guessed() -> None:
    """A symbol without an entry is refused, and so are options on the VIX."""
    with pytest.raises(DataUnavailable) as caught:
        underlying("GME")
    assert caught.value.reason == "unknown_product"
    with pytest.raises(DataUnavailable):
        options_of("VIX", THIRD_FRIDAY)
