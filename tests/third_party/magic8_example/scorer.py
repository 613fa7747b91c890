"""A scorer: the rules, with a fifth taken off every score after 15:00 New York."""

from dataclasses import replace
from datetime import timedelta

from magic8_companion.domain.blend import published
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.scores import ScoreCard
from magic8_companion.market_view import MarketView
from magic8_companion.ports import Scorer

LAST_HOUR = timedelta(hours=1)


class CautiousScorer:
    """Lower every score near the close; ``rules`` keeps the evidence of the base scorer."""

    def __init__(self, base_scorer: Scorer, *, options: MLPluginConfig) -> None:
        self._base_scorer = base_scorer
        self._options = options

    def score(self, view: MarketView) -> ScoreCard:
        """Return the card of the rules, lowered in the last hour."""
        card = self._base_scorer.score(view)
        left = view.state.session.close_at - view.state.as_of
        factor = 0.8 if left < LAST_HOUR else 1.0
        return replace(card, scores={name: published(factor * score) for name, score in card.scores.items()})
