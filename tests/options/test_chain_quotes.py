"""Bad chains are flagged and blanked, never priced through."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.options.chain_quotes import ChainProblem, LegFlag, clean_chain
from tests.options.chains import DAY, real_chain, simulated_chain, with_row


def test_a_clean_chain_has_no_flags_but_worthless_wings_and_the_forward_of_its_making() -> None:
    """Simulated quotes carry no rate, so the implied forward is the spot to within a tick."""
    quotes = clean_chain(simulated_chain())
    assert quotes.problems == ()
    assert set(np.unique([quotes.calls.flags, quotes.puts.flags])) <= {0, int(LegFlag.NO_BID)}
    assert quotes.forward == pytest.approx(6244.43, abs=0.05)
    assert quotes.parity.stale == ()
    assert quotes.years == 4 * 3600 / (365 * 86_400)


@pytest.mark.parametrize(
    ("flag", "changes"),
    [
        (LegFlag.CROSSED, {"call_bid": 7.5, "call_ask": 7.0}),
        (LegFlag.ZERO | LegFlag.NO_BID, {"call_bid": 0.0, "call_ask": 0.0}),
        (LegFlag.NEGATIVE, {"call_bid": -1.0}),
        (LegFlag.ONE_SIDED, {"call_ask": None}),
        (LegFlag.ONE_SIDED, {"call_bid": None}),
        (LegFlag.MISSING, {"call_bid": None, "call_ask": None}),
        (LegFlag.MISSING, {"call_bid": float("nan"), "call_ask": float("inf")}),
        (LegFlag.STALE, {"call_bid": 5.0, "call_ask": 5.2}),
    ],
)
def test_a_bad_quote_is_flagged_and_blanked(flag: LegFlag, changes: dict[str, float | None]) -> None:
    """The bad leg loses its prices; its partner and its neighbours keep theirs."""
    quotes = clean_chain(with_row(simulated_chain(), 6245.0, **changes))
    i = int(np.searchsorted(quotes.strikes, 6245.0))
    assert LegFlag(int(quotes.calls.flags[i])) == flag
    assert np.isnan([quotes.calls.bid[i], quotes.calls.ask[i], quotes.calls.mid[i]]).all()
    assert not quotes.calls.usable[i]
    assert quotes.puts.usable[i]
    assert quotes.calls.usable[i - 1]


def test_a_real_zero_bid_may_be_bought_but_has_no_mid() -> None:
    """A bid of 0 is a quote: the ask stands, the middle says nothing."""
    quotes = clean_chain(with_row(simulated_chain(), 6340.0, call_bid=0.0, call_ask=0.05))
    i = int(np.searchsorted(quotes.strikes, 6340.0))
    assert quotes.calls.flags[i] == LegFlag.NO_BID
    assert quotes.calls.usable[i]
    assert quotes.calls.ask[i] == 0.05
    assert np.isnan(quotes.calls.mid[i])


def fatal_chains() -> dict[ChainProblem, OptionChain]:
    """Return one chain per reason that forbids pricing."""
    good = simulated_chain()
    return {
        ChainProblem.WRONG_EXPIRY: replace(good, expiry=DAY + timedelta(days=1)),
        ChainProblem.AFTER_CLOSE: replace(good, as_of=datetime(2025, 7, 9, 20, 0, tzinfo=UTC)),
        ChainProblem.SPOT_OUTSIDE_STRIKES: replace(good, spot=7000.0),
        ChainProblem.NO_QUOTES: replace(good, rows=tuple(replace(row, call_bid=None) for row in good.rows)),
    }


@pytest.mark.parametrize("problem", fatal_chains())
def test_a_chain_that_cannot_be_priced_is_refused_with_its_reason(problem: ChainProblem) -> None:
    """Each fatal problem is listed, and asking to price raises it."""
    quotes = clean_chain(fatal_chains()[problem])
    assert problem in quotes.problems
    with pytest.raises(DataUnavailable, match=problem.value):
        quotes.require_priceable()


def test_holes_are_named_and_wider_listing_steps_are_not_holes() -> None:
    """Two missing strikes of 5 points are found; a chain that goes on in steps of 25 is complete."""
    good = simulated_chain()
    holed = replace(good, rows=tuple(row for row in good.rows if row.strike not in {6250.0, 6255.0}))
    assert clean_chain(holed).missing_strikes == (6250.0, 6255.0)
    assert ChainProblem.MISSING_STRIKES in clean_chain(holed).problems
    wide = replace(good, rows=tuple(row for row in good.rows if row.strike <= 6270 or row.strike % 25 == 0))
    assert clean_chain(wide).missing_strikes == ()


def test_a_spot_that_the_quotes_deny_is_reported_but_priced() -> None:
    """Quotes and index may be seconds apart: the chain is priced on its own forward."""
    quotes = clean_chain(replace(simulated_chain(), spot=6241.0))
    assert quotes.problems == (ChainProblem.SPOT_OFF_PARITY,)
    quotes.require_priceable()
    assert quotes.parity_spot == pytest.approx(6244.43, abs=0.05)


def test_the_input_is_not_touched() -> None:
    """Cleaning the same chain twice gives the same arrays."""
    chain = simulated_chain()
    first, second = clean_chain(chain), clean_chain(chain)
    np.testing.assert_array_equal(first.calls.bid, second.calls.bid)
    assert chain == simulated_chain()


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("symbol", "day", "forward", "stale"),
    [
        ("SPY", "2025-06-18", 598.23, []),
        ("SPX", "2025-06-20", 5971.1, ["5970 C", "6005 P", "6020 P", "6025 P"]),
        (
            "SPX",
            "2025-07-09",
            6244.4,
            ["6195 C", "6200 C", "6265 P", "6270 P", "6275 P", "6280 P", "6285 P", "6290 P"],
        ),
    ],
)
def test_stale_legs_of_recorded_chains_are_named(symbol: str, day: str, forward: float, stale: list[str]) -> None:
    """Parity finds the two known stale legs, 5970 C and 6265 P, and the deep ones that miss it by less."""
    quotes = clean_chain(real_chain(symbol, day))
    assert quotes.forward == pytest.approx(forward, abs=0.05)
    assert [f"{leg.strike:g} {leg.right}" for leg in quotes.parity.stale] == stale


@pytest.mark.real_data
def test_the_recorded_spot_of_june_20_is_known_to_be_late() -> None:
    """Its quotes imply a spot 2.5 points higher; the report says so in words."""
    quotes = clean_chain(real_chain("SPX", "2025-06-20"))
    assert quotes.problems == (ChainProblem.SPOT_OFF_PARITY,)
    assert quotes.forward - quotes.spot == pytest.approx(2.5, abs=0.1)
    assert str(quotes.parity.stale[0]) == "5970 C quotes 5.40 where its neighbours imply 7.01"
