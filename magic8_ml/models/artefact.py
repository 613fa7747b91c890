"""The model on disk: UBJSON trees, JSON numbers and a manifest that proves what they are."""

from __future__ import annotations

from magic8_companion.domain.errors import PluginUnavailable


class ModelUnavailable(PluginUnavailable):
    """There is no usable model: rule scores stand alone and ``reason`` is published.

    ``reason`` is ``no_model``, ``model_hash_mismatch``, ``feature_mismatch`` or ``model_corrupt``.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.detail = detail
        super().__init__("ml model", f"{reason}: {detail}")
        self.reason = reason
