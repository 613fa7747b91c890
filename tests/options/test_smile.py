"""The smile goes through the quotes, and what it implies is a distribution."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import new_york_instant
from magic8_companion.options.chain_quotes import clean_chain
from magic8_companion.options.expected_move import smile_move, straddle_move
from magic8_companion.options.smile import Smile, fit_smile
from tests.options.chains import DAY, real_chain, simulated_chain, smile_vol


def fitted(**changes: object) -> Smile:
    """Fit the simulated chain."""
    return fit_smile(clean_chain(simulated_chain(**changes)))


def test_a_known_smile_is_recovered() -> None:
    """Within two standard deviations the fit is within 0.15 volatility points of the smile that made the quotes."""
    smile = fitted()
    strikes = smile.forward * np.exp(smile.atm_total_vol * np.linspace(-2, 2, 41))
    assert np.max(np.abs(smile.vol(strikes) - smile_vol(strikes, 6244.43))) < 0.0015
    assert smile.misfit < 0.5


def test_beyond_the_trusted_range_no_volatility_is_invented() -> None:
    """Far strikes have a probability, from the tails, but no volatility."""
    smile = fitted()
    far = smile.forward * np.exp(smile.atm_total_vol * np.array([smile.low - 0.1, smile.high + 0.1]))
    assert np.isnan(smile.vol(far)).all()
    assert np.isfinite(smile.cdf(far)).all()


@given(
    atm=st.floats(0.06, 1.2),
    level=st.floats(0.3, 1.0),
    tilt=st.floats(-0.1, 0.1),
    centre=st.floats(-1.0, 1.5),
    width=st.floats(0.2, 5.0),
    hours=st.floats(0.05, 6.5),
)
@settings(max_examples=60)
def test_every_trusted_smile_is_a_distribution(
    atm: float, level: float, tilt: float, centre: float, width: float, hours: float
) -> None:
    """Probabilities rise from 0 to 1, calls are convex, and both agree with each other and with the forward."""
    bend = (1.0 - level) / width + abs(tilt)
    smile = Smile(
        forward=6000.0,
        years=hours / 8760,
        atm_vol=atm,
        level=level,
        tilt=tilt,
        bend=bend,
        centre=centre,
        width=width,
        low=-4.0,
        high=4.0,
        misfit=0.0,
        used=40,
    )
    low, high = smile.trusted_range()
    assume(low < -1 and high > 1)
    smile = replace(smile, low=low, high=high)
    levels = 6000 * np.exp(smile.atm_total_vol * np.linspace(-30, 30, 6001))
    probability, call = smile.cdf(levels), smile.expected_call(levels)
    assert np.diff(probability).min() > -1e-9
    assert probability[0] < 1e-4
    assert probability[-1] > 1 - 1e-4
    steepness = np.diff(call) / np.diff(levels)
    assert np.diff(steepness).min() > -1e-6
    between = (probability[1:] + probability[:-1]) / 2
    assert np.max(np.abs(1 + steepness - between)) < 2e-3
    assert call[0] == pytest.approx(6000 - levels[0], rel=1e-3)


def test_too_few_quotes_are_refused() -> None:
    """Five quotes are not a smile."""
    chain = simulated_chain(each_side=2)
    with pytest.raises(DataUnavailable, match="too_few_quotes"):
        fit_smile(clean_chain(chain))


def test_the_last_minutes_leave_too_few_quotes() -> None:
    """Twenty seconds before the close nearly all quotes are worthless: no smile, not a guess."""
    at = new_york_instant(DAY, time(15, 59, 40))
    with pytest.raises(DataUnavailable, match="too_few_quotes"):
        fit_smile(clean_chain(simulated_chain(at=at)))


def test_straddle_and_smile_expect_nearly_the_same_move() -> None:
    """The strip sees the wings, so it is a little wider; both are near spot x vol x root of time."""
    quotes = clean_chain(simulated_chain())
    straddle, smile = straddle_move(quotes), smile_move(fit_smile(quotes))
    assert straddle.points == pytest.approx(6244.43 * 0.15 * np.sqrt(4 / 8760), rel=0.01)
    assert straddle.absolute == pytest.approx(straddle.points * np.sqrt(2 / np.pi), rel=1e-5)
    assert 1.0 < smile.total_vol / straddle.total_vol < 1.15
    assert straddle.band[0] < 6244.43 - 0.9 * straddle.points


def test_a_straddle_without_quotes_is_refused() -> None:
    """The two strikes around the forward must have a mid."""
    chain = simulated_chain()
    rows = tuple(replace(row, put_bid=None) if row.strike == 6240.0 else row for row in chain.rows)
    with pytest.raises(DataUnavailable, match="too_few_quotes"):
        straddle_move(clean_chain(replace(chain, rows=rows)))


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("symbol", "day", "misfit", "move"),
    [("SPY", "2025-06-18", 0.6, 2.29), ("SPX", "2025-06-20", 1.5, 16.9), ("SPX", "2025-07-09", 0.6, 17.5)],
)
def test_recorded_smiles_fit_within_the_spread(symbol: str, day: str, misfit: float, move: float) -> None:
    """The typical distance is below 0.6 half-spreads, 1.5 in the chain whose legs are known to be out of step."""
    quotes = clean_chain(real_chain(symbol, day))
    smile = fit_smile(quotes)
    assert smile.misfit < misfit
    assert smile.low < -2.5
    assert smile.high > 2.0
    assert straddle_move(quotes).points == pytest.approx(move, rel=0.01)
