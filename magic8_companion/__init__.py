"""Magic8 Companion, the host: observe the market, score 0DTE strategies, publish what may be traded and why.

The public names are loaded on first use.  ``docs/api.md`` has a runnable example of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from magic8_companion.lazy_names import lazy_names

if TYPE_CHECKING:
    from magic8_companion.analysis import MarketAnalyzer
    from magic8_companion.bootstrap import get_provider
    from magic8_companion.domain.bars import Bars
    from magic8_companion.domain.errors import DataUnavailable
    from magic8_companion.domain.market_state import MarketState
    from magic8_companion.domain.option_chain import OptionChain
    from magic8_companion.domain.scores import ScoreCard
    from magic8_companion.market_view import MarketView
    from magic8_companion.options.risk_reward import calculate_risk_reward
    from magic8_companion.scoring import create_scorer
    from magic8_companion.unified_config import Settings, load_settings

__version__ = "0.1.0"

__all__ = [
    "Bars",
    "DataUnavailable",
    "MarketAnalyzer",
    "MarketState",
    "MarketView",
    "OptionChain",
    "ScoreCard",
    "Settings",
    "__version__",
    "calculate_risk_reward",
    "create_scorer",
    "get_provider",
    "load_settings",
]

_HOMES: Final = {
    "Bars": "magic8_companion.domain.bars",
    "DataUnavailable": "magic8_companion.domain.errors",
    "MarketAnalyzer": "magic8_companion.analysis",
    "MarketState": "magic8_companion.domain.market_state",
    "MarketView": "magic8_companion.market_view",
    "OptionChain": "magic8_companion.domain.option_chain",
    "ScoreCard": "magic8_companion.domain.scores",
    "Settings": "magic8_companion.unified_config",
    "calculate_risk_reward": "magic8_companion.options.risk_reward",
    "create_scorer": "magic8_companion.scoring",
    "get_provider": "magic8_companion.bootstrap",
    "load_settings": "magic8_companion.unified_config",
}

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
