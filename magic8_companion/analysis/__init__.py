"""From an observed state to a view: pure, explained, the same for live and replay."""

from magic8_companion.analysis.analyzer import MarketAnalyzer
from magic8_companion.analysis.view import AnalysisConfig, analyse

__all__ = ["AnalysisConfig", "MarketAnalyzer", "analyse"]
