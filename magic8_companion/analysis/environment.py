"""Which gamma environment a symbol trades in: from its gamma profile, else from the VIX alone."""

from __future__ import annotations

from magic8_companion.analysis.gamma import MIN_COVERAGE, NEGATIVE, POSITIVE, GammaProfile


def gamma_environment(profile: GammaProfile | None, iv_percentile: float, day_range: float) -> str:
    """Return the code of the environment; ``day_range`` is the whole day's standard deviation as a fraction.

    A profile counts when its confidence is at least 0.6.

    >>> gamma_environment(None, 20.0, 0.004), gamma_environment(None, 50.0, 0.010)
    ('low_vol_high_gamma', 'directional')
    """
    if profile is not None and profile.confidence >= MIN_COVERAGE:
        return _from_profile(profile, iv_percentile)
    if iv_percentile < 30 and day_range < 0.005:
        return "low_vol_high_gamma"
    if iv_percentile > 70 and day_range > 0.015:
        return "high_vol_low_gamma"
    return "range_bound" if day_range < 0.008 else "directional"


def _from_profile(profile: GammaProfile, iv_percentile: float) -> str:
    if profile.regime == NEGATIVE:
        return "high_vol_low_gamma" if iv_percentile > 70 else "directional"
    if profile.regime == POSITIVE and profile.magnitude in ("high", "extreme"):
        return "low_vol_high_gamma" if iv_percentile < 30 else "pinning"
    return "range_bound"
