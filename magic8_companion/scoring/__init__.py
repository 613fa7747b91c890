"""From a view to rule scores: tables of points, each with its reason."""

from magic8_companion.scoring.adjustments import Switches
from magic8_companion.scoring.rule import ScoringRule, StrategyRules
from magic8_companion.scoring.rule_scorer import RuleScorer, create_scorer

__all__ = ["RuleScorer", "ScoringRule", "StrategyRules", "Switches", "create_scorer"]
