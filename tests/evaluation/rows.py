"""Rows drawn from a market whose volatility is known: fast, seeded, and with skill exactly where it is put in.

Every day has a hidden multiplier of the price's volatility; the features see it through noise.  Its half hours are
normal with the true volatility, so direction is luck, and rows of one day share its ending.
"""

from __future__ import annotations

import numpy as np

from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.forecast.forecaster import Outcomes, Rows
from magic8_ml.forecast.labels import BUCKETS

PER_DAY = 13


def make_rows(n_days: int, *, seed: int = 8, skill: float = 0.5, symbols: tuple[str, ...] = ("SPY",)) -> Rows:
    """Draw one row per half hour; ``skill`` is the deviation of the log volatility that features reveal."""
    rng = np.random.default_rng(seed)
    known = skill * rng.standard_normal(n_days)
    parts = [_symbol(rng, known, n) for n in range(len(symbols))]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    outcomes = Outcomes(**{name: columns.pop(name) for name in ("realised", "move", "highest", "lowest")})
    return Rows(symbols=symbols, outcomes=outcomes, **columns)


def _symbol(rng: np.random.Generator, known: np.ndarray, number: int) -> dict[str, np.ndarray]:
    n_days, n = len(known), len(known) * PER_DAY
    day = np.repeat(np.arange(n_days) + 1000, PER_DAY)
    bucket = np.tile(np.arange(BUCKETS), n_days)
    left = (BUCKETS - bucket) / BUCKETS
    sigma_vix = 0.01 * np.sqrt(left) * (1 + 0.5 * number)
    hidden = np.repeat(known + 0.2 * rng.standard_normal(n_days), PER_DAY)
    part = (sigma_vix[0] * np.exp(hidden[::PER_DAY]) / np.sqrt(BUCKETS))[:, None]  # sigma of one half hour
    variance = part**2 * rng.chisquare(6, (n_days, BUCKETS)) / 6
    steps = np.sqrt(variance) * rng.standard_normal((n_days, BUCKETS))
    realised, move = _to_the_close(variance).ravel(), _to_the_close(steps).ravel()
    features = np.full((n, len(FEATURE_NAMES)), np.nan)

    def put(name: str, values: np.ndarray) -> None:
        features[:, FEATURE_NAMES.index(name)] = values

    seen = 2 * np.repeat(known, PER_DAY)
    put("log_realised_so_far", seen + 0.3 * rng.standard_normal(n))
    put("log_pace_half_hour", seen + rng.standard_normal(n))
    put("log_realised_1_day", seen + rng.standard_normal(n))
    put("log_realised_5_days", 0.2 * rng.standard_normal(n))
    put("variance_premium", 0.2 * rng.standard_normal(n))
    put("log_vix", np.repeat(np.log(16) + 0.1 * rng.standard_normal(n_days), PER_DAY))
    put("abs_gap", np.repeat(np.abs(rng.standard_normal(n_days)), PER_DAY))
    put("minutes_to_close", 390 * left)
    regime = np.quantile(np.sqrt(realised) / sigma_vix, (1 / 3, 2 / 3))
    direction = np.quantile(move / sigma_vix, (1 / 3, 2 / 3))
    return {
        "symbol": np.full(n, number),
        "day": day,
        "bucket": bucket,
        "bars_done": 6 * bucket,
        "half_day": np.zeros(n, dtype=np.bool_),
        "features": features,
        "spot": np.full(n, 500.0),
        "sigma_vix": sigma_vix,
        "sigma_today": sigma_vix * np.exp(0.2 * np.repeat(known, PER_DAY)),
        "sigma_share": sigma_vix.copy(),
        "regime_terciles": np.tile(regime, (n, 1)),
        "direction_terciles": np.tile(direction, (n, 1)),
        "regime_terciles_today": np.tile(regime, (n, 1)),
        "realised": realised,
        "move": move,
        "highest": np.abs(move) * 1.2,
        "lowest": -np.abs(move) * 1.2,
    }


def _to_the_close(parts: np.ndarray) -> np.ndarray:
    return np.cumsum(parts[:, ::-1], axis=1)[:, ::-1]
