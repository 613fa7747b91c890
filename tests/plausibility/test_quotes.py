"""Option quotes against the price and against each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.options.chain_quotes import clean_chain
from magic8_companion.plausibility import PriceBounds, implausible_quotes, unusable_quotes
from tests.engine.fakes import FULL_DAY
from tests.options.chains import real_chain, simulated_chain

CHAIN = simulated_chain()
BOUNDS = PriceBounds(close=CHAIN.spot, closed_at=FULL_DAY.open_at, low=CHAIN.spot, high=CHAIN.spot, limit=0.05)


def reason(chain: OptionChain, spot: float = CHAIN.spot) -> str | None:
    """Return the reason for which a chain cannot belong to a price."""
    finding = implausible_quotes(clean_chain(chain), spot, BOUNDS)
    return finding and finding.reason


def changed(**factors: float) -> OptionChain:
    """Return the chain with some columns multiplied."""
    rows: list[Any] = [
        replace(row, **{name: (getattr(row, name) or 0.0) * factor for name, factor in factors.items()})
        for row in CHAIN.rows
    ]
    return replace(CHAIN, rows=tuple(rows))


def test_a_chain_belongs_to_its_own_price() -> None:
    """Also when the price has moved a little since the quotes."""
    assert reason(CHAIN) is None
    assert reason(CHAIN, CHAIN.spot * 1.004) is None


@pytest.mark.parametrize(("symbol", "day"), [("SPX", "2025-06-20"), ("SPX", "2025-07-09"), ("SPY", "2025-06-18")])
def test_recorded_chains_are_true(symbol: str, day: str) -> None:
    """With their stale legs and a price that is 2.5 points below parity."""
    chain = real_chain(symbol, day)
    assert reason(chain, chain.spot) is None
    assert unusable_quotes(clean_chain(chain)) is None


@pytest.mark.parametrize("share", [0.99, 1.01])
def test_a_price_that_parity_contradicts_is_not(share: float) -> None:
    """1 % at a limit of 0.5 %; the sentence has both prices."""
    assert reason(CHAIN, CHAIN.spot * share) == "quotes_off_parity"
    finding = implausible_quotes(clean_chain(CHAIN), CHAIN.spot * share, BOUNDS)
    assert finding is not None
    assert f"{CHAIN.spot * share:g}" in finding.sentence


def test_strikes_that_do_not_span_the_price_are_named() -> None:
    """A chain of another index."""
    assert reason(CHAIN, 600.0) == reason(replace(CHAIN, spot=600.0)) == "spot_outside_strikes"


@pytest.mark.parametrize("factor", [0.1, 0.5, 10.0])
@pytest.mark.parametrize("sides", [("call",), ("put",), ("call", "put")])
def test_quotes_of_another_scale_contradict_parity(sides: tuple[str, ...], factor: float) -> None:
    """Calls, puts or both at a tenth, half or ten times their price."""
    columns = {f"{side}_{name}": factor for side in sides for name in ("bid", "ask")}
    assert reason(changed(**columns)) == "quotes_off_parity"


@pytest.mark.parametrize("side", ["call", "put"])
def test_a_side_of_crossed_quotes_is_unusable(side: str) -> None:
    """Missing quotes are not: they say nothing wrong."""
    finding = unusable_quotes(clean_chain(changed(**{f"{side}_ask": 0.5})))
    assert finding is not None
    assert (finding.reason, f"{side}s quoted" in finding.sentence) == ("quotes_contradict", True)
    rows = tuple(replace(row, **{f"{side}_bid": None, f"{side}_ask": None}) for row in CHAIN.rows)
    assert unusable_quotes(clean_chain(replace(CHAIN, rows=rows))) is None
