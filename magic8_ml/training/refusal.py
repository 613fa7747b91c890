"""Why a training is not done; the fits of ``models`` raise the same errors."""

from __future__ import annotations

from magic8_ml.models.refusal import NotFitted, TrainingRefused

__all__ = ["NotFitted", "TrainingRefused"]
