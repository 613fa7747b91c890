"""What was learnt as a version of the registry: files, manifest, passport; and who serves."""

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
from magic8_ml.registry.passport import VALID_SESSIONS
from magic8_ml.registry.versions import Registry, add_version
from magic8_ml.trades.feature_catalogue import digest_of
from magic8_ml.trades.model_files import save_win_model
from magic8_ml.trades.sample import Sample
from magic8_ml.trades.training.audit import Audit
from magic8_ml.trades.training.canaries import canaries_of
from magic8_ml.trades.training.fit import LearntWins
from magic8_ml.trades.training.out_of_fold_scores import check_skill, figures_of, thresholds_of

WIN_MODEL_FOLDER: Final = "win_models"
LABEL: Final = "profit at settlement after fees > 0, held to expiry; exactly 0 is a loss"


def store(learnt: LearntWins, out: Path, source: str, audit: Audit) -> str:
    """Keep what was learnt as champion of ``out/win_models``; return the name of the version.

    ``source`` says in a few words what the trades are, ``audit`` how their features stood the test.

    Raises
    ------
    TrainingRefused
        When a feature was not known at its time, the model is worse than the base rates on its own walk-forward, or
        a canary fails.
    """
    if audit.late:
        raise TrainingRefused(f"availability audit: these features were not known at their time: {audit.late}")
    facts = _facts(learnt, source)
    check_skill(facts["evaluation"])
    passport = _passport(learnt, audit)

    def write(fresh: Path) -> None:
        save_win_model(
            fresh,
            base=learnt.base,
            records=learnt.records,
            paths=learnt.sample.paths,
            boosters=learnt.boosters,
            thresholds=thresholds_of(learnt),
            facts=facts,
        )

    version = add_version(out / WIN_MODEL_FOLDER, write, passport)
    Registry(out / WIN_MODEL_FOLDER).promote(version, "trained")
    return version


def _facts(learnt: LearntWins, source: str) -> dict[str, Any]:
    sample = learnt.sample
    return {
        "source": source,
        "symbols": sorted({path.symbol for path in sample.paths}),
        "strategies": sorted({path.strategy for path in sample.paths}),
        "first_day": _day(sample.day[0]),
        "last_day": _day(sample.day[-1]),
        "days": len(np.unique(sample.day)),
        "rows": len(sample),
        "features": list(sample.names),
        "feature_digest": digest_of(sample.names),
        "label_definition": LABEL,
        "members": [line.kind for line in learnt.base.lines],
        "trees": sorted(learnt.boosters),
        "choices": dict(learnt.facts),
        "evaluation": figures_of(learnt),
        "libraries": {"numpy": np.__version__, "xgboost": xgb.__version__},
    }


def _passport(learnt: LearntWins, audit: Audit) -> dict[str, Any]:
    sample = learnt.sample
    return {
        "data": {"symbols": {name: _digest(sample, name) for name in sorted({path.symbol for path in sample.paths})}},
        "folds": [_fold(fold) for fold in learnt.folds],
        "frozen": {"day": _day(sample.day[-1]), "valid_sessions": VALID_SESSIONS},
        "availability": {"feature_digest": digest_of(sample.names), **asdict(audit)},
        "canaries": canaries_of(sample),
    }


def _digest(sample: Sample, symbol: str) -> Mapping[str, object]:
    # little-endian columns one behind the other
    mine = np.isin(sample.path, [place for place, path in enumerate(sample.paths) if path.symbol == symbol])
    digest = hashlib.sha256(sample.day[mine].astype("<i8").tobytes())
    for column in (sample.features, sample.implied, sample.forecast, sample.won):
        digest.update(column[mine].astype("<f8").tobytes())
    return {"sha256": digest.hexdigest(), "rows": int(mine.sum())}


def _fold(fold: Fold) -> dict[str, object]:
    return {
        "learnt": [_day(fold.train[0]), _day(fold.train[-1])],
        "tested": [_day(fold.test[0]), _day(fold.test[-1])],
        "learnt_days": len(fold.train),
        "tested_days": len(fold.test),
    }


def _day(position: np.int64 | int) -> str:
    return session_table().sessions[int(position)].day.isoformat()
