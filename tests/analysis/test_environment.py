"""The gamma environment from a profile, and from the VIX alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from magic8_companion.analysis.environment import gamma_environment
from magic8_companion.analysis.gamma import GammaProfile, gamma_profile
from magic8_companion.market_view import GAMMA_ENVIRONMENTS
from magic8_companion.options.fitted_chain import fit_chain
from tests.analysis.states import made_chain


def profile(regime: str, magnitude: str, coverage: float = 1.0) -> GammaProfile:
    """Return a profile with a regime and a magnitude."""
    made = gamma_profile(fit_chain(made_chain(datetime(2025, 7, 9, 16, 30, tzinfo=UTC))), 210.0)
    assert made is not None
    return replace(made, regime=regime, magnitude=magnitude, confidence=coverage)


@pytest.mark.parametrize(
    ("regime", "magnitude", "percentile", "code"),
    [
        ("positive", "high", 29.0, "low_vol_high_gamma"),
        ("positive", "extreme", 30.0, "pinning"),
        ("positive", "moderate", 10.0, "range_bound"),
        ("neutral", "low", 90.0, "range_bound"),
        ("negative", "high", 71.0, "high_vol_low_gamma"),
        ("negative", "low", 70.0, "directional"),
    ],
)
def test_a_profile_speaks_first(regime: str, magnitude: str, percentile: float, code: str) -> None:
    """Whatever the day's range says."""
    assert gamma_environment(profile(regime, magnitude), percentile, 0.02) == code
    assert code in GAMMA_ENVIRONMENTS


@pytest.mark.parametrize(
    ("percentile", "day_range", "code"),
    [
        (29.0, 0.0049, "low_vol_high_gamma"),
        (71.0, 0.0151, "high_vol_low_gamma"),
        (50.0, 0.0079, "range_bound"),
        (50.0, 0.0080, "directional"),
        (29.0, 0.0051, "range_bound"),
    ],
)
def test_without_a_profile_the_vix_decides(percentile: float, day_range: float, code: str) -> None:
    """Also when too little of the open interest is known."""
    assert gamma_environment(None, percentile, day_range) == code
    assert gamma_environment(profile("negative", "extreme", coverage=0.59), percentile, day_range) == code
