"""Magic8 ML, the plugin: a two-stage model that blends into the host's rule scores and watches every five minutes.

The public names are loaded on first use: importing the package costs nothing and needs no ML library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from magic8_companion.options.risk_reward import calculate_risk_reward
    from magic8_ml.enhanced_scoring import MLEnhancedScoring
    from magic8_ml.forecast.ml_config import MLConfig
    from magic8_ml.forecast.ml_system import ProductionMLSystem
    from magic8_ml.scheduler_extension import MLSchedulerExtension

_HOMES: Final = {
    "MLConfig": "magic8_ml.forecast.ml_config",
    "MLEnhancedScoring": "magic8_ml.enhanced_scoring",
    "MLSchedulerExtension": "magic8_ml.scheduler_extension",
    "ProductionMLSystem": "magic8_ml.forecast.ml_system",
    "calculate_risk_reward": "magic8_companion.options.risk_reward",
}

__all__ = ["MLConfig", "MLEnhancedScoring", "MLSchedulerExtension", "ProductionMLSystem", "calculate_risk_reward"]


def __getattr__(name: str) -> object:
    """Return a public name from its home module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted({*globals(), *__all__})
