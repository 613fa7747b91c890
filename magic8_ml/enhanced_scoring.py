"""MLEnhancedScoring: a scorer around the rule scorer that blends the model's answer into its scores."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from magic8_companion.domain.market_view import MarketView
from magic8_companion.domain.ml_options import MLOptions
from magic8_companion.domain.scores import ScoreCard


class MLEnhancedScoring:
    """Blend rules and ML; whatever goes wrong with the ML leaves the rule scores unchanged and says why."""

    def __init__(
        self,
        base_scorer: Any,
        ml_option_trading_path: str | PathLike[str] | None = None,
        *,
        options: MLOptions | None = None,
        ml_system: Any = None,
    ) -> None: ...

    def set_ml_weight(self, weight: float) -> None:
        """Set the ML share of the blend, clamped to 0..1; above 0.50 it warns."""

    def score(self, view: MarketView) -> ScoreCard:
        """Return the score card of the view's symbol."""
        raise NotImplementedError

    async def score_combo_types(self, market_data: Mapping[str, Any], symbol: str) -> dict[str, float]:
        """Return the three published scores."""
        raise NotImplementedError

    def details_for(self, symbol: str) -> dict[str, Any]:
        """Return rule, ml, blended, agreement, ml_status, ml_confidence and strategy of the last scores."""
        raise NotImplementedError
