"""The rule scorer: three tables of points, one answer per strategy, the evidence behind every point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final

from magic8_companion.domain.blend import label, published
from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.config import SHARED
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.domain.scores import ScoreCard
from magic8_companion.domain.strategy import BUTTERFLY, IRON_CONDOR, TIE_ORDER, VERTICAL, canonical_symbol
from magic8_companion.market_view import MarketView
from magic8_companion.scoring.adjustments import Switches, adjusted
from magic8_companion.scoring.butterfly import BUTTERFLY_RULES
from magic8_companion.scoring.iron_condor import IRON_CONDOR_RULES
from magic8_companion.scoring.rule import ScoringRule, StrategyRules, score
from magic8_companion.scoring.vertical import VERTICAL_RULES

ENHANCED: Final = "enhanced"
MODES: Final = ("simple", "standard", ENHANCED)
NO_RECOMMENDATION: Final = "NONE"

TABLES: Final[Mapping[str, tuple[ScoringRule, ...]]] = MappingProxyType(
    {BUTTERFLY: BUTTERFLY_RULES, IRON_CONDOR: IRON_CONDOR_RULES, VERTICAL: VERTICAL_RULES}
)
"""Strategy -> its rules, in the order of publication; the highest points of every table add up to 100."""

_ALL_ON: Final = Switches()


class RuleScorer:
    """Scores views by rules alone; mode enhanced adds the adjustments that are switched on.

    ``score`` is pure.  ``score_combo_types`` is its face for callers that hold the dict of ``analyze_symbol``; it also
    keeps the card for :meth:`explain`.
    """

    def __init__(
        self,
        mode: str = "standard",
        *,
        high: float = SHARED.high_score,
        medium: float = SHARED.medium_score,
        min_gap: float = SHARED.min_score_gap,
        switches: Switches = _ALL_ON,
        strategies: Sequence[StrategyRules] = (),
    ) -> None:
        self.mode = mode
        self._tables = {**TABLES, **{item.strategy: item.rules for item in strategies}}
        self.switches = switches
        self.high, self.medium, self.min_gap = high, medium, min_gap
        self._cards: dict[str, ScoreCard] = {}

    def score(self, view: MarketView) -> ScoreCard:
        """Return the score card of the view's symbol; the view is not changed."""
        rules = {name: score(table, view.tape) for name, table in self._tables.items()}
        if self.mode == ENHANCED:
            rules = adjusted(rules, view, self.switches)
        scores = {name: published(rule.value) for name, rule in rules.items()}
        return ScoreCard(symbol=view.state.symbol, rules=rules, scores=scores)

    async def score_combo_types(self, market_data: Mapping[str, Any], symbol: str) -> dict[str, float]:
        """Return strategy -> score, 0..100, for the dict that ``MarketAnalyzer.analyze_symbol`` gave.

        Raises
        ------
        DataUnavailable
            ``no_market_view`` when the dict has no ``view``, ``wrong_symbol`` when it is another symbol's.
        """
        name = canonical_symbol(symbol)
        view = market_data.get("view")
        if not isinstance(view, MarketView):
            raise DataUnavailable(
                ReasonCode.NO_MARKET_VIEW, f"{name}: market_data['view'] is missing; pass what analyze_symbol returned"
            )
        if view.state.symbol != name:
            raise DataUnavailable(ReasonCode.WRONG_SYMBOL, f"{name} requested, data of {view.state.symbol} given")
        card = self._cards[name] = self.score(view)
        return dict(card.scores)

    def explain(self, symbol: str) -> dict[str, list[dict[str, Any]]]:
        """Return strategy -> evidence items ``{factor, value, points, why}`` of the last scoring of ``symbol``.

        Empty when the symbol was not scored yet.
        """
        card = self._cards.get(canonical_symbol(symbol))
        if card is None:
            return {}
        return {name: [asdict(item) for item in rule.evidence] for name, rule in card.rules.items()}

    def generate_recommendation(self, scores: Mapping[str, float]) -> dict[str, Any]:
        """Return ``{recommendation, score, confidence}`` of the best score, or ``{recommendation: NONE, reason}``.

        >>> RuleScorer().generate_recommendation({"Butterfly": 55.0, "Iron_Condor": 70.0, "Vertical": 45.0})
        {'recommendation': 'Iron_Condor', 'score': 70.0, 'confidence': 'HIGH'}
        """
        ranked = sorted(TIE_ORDER, key=lambda name: -scores[name])
        best, lead = ranked[0], scores[ranked[0]] - scores[ranked[1]]
        if scores[best] < self.high:
            reason = f"the best score, {best} {scores[best]:.1f}, is below {self.high:g}"
        elif lead < self.min_gap:
            reason = f"{best} leads {ranked[1]} by {lead:.1f}, less than {self.min_gap:g}"
        else:
            confidence = label(scores[best], self.high, self.medium)
            return {"recommendation": best, "score": scores[best], "confidence": confidence}
        return {"recommendation": NO_RECOMMENDATION, "reason": reason}


def create_scorer(
    mode: str = "standard",
    *,
    high: float = SHARED.high_score,
    medium: float = SHARED.medium_score,
    min_gap: float = SHARED.min_score_gap,
    switches: Switches = _ALL_ON,
    strategies: Sequence[StrategyRules] = (),
) -> RuleScorer:
    """Return the rule scorer of a mode.

    The mode decides what the analysis may read (``simple``: bars and VIX; ``standard``: also the chain); the tables
    are the same.  ``enhanced`` adds the adjustments of Greeks, gamma and volume that ``switches`` leave on.  ``high``,
    ``medium`` and ``min_gap`` are the marks of :meth:`RuleScorer.generate_recommendation`.  Each of ``strategies``
    takes the place of the built-in table of its strategy.

    Raises
    ------
    ConfigError
        For an unknown mode, naming the nearest known one.
    """
    wanted = mode.strip().lower()
    if wanted not in MODES:
        nearest = get_close_matches(wanted, MODES, n=1, cutoff=0.0)[0]
        raise ConfigError([f"scorer mode {mode!r} is unknown; did you mean {nearest!r}? known: {', '.join(MODES)}"])
    return RuleScorer(wanted, high=high, medium=medium, min_gap=min_gap, switches=switches, strategies=strategies)
