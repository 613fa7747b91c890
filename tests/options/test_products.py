"""Each option product is one entry of data, and everything that depends on a symbol reads it there."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from magic8_companion import reader_kit
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.strategy import MAGIC8_SYMBOLS, canonical_symbol
from magic8_companion.options.expiry import ExpiryCycle
from magic8_companion.options.products import MULTIPLIER, PRODUCTS, RUN_SYMBOLS, Product, product
from magic8_companion.options.tickets import limit_price_of
from magic8_companion.providers.ib.contracts import underlying
from magic8_companion.providers.simulated_symbols import SYMBOLS as SIMULATED_SYMBOLS
from magic8_companion.providers.yahoo.tickers import chain_ticker


def test_an_option_class_has_one_entry() -> None:
    """No two entries describe the same class of options."""
    classes = [(item.symbol, item.option_class) for item in PRODUCTS]
    assert len(set(classes)) == len(classes)


@pytest.mark.parametrize("symbol", MAGIC8_SYMBOLS)
def test_every_traded_symbol_has_a_complete_product(symbol: str) -> None:
    """Prices and strikes of every symbol have a positive step, and a contract pays 100 dollars per point."""
    options = product(symbol)
    assert options.strike_step > options.coarse_tick >= options.tick > 0
    assert options.multiplier == MULTIPLIER


def test_ticks_widen_from_three_points() -> None:
    """SPX trades in nickels below a premium of 3 points and in dimes from there on."""
    assert product("SPX").tick_at([0.05, 2.95, 3.0, 40.0]).tolist() == [0.05, 0.05, 0.10, 0.10]
    assert product("SPY").tick_at(40.0) == 0.01


# Cboe rule 5.4 (minimum increments): symbol and class, step below a premium of 3.00, step from there on
INCREMENTS = {
    ("SPX", "SPXW"): (0.05, 0.10),
    ("SPX", "SPX"): (0.05, 0.10),
    ("NDX", "NDXP"): (0.05, 0.10),
    ("RUT", "RUTW"): (0.05, 0.10),
    ("XSP", "XSP"): (0.01, 0.01),
    ("SPY", "SPY"): (0.01, 0.01),
    ("QQQ", "QQQ"): (0.01, 0.01),
    ("IWM", "IWM"): (0.01, 0.01),
    ("DIA", "DIA"): (0.01, 0.05),
    ("AAPL", "AAPL"): (0.01, 0.05),
    ("TSLA", "TSLA"): (0.01, 0.05),
}


def test_the_increments_cover_every_product() -> None:
    """A new entry needs its line in the table of the exchange."""
    assert set(INCREMENTS) == {(item.symbol, item.option_class) for item in PRODUCTS}


@pytest.mark.parametrize(("symbol", "option_class"), INCREMENTS)
def test_ticks_are_those_of_the_exchange(symbol: str, option_class: str) -> None:
    """The step changes at 3.00 exactly, and 3.00 has the step of higher premiums."""
    options, (fine, coarse) = product(symbol, option_class), INCREMENTS[symbol, option_class]
    assert options.tick_at([0.01, 2.95, 2.99, 3.0, 3.01, 250.0]).tolist() == [fine] * 3 + [coarse] * 3


@pytest.mark.parametrize(
    ("symbol", "exact", "limit"),
    [
        ("SPX", 0.049, 0.0),
        ("SPX", 0.05, 0.05),
        ("SPX", 2.973, 2.95),
        ("SPX", 7.68, 7.65),
        ("SPX", -2.973, -3.0),
        ("SPX", -0.95, -0.95),
        ("NDX", 12.34, 12.3),
        ("RUT", -1.01, -1.05),
        ("XSP", 0.437, 0.43),
        ("SPY", 4.567, 4.56),
        ("SPY", -0.101, -0.11),
        ("QQQ", 3.14, 3.14),
        ("AAPL", -1.239, -1.24),
    ],
)
def test_a_limit_price_is_a_multiple_of_the_fine_tick(symbol: str, exact: float, limit: float) -> None:
    """Orders of several legs keep the fine step above 3.00; rounding never asks for more than the certain fill."""
    assert limit_price_of(exact, product(symbol)) == pytest.approx(limit, abs=1e-9)


@pytest.mark.parametrize(
    ("day", "cycles"),
    [
        (date(2025, 7, 9), {"daily"}),
        (date(2025, 7, 11), {"daily", "weekly"}),
        (date(2025, 7, 3), {"daily", "weekly"}),
        (date(2024, 3, 28), {"daily", "weekly"}),
        (date(2025, 7, 18), {"daily", "weekly", "monthly"}),
        (date(2019, 4, 18), {"daily", "weekly", "monthly"}),
    ],
)
def test_a_cycle_knows_its_expiries(day: date, cycles: set[str]) -> None:
    """Weekly options expire on the last session of a week, monthly ones on the third Friday or the session before."""
    assert {cycle.value for cycle in ExpiryCycle if cycle.expires_on(day)} == cycles


def test_fees_of_a_spread_count_every_contract() -> None:
    """A butterfly pays its middle twice; the exchange fee depends on the premium of each leg."""
    charged = product("SPX").fees.of_legs(np.array([1.0, -2.0, 1.0, 0.0]), np.array([0.40, 7.0, 15.0, 0.0]))
    assert float(charged) == pytest.approx(4 * 0.65 + 0.36 + 3 * 0.45)


def test_a_symbol_without_options_is_refused() -> None:
    """VIX options are not supported, and an unknown class of a known symbol names the known ones."""
    with pytest.raises(DataUnavailable, match="options on VIX are not supported"):
        product("VIX")
    with pytest.raises(DataUnavailable, match="known: SPXW, SPX"):
        product("SPX", "SPXQ")


def test_a_symbol_of_a_run_is_known_everywhere() -> None:
    """IB, Yahoo and the simulated market answer for every symbol that the settings accept."""
    for symbol in RUN_SYMBOLS:
        assert underlying(symbol).symbol == symbol
        assert chain_ticker(symbol)
        assert symbol in SIMULATED_SYMBOLS, f"add {symbol} to providers/simulated_symbols.py"


def test_every_option_class_is_understood_as_its_symbol() -> None:
    """Host and reader kit read a trading class as the symbol of its entry."""
    for item in PRODUCTS:
        assert canonical_symbol(item.option_class) == item.symbol
        assert reader_kit._symbol(item.option_class) == item.symbol


def test_the_page_on_symbols_explains_every_field() -> None:
    """A field of an entry cannot be added without a line on the page."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "symbols.md").read_text(encoding="utf-8")
    assert [item.name for item in fields(Product) if f"`{item.name}`" not in page] == []
