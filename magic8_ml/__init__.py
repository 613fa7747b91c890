"""Magic8 ML, the plugin: a two-stage model that blends into the host's rule scores and predicts every 5 minutes.

The public names are loaded on first use: importing the package costs nothing and needs no ML library.  ``docs/api.md``
has a runnable example of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from magic8_companion import __version__
from magic8_companion.lazy_names import lazy_names

if TYPE_CHECKING:
    from magic8_companion.options.risk_reward import calculate_risk_reward
    from magic8_ml.enhanced_scoring import MLEnhancedScoring
    from magic8_ml.forecast.ml_config import MLConfig
    from magic8_ml.forecast.ml_system import ProductionMLSystem
    from magic8_ml.messages import EnhancedDiscordParser, order_line
    from magic8_ml.registry.versions import Registry
    from magic8_ml.scheduler_extension import MLSchedulerExtension
    from magic8_ml.trades.predictor import WinProbabilityPredictor, load_predictor

__all__ = [
    "EnhancedDiscordParser",
    "MLConfig",
    "MLEnhancedScoring",
    "MLSchedulerExtension",
    "ProductionMLSystem",
    "Registry",
    "WinProbabilityPredictor",
    "__version__",
    "calculate_risk_reward",
    "load_predictor",
    "order_line",
]

_HOMES: Final = {
    "EnhancedDiscordParser": "magic8_ml.messages",
    "MLConfig": "magic8_ml.forecast.ml_config",
    "MLEnhancedScoring": "magic8_ml.enhanced_scoring",
    "MLSchedulerExtension": "magic8_ml.scheduler_extension",
    "ProductionMLSystem": "magic8_ml.forecast.ml_system",
    "Registry": "magic8_ml.registry.versions",
    "WinProbabilityPredictor": "magic8_ml.trades.predictor",
    "calculate_risk_reward": "magic8_companion.options.risk_reward",
    "load_predictor": "magic8_ml.trades.predictor",
    "order_line": "magic8_ml.messages",
}

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
