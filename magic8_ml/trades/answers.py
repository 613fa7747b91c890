"""What is said of a trade: a probability with everything it rests on, or a reason."""

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
    """How likely a trade ends with a gain after fees, and what that is worth; dollars for the whole quantity.

    ``low`` and ``high`` are the 95 % interval of the probability itself, clustered by day.  ``level``, ``key``,
    ``days`` and ``trades`` name the level that carries the answer and its sample, ``sessions`` the days behind every
    level, ``weights`` how much of each level's own offset counts, ``members`` the parts of the log odds, ``refused``
    why deeper levels or better members do not answer.

    ``expected_value`` is after fees, that by which evaluation takes trades: ``value_kind`` says whether it comes from
    the forecast distribution, corrected by what the model thinks more or less of its odds, or from two points, what
    such trades win and lose on average.  It is positive exactly above ``threshold``: then the trade is ``approved``.
    ``risk`` and ``reward`` are the order's own, before ``fees``.  ``comparison`` holds the thresholds by F1 and by
    recall, which decide nothing.
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
        """Return every field as JSON values, the expected value in whole cents."""
        answer = {item.name: getattr(self, item.name) for item in fields(self)}
        return answer | {
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
    """Why nothing is said: ``reason`` is a code, ``detail`` a sentence."""

    reason: str
    detail: str

    def as_dict(self) -> dict[str, Any]:
        """Return both."""
        return {"reason": self.reason, "detail": self.detail}


Answer = WinPrediction | NoWinPrediction
