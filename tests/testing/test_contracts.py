"""Contracts: numbers that can be read back, and requests that match what they name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.testing.codes import RequestRejected
from magic8_companion.testing.contracts import (
    CALL,
    CLASSES,
    PUT,
    UNDERLYINGS,
    ContractQuery,
    instrument_by_id,
    option_of,
    underlying_of,
)
from magic8_companion.testing.listing import Listing, expiries
from tests.testing.tools import MARKET, START

LISTING = Listing(MARKET)
THIRD_FRIDAY = datetime(2025, 7, 18, 14, 0, tzinfo=UTC)


@given(
    name=st.sampled_from(sorted(CLASSES)),
    expiry=st.dates(date(2015, 1, 1), date(2030, 12, 31)),
    right=st.sampled_from([CALL, PUT]),
    number=st.integers(1, 8191),
)
def test_the_id_of_an_option_tells_everything(name: str, expiry: date, right: str, number: int) -> None:
    """An id fits 31 bits and gives back the option it was made of."""
    option = option_of(CLASSES[name], expiry, right, number)
    assert 0 < option.con_id < 2**31
    assert instrument_by_id(option.con_id) == option


@pytest.mark.parametrize("symbol", sorted(UNDERLYINGS))
def test_the_id_of_an_underlying_is_its_own(symbol: str) -> None:
    """An index or a stock is found by its id and never taken for an option."""
    assert instrument_by_id(underlying_of(symbol).con_id) == underlying_of(symbol)
    assert LISTING.single(ContractQuery(con_id=UNDERLYINGS[symbol].con_id), START).symbol == symbol


@pytest.mark.parametrize(
    "query",
    [
        ContractQuery(symbol="SPX", sec_type="STK", exchange="SMART"),
        ContractQuery(symbol="SPX", sec_type="IND", exchange="SMART"),
        ContractQuery(symbol="SPXW", sec_type="OPT", exchange="SMART"),
        ContractQuery(symbol="VIX", sec_type="STK", exchange="SMART"),
        ContractQuery(symbol="SPY", sec_type="STK", exchange="SMART", currency="EUR"),
        ContractQuery(symbol="SPY", sec_type="STK", exchange="SMART", primary_exchange="NASDAQ"),
        ContractQuery(symbol="SPX", sec_type="OPT", expiry="20250628", exchange="SMART"),
        ContractQuery(symbol="SPX", sec_type="OPT", expiry="20250625", exchange="SMART"),
        ContractQuery(symbol="SPX", sec_type="OPT", expiry="20250626", strike=6751.0, exchange="SMART"),
        ContractQuery(symbol="SPX", sec_type="OPT", expiry="20250626", exchange="NASDAQ"),
        ContractQuery(symbol="SPX", sec_type="OPT", expiry="20250626", exchange="SMART", trading_class="SPX"),
        ContractQuery(symbol="SPX", sec_type="OPT", expiry="20250626", exchange="SMART", multiplier="10"),
        ContractQuery(symbol="AAPL", sec_type="OPT", expiry="20250626", exchange="SMART"),
        ContractQuery(con_id=4711),
        ContractQuery(),
    ],
    ids=str,
)
def test_what_is_not_listed_is_refused(query: ContractQuery) -> None:
    """Wrong types, exchanges, classes, dates, strikes and ids give error 200."""
    with pytest.raises(RequestRejected) as refused:
        LISTING.find(query, START)
    assert refused.value.code == 200


@pytest.mark.parametrize(
    ("symbol", "trading_class"),
    [("SPX", "SPXW"), ("XSP", "XSP"), ("NDX", "NDXP"), ("RUT", "RUTW"), ("SPY", "SPY"), ("QQQ", "QQQ"), ("IWM", "IWM")],
)
def test_a_blank_strike_means_the_whole_expiry(symbol: str, trading_class: str) -> None:
    """Every strike of today's expiry comes as call and put, evenly spaced around the money."""
    query = ContractQuery(
        symbol=symbol, sec_type="OPT", expiry="20250626", exchange="SMART", trading_class=trading_class
    )
    found = LISTING.find(query, START)
    strikes = sorted({item.strike for item in found})
    assert len(found) == 2 * len(strikes)
    assert {item.trading_class for item in found} == {trading_class}
    steps = {round(high - low, 6) for low, high in pairwise(strikes)}
    assert steps == {CLASSES[trading_class].strike_step}


def test_a_third_friday_is_ambiguous_without_the_class() -> None:
    """SPX lists its morning-settled class beside the daily one, with the same date and strikes."""
    query = ContractQuery(symbol="SPX", sec_type="OPT", expiry="20250718", strike=6500, right="C", exchange="SMART")
    found = LISTING.find(query, THIRD_FRIDAY)
    assert {item.trading_class for item in found} == {"SPX", "SPXW"}
    with pytest.raises(RequestRejected, match="ambiguous"):
        LISTING.single(query, THIRD_FRIDAY)


def test_expiries_follow_the_calendar() -> None:
    """Daily classes skip holidays, weekly ones keep the last session of a week, monthly ones third Fridays."""
    wednesday = date(2025, 7, 2)
    assert [f"{day:%m-%d}" for day in expiries(CLASSES["SPXW"], wednesday)][:4] == ["07-02", "07-03", "07-07", "07-08"]
    assert [f"{day:%m-%d}" for day in expiries(CLASSES["AAPL"], wednesday)][:2] == ["07-03", "07-11"]
    assert [f"{day:%m-%d}" for day in expiries(CLASSES["SPX"], wednesday)][:3] == ["07-18", "08-15", "09-19"]


@pytest.mark.parametrize("right", ["C", "CALL", "call"])
def test_rights_have_several_names(right: str) -> None:
    """C and CALL are the same; blank, 0 and ? mean both."""
    assert ContractQuery(right=right).right_letter == CALL
    assert {ContractQuery(right=blank).right_letter for blank in ("", "0", "?")} == {""}
