"""Trades made of known odds: what is skill, what is price and what is a fingerprint of the day is set here."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from magic8_companion.domain.arrays import Floats
from magic8_ml.forecast.session_table import session_table
from magic8_ml.trades.feature_catalogue import TRADE_FEATURES
from magic8_ml.trades.rows import TradeRows

FIRST_SESSION = 1200


def made_trades(
    days: int = 90, per_day: int = 40, *, edge: float = 0.6, together: float = 0.0, seed: int = 8
) -> TradeRows:
    """Return trades of SPX and QQQ, condors and butterflies, priced at odds that miss what ``forecast_win`` knows.

    ``edge`` is the deviation of the true log odds around those of the price; the outcomes of a day share a random
    number with the probability ``together``, and ``gap`` is a fingerprint of the day.
    """
    draws = np.random.default_rng(seed)
    n = days * per_day
    day = np.repeat(np.arange(days), per_day)
    implied = draws.uniform(0.3, 0.9, n)
    truth = expit(logit(implied) + edge * draws.standard_normal(n))
    luck = np.where(draws.random(n) < together, draws.random(days)[day], draws.random(n))
    won = luck < truth
    strategy = draws.integers(0, 2, n)
    risk = np.full(n, 300.0)
    reward = risk * (1 - implied) / implied
    said: dict[str, Floats] = {
        "implied_win": implied,
        "price_win": implied,
        "forecast_win": truth,
        "is_credit": strategy.astype(np.float64),
        "risk_reward_ratio": reward / risk,
        "gap": draws.standard_normal(days)[day],
        "abs_gap": draws.standard_normal(days)[day],
    }
    features = np.full((n, len(TRADE_FEATURES)), np.nan)
    for name, values in said.items():
        features[:, TRADE_FEATURES.index(name)] = values
    session = FIRST_SESSION + day
    return TradeRows(
        symbols=("SPX", "QQQ"),
        symbol=draws.integers(0, 2, n),
        strategy=strategy,
        day=session,
        entered_at=session_table().opens[session] + 3_600 * 1_000_000_000,
        features=features,
        implied=implied,
        won=won,
        profit=np.where(won, reward, -risk),
        max_risk=risk,
    )
