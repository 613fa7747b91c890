"""What a caller says about the model it wants: the names of the predecessor's configuration, read strictly."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from magic8_companion.ports import plugin_config


@dataclass(frozen=True, slots=True, kw_only=True)
class MLConfig:
    """Which model to load, and from which confidence on it may speak.

    The two paths are stems of the same folder: ``<ml_path>/models/direction_model.pkl`` names the folder
    ``<ml_path>/models``, and only the checked files of that folder's manifest are opened, never a pickle.
    ``enable_two_stage`` off means that there is no model.  ``use_vectorized_greeks`` is accepted for callers that
    still name it: Greeks are vectorised always.  Threshold and paths default to the settings: ``.env`` and environment.
    """

    enable_two_stage: bool = True
    confidence_threshold: float = field(default_factory=lambda: plugin_config().confidence_threshold)
    direction_model_path: str | Path = field(default_factory=lambda: plugin_config().path / "models" / "direction.ubj")
    volatility_model_path: str | Path = field(
        default_factory=lambda: plugin_config().path / "models" / "volatility.ubj"
    )
    use_vectorized_greeks: bool = False

    def __post_init__(self) -> None:
        """Refuse a threshold that is no probability, and two folders."""
        if not 0 <= self.confidence_threshold <= 1:
            raise ValueError(f"confidence_threshold is {self.confidence_threshold}, expected 0..1")
        if Path(self.direction_model_path).parent != Path(self.volatility_model_path).parent:
            raise ValueError("direction_model_path and volatility_model_path must lie in the same folder")

    @property
    def folder(self) -> Path:
        """Return the folder that holds the model and its manifest."""
        return Path(self.direction_model_path).parent
