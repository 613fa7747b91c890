"""A chain that cannot exist is refused where it is made, so that nothing later has to ask."""

from __future__ import annotations

from dataclasses import replace

import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.option_chain import OptionRow
from tests.options.chains import simulated_chain

NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize("spot", [0.0, -5.0, NAN, INFINITE])
def test_a_spot_that_is_no_price_makes_no_chain(spot: float) -> None:
    """The refusal names the chain, so a symbol goes on without one instead of failing later."""
    with pytest.raises(DataUnavailable, match="bad_chain"):
        replace(simulated_chain(), spot=spot)


@pytest.mark.parametrize("strikes", [(), (-5.0, 5.0), (0.0, 5.0), (5.0, 5.0), (10.0, 5.0), (5.0, NAN)])
def test_strikes_are_positive_and_ascend(strikes: tuple[float, ...]) -> None:
    """No rows, a strike of nothing, a repeated one, a wrong order and a gap in the numbers are all refused."""
    with pytest.raises(DataUnavailable, match="bad_chain"):
        replace(simulated_chain(), rows=tuple(OptionRow(strike=strike) for strike in strikes))
