"""A small frozen model with a passport, in a registry, as a training would have left it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from magic8_companion.domain.bars import Bars
from magic8_ml.forecast.distribution_forecaster import DistributionForecaster
from magic8_ml.forecast.feature_bounds import Bounds
from magic8_ml.forecast.feature_catalogue import schema_digest
from magic8_ml.forecast.model_files import save_model
from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.training.dataset import dataset_of
from magic8_ml.registry.versions import Registry, add_version
from tests.registry.made_models import DIGEST, parts


def make_model(folder: Path, bars: dict[str, Bars], vix: Bars, *, learnt_days: int) -> str:
    """Learn from the first days of ``bars`` and put the champion into ``folder/models``; return its last day."""
    rows = dataset_of(bars, vix).rows
    days = np.unique(rows.day)[:learnt_days]
    rows = rows[np.isin(rows.day, days)]
    last = session_table().sessions[int(days[-1])].day.isoformat()
    forecaster, bounds = DistributionForecaster().fit(rows), Bounds.of(rows.features)
    proven = parts(last)
    proven["data"]["symbols"] = {name: {"sha256": DIGEST, "rows": 9} for name in rows.symbols}
    proven["folds"] = [{"train": ["2015-01-02", "2015-05-29"], "test": ["2015-06-02", "2015-08-31"]}]
    proven["availability"]["feature_digest"] = schema_digest()
    facts = {"last_day": last, "symbols": list(rows.symbols)}
    version = add_version(folder / "models", lambda to: save_model(to, forecaster, bounds, facts), proven)
    Registry(folder / "models").promote(version, "for tests")
    return last
