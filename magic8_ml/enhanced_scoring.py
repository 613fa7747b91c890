"""MLEnhancedScoring: a scorer around the rule scorer that blends the model's answer into its scores."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any, Final

import pandas as pd

from magic8_companion.domain.blend import agreement, blend, ml_vector, published
from magic8_companion.domain.errors import ConfigError
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.ml_result import MLResult, Prediction, Unavailable
from magic8_companion.domain.scores import ScoreCard
from magic8_companion.domain.strategy import BASE_STRATEGIES, NO_TRADE
from magic8_companion.domain.trading_day import parse_utc
from magic8_companion.market_view import MarketView
from magic8_companion.paths import written_path
from magic8_companion.ports import plugin_config
from magic8_ml.forecast.guarded_predictor import GuardedPredictor, MLSystem

logger = logging.getLogger(__name__)

MAX_ADVISED_WEIGHT: Final = 0.50


@dataclass(frozen=True, slots=True, kw_only=True)
class BlendedScores:
    """One symbol's rule values and the model's answer, brought together; ``scores`` are published numbers."""

    rules: Mapping[str, float]
    ml: MLResult
    ml_scores: Mapping[str, float]
    scores: Mapping[str, float]
    agreement: Mapping[str, str]

    def details(self) -> dict[str, Any]:
        """Return what callers may want to know beside the scores."""
        answer = self.ml if isinstance(self.ml, Prediction) else None
        return {
            "rule": {name: published(value) for name, value in self.rules.items()},
            "ml": dict(self.ml_scores),
            "blended": dict(self.scores),
            "agreement": dict(self.agreement),
            "ml_status": f"unavailable:{self.ml.reason}" if isinstance(self.ml, Unavailable) else "ok",
            "ml_confidence": answer and answer.confidence,
            "strategy": answer and answer.strategy,
        }


def blend_scores(rules: Mapping[str, float], ml: MLResult, weight: float) -> BlendedScores:
    """Blend rule values with an answer; without one the rules stand alone, at published precision."""
    if isinstance(ml, Unavailable):
        rule_scores = {name: published(value) for name, value in rules.items()}
        return BlendedScores(rules=rules, ml=ml, ml_scores={}, scores=rule_scores, agreement={})
    vector = ml_vector(ml)
    return BlendedScores(
        rules=rules,
        ml=ml,
        ml_scores={name: published(value) for name, value in vector.items()},
        scores=blend(rules, vector, weight),
        agreement={name: agreement(rules[name], vector[name]) for name in rules},
    )


class MLEnhancedScoring:
    """Blend rules and ML; whatever goes wrong with the ML leaves the rule scores unchanged and says why.

    Parameters
    ----------
    base_scorer
        The rule scorer: has ``score(view)``, or at least ``score_combo_types(market_data, symbol)``.
    ml_option_trading_path
        The folder that holds ``models/``; a relative one starts at ``MAGIC8_PATH``.  Default: that of the options.
    options
        The host's settings for the plugin.  Default: what ``.env`` and environment set; settings with a mistake are
        logged as a warning, and the built-in defaults hold.
    ml_system
        A model that is already loaded.
    """

    def __init__(
        self,
        base_scorer: Any,  # noqa: ANN401  # a foreign scorer needs nothing but its one method
        ml_option_trading_path: str | PathLike[str] | None = None,
        *,
        options: MLPluginConfig | None = None,
        ml_system: MLSystem | None = None,
    ) -> None:
        options = options or _configured()
        self.base_scorer = base_scorer
        given = options.path if ml_option_trading_path is None else written_path(ml_option_trading_path)
        self.ml_path = (options.root / given).absolute()
        options = replace(options, path=self.ml_path)
        self._predictor = GuardedPredictor.load(options) if ml_system is None else GuardedPredictor(ml_system, options)
        self._last: dict[str, BlendedScores] = {}
        self.set_ml_weight(options.weight)
        self._log_mode()

    @property
    def ml_system(self) -> MLSystem | None:
        """The model, or None when none is usable."""
        return self._predictor.ml_system

    @ml_system.setter
    def ml_system(self, ml_system: MLSystem | None) -> None:
        self._predictor.ml_system = ml_system

    def set_ml_weight(self, weight: float) -> None:
        """Set the ML share of the blend, clamped to 0..1; above 0.50 it warns."""
        self.ml_weight = min(1.0, max(0.0, float(weight)))
        if self.ml_weight > MAX_ADVISED_WEIGHT:
            logger.warning("ML weight %.2f is above 0.50: test it extensively before trading on it", self.ml_weight)

    def score(self, view: MarketView) -> ScoreCard:
        """Return the score card of the view's symbol: the blend, or the rules and why there is no blend."""
        card: ScoreCard = self.base_scorer.score(view)
        blended = self._blend(card.symbol, {name: rule.value for name, rule in card.rules.items()}, self._ask(view))
        return replace(
            card, scores=blended.scores, ml=blended.ml, ml_scores=blended.ml_scores, agreement=blended.agreement
        )

    async def score_combo_types(self, market_data: Mapping[str, Any], symbol: str) -> dict[str, float]:
        """Return the three published scores; the model runs beside the loop.

        ``market_data`` is the dict of ``analyze_symbol``.  A dict from elsewhere gives the model its frames ``bars``
        and ``vix_bars`` as known at ``as_of``; without them the rules stand alone.
        """
        view = market_data.get("view")
        if isinstance(view, MarketView) and hasattr(self.base_scorer, "score"):
            return dict((await asyncio.to_thread(self.score, view)).scores)
        answer = self.base_scorer.score_combo_types(market_data, symbol)
        rules = await answer if inspect.isawaitable(answer) else answer
        ml = await asyncio.to_thread(self._ask_about, market_data, symbol)
        return dict(self._blend(symbol, {name: float(rules[name]) for name in BASE_STRATEGIES}, ml).scores)

    def details_for(self, symbol: str) -> dict[str, Any]:
        """Return rule, ml, blended, agreement, ml_status, ml_confidence and strategy of the symbol's last scores.

        Raises
        ------
        KeyError
            When the symbol has not been scored yet.
        """
        return self._last[symbol].details()

    def _ask(self, view: MarketView) -> MLResult:
        return self._predictor.ask(view.state)

    def _ask_about(self, market_data: Mapping[str, Any], symbol: str) -> MLResult:
        view, bars, as_of = market_data.get("view"), market_data.get("bars"), market_data.get("as_of")
        if isinstance(view, MarketView):
            return self._ask(view)
        if not isinstance(bars, pd.DataFrame) or not isinstance(as_of, str):
            return Unavailable(reason="missing_bars", detail="market_data has no bars with their as_of")
        try:
            return self._predictor.ask_frames(symbol, bars, market_data.get("vix_bars"), parse_utc(as_of))
        except ValueError as error:
            return Unavailable(reason="missing_bars", detail=f"as_of: {error}")

    def _blend(self, symbol: str, rules: Mapping[str, float], ml: MLResult) -> BlendedScores:
        blended = self._last[symbol] = blend_scores(rules, ml, self.ml_weight)
        if isinstance(ml, Unavailable):
            logger.info("ML prediction: unavailable (%s)", ml.reason)
            if ml.detail:
                logger.info("Why: %s", ml.detail)
            return blended
        logger.info("ML prediction: %s (conf: %.2f)", ml.strategy, ml.confidence)
        if ml.strategy == NO_TRADE:
            logger.info("ML veto: No_Trade takes %.0f %% off every rule score of %s", 100 * self.ml_weight, symbol)
        details = blended.details()
        logger.info(
            "Score combination - Base: %s, ML: %s, Combined: %s",
            details["rule"],
            details["ml"],
            details["blended"],
        )
        return blended

    def _log_mode(self) -> None:
        if self.ml_system is not None:
            logger.info("ML-enhanced scoring enabled (weight: %.2f)", self.ml_weight)
            return
        logger.warning("ML enhancement disabled. Using rule-based scoring only.")
        logger.info("Why: %s", self._predictor.why_not.detail or self._predictor.why_not.reason)


def _configured() -> MLPluginConfig:
    try:
        return plugin_config()
    except ConfigError as error:
        logger.warning("%s\nThe ML uses the built-in defaults", error)
        return MLPluginConfig()
