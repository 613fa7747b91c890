"""Models made by hand: a few bytes, a manifest and a passport, whole and valid until a test damages them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson

from magic8_ml.registry.manifest import MANIFEST
from magic8_ml.registry.passport import PASSPORT, with_passport
from magic8_ml.registry.versions import VERSIONS, Registry, add_version

DIGEST = hashlib.sha256(b"bars").hexdigest()
LAST_DAY = "2025-03-31"


def parts(last_day: str = LAST_DAY) -> dict[str, Any]:
    """Return the parts of a passport that holds."""
    return {
        "data": {"symbols": {"SPY": {"sha256": DIGEST, "rows": 9}}, "vix_daily": {"sha256": DIGEST, "rows": 9}},
        "folds": [
            {"train": ["2024-01-02", "2024-05-31"], "test": ["2024-06-04", "2024-08-30"]},
            {"train": ["2024-01-02", "2024-08-30"], "test": ["2024-09-04", "2024-12-31"]},
        ],
        "frozen": {"day": last_day, "valid_sessions": 63},
        "availability": {"feature_digest": "f" * 64, "values": 100, "late": []},
        "canaries": {
            "truncated_future": {"predictions": 40, "differing": 0, "features": []},
            "scrambled_future": {"predictions": 40, "differing": 0, "features": []},
            "future_shifted_feature": {
                "feature": "gap",
                "differing": 40,
                "skill": 0.4,
                "honest_skill": 0.1,
                "standard_error": 0.05,
            },
            "shuffled_labels": {"skill": -0.001, "standard_error": 0.004},
        },
    }


def manifest(last_day: str = LAST_DAY, content: bytes = b"trees", **more: Any) -> dict[str, Any]:
    """Return the manifest of a model that consists of one file."""
    digest = hashlib.sha256(content).hexdigest()
    return {
        "format_version": 1,
        "model_version": f"{last_day}-{digest[:8]}",
        "symbols": ["SPY"],
        "last_day": last_day,
        "feature_digest": "f" * 64,
        "files": {"trees.ubj": digest},
        **more,
    }


def writer(last_day: str = LAST_DAY, content: bytes = b"trees", **more: Any) -> Callable[[Path], None]:
    """Return what writes the model into a folder, as a training does."""

    def write(folder: Path) -> None:
        folder.mkdir()
        (folder / "trees.ubj").write_bytes(content)
        (folder / MANIFEST).write_bytes(orjson.dumps(manifest(last_day, content, **more)))

    return write


def add(folder: Path, last_day: str = LAST_DAY, content: bytes = b"trees", **more: Any) -> str:
    """Add a version with a valid passport; return its name."""
    return add_version(folder, writer(last_day, content, **more), parts(last_day))


def passed(last_day: str = LAST_DAY) -> dict[str, Any]:
    """Return a manifest with a valid passport."""
    return with_passport(manifest(last_day), parts(last_day))


def resealed(made: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Change the passport of a manifest and seal it again, as somebody would who knows how."""
    changed = deepcopy(made)
    passport = changed[PASSPORT]
    change(passport)
    return with_passport(changed, {name: part for name, part in passport.items() if name != "seal"})


def damage(registry: Registry, version: str) -> None:
    """Tear a version's file."""
    (registry.folder / VERSIONS / version / "trees.ubj").write_bytes(b"tre")
