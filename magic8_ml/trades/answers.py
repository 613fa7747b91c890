"""Results of the predictor: a win probability with its basis, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from magic8_companion.domain.trading_day import utc_text

TWO_POINT: Final = "two_point"
DISTRIBUTION: Final = "distribution"
LOSS: Final = "LOSS"
WIN: Final = "WIN"


@dataclass(frozen=True, slots=True, kw_only=True)
class WinPrediction:
    """Win probability after fees and expected value of a trade; US dollars for the whole quantity.

    ``low`` and ``high``: 95 % confidence interval of the probability, clustered by day.  ``level`` and ``key``: the
    deepest group with enough trades; ``days`` and ``trades``: its sample size.  ``sessions``: number of days of each
    level.  ``weights``: shrinkage weights.  ``members``: components of the log odds.  ``refused``: why deeper levels or
    better base models are not used.

    ``expected_value`` is after fees.  ``value_kind``: from the corrected forecast distribution, or from two points, the
    average gain and loss of such trades.  The trade is ``approved`` if the probability is above ``threshold``, which
    is exactly if the value is positive.  ``risk`` and ``reward`` are before ``fees``.  ``comparison``: thresholds by
    F1 and recall, for comparison only.
    """

    symbol: str
    strategy: str
    win_probability: float
    low: float
    high: float
    level: str
    key: str
    days: int
    trades: int
    sessions: Mapping[str, int]
    weights: Mapping[str, float]
    members: Mapping[str, float]
    refused: tuple[str, ...]
    implied_probability: float | None
    forecast_probability: float | None
    threshold: float
    expected_value: float
    value_kind: str
    approved: bool
    risk: float
    reward: float
    risk_reward_ratio: float | None
    breakevens: tuple[float, ...]
    fees: float
    comparison: Mapping[str, float]
    model_version: str
    market_time: datetime
    valid_until: datetime

    @property
    def prediction(self) -> str:
        """Return WIN above the threshold, else LOSS."""
        return WIN if self.win_probability > self.threshold else LOSS

    def as_dict(self) -> dict[str, Any]:
        """Return every field as JSON values, the expected value rounded to cents."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return values | {
            "prediction": self.prediction,
            "expected_value": round(self.expected_value, 2),
            "sessions": dict(self.sessions),
            "weights": dict(self.weights),
            "members": dict(self.members),
            "refused": list(self.refused),
            "breakevens": list(self.breakevens),
            "comparison": dict(self.comparison),
            "market_time": utc_text(self.market_time),
            "valid_until": utc_text(self.valid_until),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NoWinPrediction:
    """Why there is no prediction: a ``reason`` code and a ``detail`` sentence."""

    reason: str
    detail: str

    def as_dict(self) -> dict[str, Any]:
        """Return both fields."""
        return {"reason": self.reason, "detail": self.detail}


TradePrediction = WinPrediction | NoWinPrediction
