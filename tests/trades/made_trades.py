"""Seeded trades whose true odds are known: a price that is nearly right, offsets, and one feature that tells."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.special import expit, logit

from magic8_ml.trades.expected_value import RealisedFractions
from magic8_ml.trades.levels import TradeKey
from magic8_ml.trades.sample import Sample
from magic8_ml.trades.terms import STRATEGIES as TRADED

NAMES = ("informative", "noise", "implied_win", "sometimes")
STRATEGIES = {"Butterfly": -0.3, "Iron_Condor": 0.2, "Vertical": 0.0}
SYMBOLS = {"SPX": 0.2, "SPY": 0.0, "XSP": -0.2}


def made_sample(
    n_days: int = 240,
    per_day: int = 6,
    seed: int = 8,
    feature_effect: float = 0.5,
    forecast: bool = True,
    offsets: float = 1.0,
) -> Sample:
    """Draw ``per_day`` trades of every symbol and strategy on each of ``n_days``; trades of a day lean together."""
    rng = np.random.default_rng(seed)
    pairs = list(product(SYMBOLS, STRATEGIES))
    trade_keys = tuple(TradeKey(symbol=name, strategy=kind, scale_group="small") for name, kind in pairs)
    n_rows = n_days * len(pairs) * per_day
    day = np.repeat(np.arange(1000, 1000 + n_days), len(pairs) * per_day)
    key_code = np.tile(np.repeat(np.arange(len(pairs)), per_day), n_days)
    implied = rng.uniform(0.3, 0.9, n_rows)
    features = rng.normal(size=(n_rows, len(NAMES))).astype(np.float32)
    features[:, 2] = implied
    features[rng.random(n_rows) < 0.3, 3] = np.nan
    offset = offsets * np.array([SYMBOLS[name] + STRATEGIES[kind] for name, kind in pairs])[key_code]
    odds = 0.9 * logit(implied) + offset + feature_effect * features[:, 0]
    together = (rng.random(n_days) < 0.1)[day - 1000]
    draw = np.where(together, rng.random(n_days)[day - 1000], rng.random(n_rows))
    return Sample(
        names=NAMES,
        trade_keys=trade_keys,
        key_code=key_code,
        day=day,
        features=features,
        implied=implied,
        forecast=expit(odds + rng.normal(0, 0.7, n_rows)) if forecast else np.full(n_rows, np.nan),
        won=(draw < expit(odds)).astype(np.float64),
        realised_fractions=RealisedFractions(gain=np.full(2 * len(TRADED), 0.5), loss=np.full(2 * len(TRADED), 0.75)),
    )


THIN = TradeKey(symbol="XSP", strategy="Vertical", scale_group="small")


def with_thin_pair(sample: Sample) -> Sample:
    """Leave of the thin pair the last ten days."""
    thin = sample.key_code == sample.trade_keys.index(THIN)
    return sample[~thin | (sample.day > sample.day.max() - 10)]
