"""A version of the model as it serves: the model, the thresholds beside it, and its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from magic8_ml.registry.manifest import ModelUnavailable, read_checked
from magic8_ml.trades.model import WinModel
from magic8_ml.trades.model_files import THRESHOLDS, load_win_model, read_win_manifest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Served:
    """A model as it serves: ``thresholds`` are those of its file, ``manifest`` its manifest with a passport."""

    model: WinModel
    thresholds: Mapping[str, Any]
    manifest: Mapping[str, Any]

    def comparison(self, symbol: str, strategy: str) -> dict[str, float]:
        """Return the thresholds by F1 and recall of a symbol and strategy, as far as there are any."""
        names = {"f1": "individual", "recall_80": "individual_recall80"}
        found = {name: self.thresholds.get(table, {}).get(symbol, {}).get(strategy) for name, table in names.items()}
        return {name: float(value) for name, value in found.items() if value is not None}


def load_served(folder: Path) -> Served:
    """Read a version; thresholds that cannot be believed are left out, for they decide nothing.

    Raises
    ------
    ModelUnavailable
        When nothing of it can serve.
    """
    model, manifest = load_win_model(folder), read_win_manifest(folder)
    try:
        thresholds = orjson.loads(read_checked(folder, THRESHOLDS, manifest))
    except ModelUnavailable:
        thresholds = {}
    return Served(model=model, thresholds=thresholds, manifest=manifest)
