"""The passport of a training: digests of its data, and proofs that nothing saw the future.  No proof, no model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import orjson

from magic8_companion.domain.bars import COLUMNS, Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_ml.forecast.distribution_forecaster import FittedDistribution
from magic8_ml.forecast.feature_catalogue import FeatureTable, schema_digest
from magic8_ml.forecast.forecaster import Forecaster, Rows
from magic8_ml.forecast.session_table import DAY_NS, session_table
from magic8_ml.forecast.training.audit import audit
from magic8_ml.forecast.training.future_canaries import (
    Build,
    Rebuilt,
    compare,
    sampled,
    scrambled_future,
    truncated_future,
)
from magic8_ml.forecast.training.skill_canaries import skill_canaries, with_shifted_feature
from magic8_ml.forecast.training.walk_forward import Fold
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.registry.canaries import AvailabilityAudit, check_canary, checked_canaries
from magic8_ml.registry.passport import VALID_SESSIONS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureProof:
    """Proofs made before the fit: the audit, and rows rebuilt under other futures."""

    audit: AvailabilityAudit
    truncated: Rebuilt
    scrambled: Sequence[Rebuilt]


def prove_features(
    bars: Mapping[str, Bars], vix_daily: Bars, rows: Rows, *, table: FeatureTable, build: Build
) -> FeatureProof:
    """Audit the rows that ``build`` made of bars and VIX with the features of ``table``.

    Raises
    ------
    TrainingRefused
        When a canary fails; the error names it and the features that look ahead.
    """
    try:
        truncated = truncated_future(bars, vix_daily, rows)
    except DataUnavailable as error:
        raise TrainingRefused(f"canary truncated_future: a row of the training cannot be served: {error}") from error
    proof = FeatureProof(
        audit=audit(bars, vix_daily, rows, table),
        truncated=truncated,
        scrambled=scrambled_future(bars, vix_daily, rows, build),
    )
    for name, rebuilt in (("truncated_future", [truncated]), ("scrambled_future", proof.scrambled)):
        found = compare(rebuilt)
        check_canary(name, {**asdict(found), "predictions": found.rows})
    if late := proof.audit.late:
        raise TrainingRefused(f"availability audit: these features were not known at their time: {', '.join(late)}")
    return proof


def passport_parts(
    proof: FeatureProof,
    *,
    bars: Mapping[str, Bars],
    vix_daily: Bars,
    rows: Rows,
    folds: Iterable[Fold],
    forecaster: Forecaster,
    fitted: FittedDistribution,
) -> dict[str, Any]:
    """Return the parts of the passport; ``fitted`` is the model to be stored, ``forecaster`` its recipe.

    Raises
    ------
    TrainingRefused
        When a canary fails; the error names it and gives its numbers.
    """
    last = int(rows.day.max())
    ahead = replace(proof.truncated, reference=with_shifted_feature(rows)[sampled(rows)])
    canaries = checked_canaries(
        asdict(compare([proof.truncated], fitted.predict)),
        asdict(compare(proof.scrambled, fitted.predict)),
        skill_canaries(forecaster, rows, compare([ahead]).differing),
    )
    return {
        "data": _data(bars, vix_daily, last),
        "folds": [_fold(fold) for fold in folds],
        "frozen": {"day": _day(last), "valid_sessions": VALID_SESSIONS},
        "availability": {"feature_digest": schema_digest(), **asdict(proof.audit)},
        "canaries": canaries,
    }


def data_digest(bars: Mapping[str, Bars], vix_daily: Bars, last: int) -> str:
    """Return one sha256 of the bars of all symbols and the daily VIX up to the session at position ``last``."""
    return hashlib.sha256(
        orjson.dumps(_data(bars, vix_daily, last), option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS)
    ).hexdigest()


def _data(bars: Mapping[str, Bars], vix_daily: Bars, last: int) -> dict[str, Any]:
    close, midnight = int(session_table().closes[last]), (int(session_table().days[last]) + 1) * DAY_NS
    return {
        "symbols": {symbol: _digest(series, close) for symbol, series in sorted(bars.items())},
        "vix_daily": _digest(vix_daily, midnight),
    }


def _digest(bars: Bars, end: int) -> dict[str, object]:
    # of everything that began before ``end``; little-endian columns one behind the other
    seen = bars[: int(np.searchsorted(bars.starts, end))]
    digest = hashlib.sha256(seen.starts.astype("<i8").tobytes())
    for name in COLUMNS:
        digest.update(getattr(seen, name).astype("<f8").tobytes())
    return {"sha256": digest.hexdigest(), "rows": len(seen)}


def _fold(fold: Fold) -> dict[str, object]:
    return {
        "train": [_day(int(fold.train[0])), _day(int(fold.train[-1]))],
        "test": [_day(int(fold.test[0])), _day(int(fold.test[-1]))],
        "train_days": len(fold.train),
        "test_days": len(fold.test),
    }


def _day(position: int) -> str:
    return session_table().sessions[position].day.isoformat()
