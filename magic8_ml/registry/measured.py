"""The measurements on unseen days in the manifest of a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from magic8_companion.domain.measured import MEASURED, Measured, read_measured


def measured_of(manifest: Mapping[str, Any]) -> Measured:
    """Return what the manifest holds under ``measured``; manifests of earlier trainings hold nothing.

    >>> measured_of({"model_version": "2025-03-31-0a1b2c3d"}).high_sentence
    'HIGH: not measured'
    """
    return read_measured(manifest.get(MEASURED))
