"""Why a training is not done."""

from __future__ import annotations

from magic8_companion.domain.errors import Magic8Error


class TrainingRefused(Magic8Error):
    """The data cannot carry a model: nothing is written, and the sentence says what is missing."""
