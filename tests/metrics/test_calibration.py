"""Calibration: perfect forecasters look perfect, biased ones do not, and few days excuse much."""

from __future__ import annotations

import numpy as np
import pytest

from magic8_ml.metrics.calibration import apply_line, bins_of, brier_parts, fit_line, reliability, reliability_line


def drawn(n: int, *, seed: int = 8, low: float = 0.3, high: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """Draw true probabilities and outcomes, one a day."""
    rng = np.random.default_rng(seed)
    predicted = rng.uniform(low, high, n)
    return predicted, (rng.random(n) < predicted).astype(np.float64)


def overconfident(predicted: np.ndarray) -> np.ndarray:
    """Double the log odds."""
    return 1 / (1 + ((1 - predicted) / predicted) ** 2)


def test_the_parts_of_the_brier_score_add_up_to_it() -> None:
    """Reliability - resolution + uncertainty + within = the score itself."""
    predicted, realised = drawn(500)
    parts = brier_parts(predicted, realised)
    total = parts.reliability - parts.resolution + parts.uncertainty + parts.within
    assert np.isclose(total, ((predicted - realised) ** 2).mean())
    assert parts.resolution > parts.reliability


def test_equal_probabilities_stay_in_one_bin_and_no_bin_is_empty() -> None:
    """A forecaster with two answers has two bins."""
    assert bins_of(np.array([0.2] * 30 + [0.7] * 70)).tolist() == [0] * 30 + [1] * 70


def test_a_perfect_forecaster_of_250_days_shows_the_error_that_is_known() -> None:
    """ECE about 0.075 on average and 0.105 at the 95th percentile: one row a day, ten bins of 25 coins."""
    found = [reliability(*drawn(250, seed=seed), np.arange(250)) for seed in range(150)]
    assert np.isclose(np.mean([one.ece for one in found]), 0.076, atol=0.005)
    assert np.isclose(np.mean([one.ece_band for one in found]), 0.105, atol=0.01)
    assert np.mean([one.ece > one.ece_band for one in found]) <= 0.15


def test_overconfidence_leaves_the_band() -> None:
    """Doubled log odds on 2,000 days are far outside of what luck explains, and the slope says so."""
    predicted, realised = drawn(2000, low=0.2, high=0.8)
    found = reliability(overconfident(predicted), realised, np.arange(2000))
    assert found.ece > 1.5 * found.ece_band
    line = reliability_line(overconfident(predicted), realised, np.arange(2000))
    assert line.slope.low < 0.5 < line.slope.high
    assert line.slope.high < 0.7


def test_rows_of_one_day_do_not_narrow_the_band() -> None:
    """The same forecasts and outcomes told ten times a day prove no more than once."""
    predicted, realised = drawn(300)
    once = reliability(predicted, realised, np.arange(300))
    often = reliability(np.repeat(predicted, 10), np.repeat(realised, 10), np.repeat(np.arange(300), 10))
    assert np.isclose(often.ece_band, once.ece_band, rtol=0.1)
    line, tenfold = (
        reliability_line(predicted, realised, np.arange(300)),
        reliability_line(np.repeat(predicted, 10), np.repeat(realised, 10), np.repeat(np.arange(300), 10)),
    )
    assert np.isclose(line.slope.low, tenfold.slope.low, atol=1e-6)


def test_the_line_of_a_perfect_forecaster_covers_one_and_zero() -> None:
    """Slope and intercept of honest odds."""
    predicted, realised = drawn(3000, low=0.1, high=0.9)
    line = reliability_line(predicted, realised, np.arange(3000))
    assert line.slope.low < 1 < line.slope.high
    assert line.intercept.low < 0 < line.intercept.high


def test_the_line_undoes_a_distortion() -> None:
    """Recalibrated by a line fitted to others, doubled odds lose most of their error."""
    predicted, realised = drawn(4000, low=0.2, high=0.8)
    loud = overconfident(predicted)
    healed = apply_line(fit_line(loud[:2000], realised[:2000]), loud[2000:])
    assert ((healed - realised[2000:]) ** 2).mean() < ((loud[2000:] - realised[2000:]) ** 2).mean() - 0.002


@pytest.mark.parametrize(("predicted", "realised"), [([0.5, 0.5], [0.0, 1.0]), ([0.3, 0.7], [1.0, 1.0])])
def test_without_variation_there_is_no_line(predicted: list[float], realised: list[float]) -> None:
    """One probability or one outcome alone has no slope, and says so."""
    line = reliability_line(np.array(predicted), np.array(realised), np.array([1, 2]))
    assert np.isnan(line.slope.value)
    assert apply_line(fit_line(np.array(predicted), np.array(realised)), np.array([0.4])).tolist() == [0.4]
