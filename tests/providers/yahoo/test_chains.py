"""Option chains: real quotes or none, today's expiry or none, Greeks that belong to the volatilities."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.providers.yahoo.chains import chain_of
from magic8_companion.providers.yahoo.library import OptionTables
from magic8_companion.testing.yahoo_answers import Habits
from tests.providers.makers import DAY, new_york
from tests.providers.yahoo.servers import DELAY, MARKET, ask, provider, refusal, yahoo

NOW = new_york(DAY, 11, 2, 13)
FRIDAY = date(2025, 4, 17)  # the third Friday's expiry: Good Friday moves it to Thursday


def contract(name: str, strike: float, **figures: Any) -> dict[str, Any]:
    """Return one contract with plausible figures, changed by ``figures``."""
    plain = {"bid": 1.0, "ask": 1.1, "impliedVolatility": 0.2, "openInterest": 7.0, "volume": 3.0}
    return {"contractSymbol": f"{name}{round(strike * 1000):08d}", "strike": strike, **plain, **figures}


def tables(calls: list[dict[str, Any]], puts: list[dict[str, Any]] | None = None, **facts: Any) -> OptionTables:
    """Return tables as the library gives them."""
    plain = {"ticker": "SPY", "price": 500.0, "traded_at": NOW, "expiries": (DAY,)}
    columns = list(contract("X", 1.0))
    return OptionTables(calls=pd.DataFrame(calls), puts=pd.DataFrame(puts or [], columns=columns), **{**plain, **facts})


def read(found: OptionTables, symbol: str = "SPY", day: date = DAY, at: datetime = NOW) -> OptionChain:
    """Read tables as the provider does."""
    return chain_of(found, symbol, day, at, 20)


def refused(found: OptionTables, **how: Any) -> DataUnavailable:
    """Return why tables are refused."""
    with pytest.raises(DataUnavailable) as caught:
        read(found, **how)
    return caught.value


@pytest.mark.parametrize(("symbol", "habits"), [("SPY", Habits()), ("SPX", Habits(index_quotes=True))])
def test_a_chain_is_what_yahoo_lists(symbol: str, habits: Habits) -> None:
    """Quotes, open interest and volatilities are Yahoo's; Greeks agree with the market that made them."""
    with yahoo(habits, NOW) as server:
        envelope = ask(provider(server).get_option_chain(symbol))
    chain = OptionChain.from_envelope(envelope)
    truth = MARKET.chain(symbol, NOW - DELAY, 20)
    assert {len(row) for row in envelope["option_chain"]} == {16}
    assert (chain.source, chain.status, chain.expiry, chain.as_of) == ("yahoo", "delayed", DAY, NOW - DELAY)
    assert (chain.spot, chain.oi_as_of) == (truth.spot, date(2025, 4, 8))
    assert len(chain.rows) == 41
    for row, real in zip(chain.rows, truth.rows, strict=True):
        for name in ("strike", "call_bid", "put_bid", "call_ask", "put_ask", "call_iv", "put_iv", "call_oi", "put_oi"):
            assert getattr(row, name) == getattr(real, name), name
        assert row.call_delta == pytest.approx(real.call_delta, abs=1e-5)
        assert row.put_gamma == pytest.approx(real.put_gamma, abs=1e-6)


def test_index_options_without_quotes_are_refused() -> None:
    """Yahoo's zeros are no market, and its volatilities beside them are invented."""
    with yahoo(at=NOW) as server:
        assert refusal(provider(server).get_option_chain("SPX")).reason == "no_quotes"


def test_todays_expiry_is_found_behind_an_expired_one() -> None:
    """The first expiry in Yahoo's list may be yesterday's."""
    with yahoo(Habits(expired_first=True), NOW) as server:
        assert ask(provider(server).get_option_chain("SPY"))["expiry"] == DAY.isoformat()


def test_the_vix_has_no_chain_and_weekly_options_none_today() -> None:
    """Neither is answered with something else."""
    with yahoo(at=NOW) as server:
        assert refusal(provider(server).get_option_chain("VIX")).reason == "no_chain"
        assert refusal(provider(server).get_option_chain("AAPL")).reason == "no_chain"


def test_the_nearest_expiry_is_never_passed_off_as_todays() -> None:
    """Options of tomorrow are refused with their date."""
    answer = refused(tables([contract("SPY250410C", 500.0)], expiries=(date(2025, 4, 10),)))
    assert answer.reason == "no_0dte_chain"
    assert "2025-04-10" in answer.detail


def test_the_monthly_class_of_an_index_stays_out() -> None:
    """On the third Friday's expiry both classes are listed; only the one that settles at the close is read."""
    both = [contract(f"{name}250417C", strike) for name in ("SPX", "SPXW") for strike in (500.0, 505.0)]
    both[0]["bid"] = 99.0
    chain = read(tables(both), "SPX", FRIDAY, new_york(FRIDAY, 11))
    assert [row.call_bid for row in chain.rows] == [1.0, 1.0]


def test_a_quote_without_an_ask_is_none() -> None:
    """A bid of 0 beside an ask is real; without an ask bid, volatility and Greeks are missing."""
    rows = [
        contract("SPY250409C", 499.0),
        contract("SPY250409C", 500.0, bid=0.0, ask=0.05),
        contract("SPY250409C", 501.0, bid=0.0, ask=0.0, impliedVolatility=0.5),
        contract("SPY250409C", 502.0, bid=math.nan, ask=1.0, impliedVolatility=1e-05),
    ]
    chain = read(tables(rows))
    assert [row.call_bid for row in chain.rows] == [1.0, 0.0, None, None]
    assert [row.call_ask for row in chain.rows] == [1.1, 0.05, None, 1.0]
    assert [row.call_iv for row in chain.rows] == [0.2, 0.2, None, None]
    assert [row.call_delta is None for row in chain.rows] == [False, False, True, True]
    assert all(row.put_bid is None and row.put_oi is None for row in chain.rows)


def test_counts_are_missing_when_nothing_was_counted() -> None:
    """A single 0 is a real 0; zeros everywhere mean that Yahoo does not know; NaN is missing."""
    rows = [contract("SPY250409C", 500.0 + n, openInterest=n, volume=0.0) for n in range(3)]
    rows[2]["openInterest"] = math.nan
    chain = read(tables(rows))
    assert [row.call_oi for row in chain.rows] == [0, 1, None]
    assert [row.call_volume for row in chain.rows] == [None] * 3


def test_the_strikes_nearest_to_the_money_are_kept() -> None:
    """20 on each side, whatever their distance."""
    rows = [contract("SPY250409C", 400.0 + n) for n in range(200)]
    assert [row.strike for row in read(tables(rows)).rows] == [float(strike) for strike in range(480, 521)]


def test_a_chain_without_the_price_of_its_underlying_is_refused() -> None:
    """Nobody knows where its money is."""
    assert refused(tables([contract("SPY250409C", 500.0)], price=None)).reason == "bad_chain"
