"""Store a fitted model as a version of the registry, with manifest and passport, and promote it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import xgboost as xgb

from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.training.walk_forward import Fold
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.registry.canaries import AvailabilityAudit
from magic8_ml.registry.passport import VALID_SESSIONS
from magic8_ml.registry.versions import Registry, add_version
from magic8_ml.trades.feature_catalogue import digest_of
from magic8_ml.trades.model_files import save_win_model
from magic8_ml.trades.sample import Sample
from magic8_ml.trades.training.canaries import canaries_of
from magic8_ml.trades.training.fit import WinModelFit
from magic8_ml.trades.training.out_of_fold_scores import (
    OutOfFoldMetrics,
    check_skill,
    out_of_fold_metrics,
    thresholds_of,
)

WIN_MODEL_FOLDER: Final = "win_models"
LABEL: Final = "profit at settlement after fees > 0, held to expiry; exactly 0 is a loss"


def store(fitted: WinModelFit, out: Path, source: str, audit: AvailabilityAudit) -> str:
    """Store the fitted model as champion of ``out/win_models``; return the name of the version.

    ``source`` describes the trades; ``audit`` is the audit of feature availability.

    Raises
    ------
    TrainingRefused
        When a feature was not available at its time, the model is worse than the base rates in its walk-forward, or a
        canary fails.
    """
    if audit.late:
        raise TrainingRefused(f"availability audit: these features were not available at their time: {audit.late}")
    metrics = out_of_fold_metrics(fitted)
    check_skill(metrics.overall)
    facts = _facts(fitted, source, metrics)
    passport = _passport(fitted, audit)

    def write(fresh: Path) -> None:
        save_win_model(
            fresh,
            shared=fitted.shared,
            records=fitted.records,
            trade_keys=fitted.sample.trade_keys,
            boosters=fitted.boosters,
            thresholds=thresholds_of(fitted),
            facts=facts,
        )

    version = add_version(out / WIN_MODEL_FOLDER, write, passport)
    Registry(out / WIN_MODEL_FOLDER).promote(version, "trained")
    return version


def _facts(fitted: WinModelFit, source: str, metrics: OutOfFoldMetrics) -> dict[str, Any]:
    sample = fitted.sample
    return {
        "source": source,
        "symbols": sorted({key.symbol for key in sample.trade_keys}),
        "strategies": sorted({key.strategy for key in sample.trade_keys}),
        "first_day": _day(sample.day[0]),
        "last_day": _day(sample.day[-1]),
        "days": len(np.unique(sample.day)),
        "rows": len(sample),
        "features": list(sample.names),
        "feature_digest": digest_of(sample.names),
        "label_definition": LABEL,
        "members": [base_model.kind for base_model in fitted.shared.base_models],
        "trees": sorted(fitted.boosters),
        "choices": dict(fitted.facts),
        "evaluation": metrics.as_json(),
        "libraries": {"numpy": np.__version__, "xgboost": xgb.__version__},
    }


def _passport(fitted: WinModelFit, audit: AvailabilityAudit) -> dict[str, Any]:
    sample = fitted.sample
    return {
        "data": {
            "symbols": {name: _digest(sample, name) for name in sorted({key.symbol for key in sample.trade_keys})}
        },
        "folds": [_fold(fold) for fold in fitted.folds],
        "frozen": {"day": _day(sample.day[-1]), "valid_sessions": VALID_SESSIONS},
        "availability": {"feature_digest": digest_of(sample.names), **asdict(audit)},
        "canaries": canaries_of(sample),
    }


def _digest(sample: Sample, symbol: str) -> Mapping[str, object]:
    # little-endian columns, concatenated
    of_symbol = np.isin(sample.key_code, [code for code, key in enumerate(sample.trade_keys) if key.symbol == symbol])
    digest = hashlib.sha256(sample.day[of_symbol].astype("<i8").tobytes())
    for column in (sample.features, sample.implied, sample.forecast, sample.won):
        digest.update(column[of_symbol].astype("<f8").tobytes())
    return {"sha256": digest.hexdigest(), "rows": int(of_symbol.sum())}


def _fold(fold: Fold) -> dict[str, object]:
    return {
        "train": [_day(fold.train[0]), _day(fold.train[-1])],
        "test": [_day(fold.test[0]), _day(fold.test[-1])],
        "train_days": len(fold.train),
        "test_days": len(fold.test),
    }


def _day(position: np.int64 | int) -> str:
    return session_table().sessions[int(position)].day.isoformat()
