"""What the manifest of a version proves, asked without any ML library: its files, its seal, its passport."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import next_session, sessions_between
from magic8_ml.registry.manifest import ModelUnavailable, read_checked, read_manifest
from magic8_ml.registry.passport import PASSPORT, passport_problem


def require_passport(manifest: Mapping[str, Any]) -> None:
    """Let a manifest pass that carries a valid passport.

    Raises
    ------
    ModelUnavailable
        ``no_passport`` with the first thing that is wrong.
    """
    if problem := passport_problem(manifest):
        raise ModelUnavailable("no_passport", f"{problem}; train again")


def require_valid_version(folder: Path) -> dict[str, Any]:
    """Let a version pass that bears its own name, has the files of its manifest and a valid passport.

    Returns the manifest.

    Raises
    ------
    ModelUnavailable
        ``no_model``, ``model_corrupt``, ``model_hash_mismatch`` or ``no_passport``.
    """
    manifest = read_manifest(folder)
    files = manifest.get("files")
    if not isinstance(files, dict) or not files:
        raise ModelUnavailable("model_corrupt", f"the manifest in {folder} names no files")
    for name in files:
        read_checked(folder, str(name), manifest)
    require_passport(manifest)
    if (version := manifest.get("model_version")) != folder.name:
        raise ModelUnavailable("model_corrupt", f"{folder} holds version {version} under another name")
    return manifest


def valid_until(manifest: Mapping[str, Any]) -> date:
    """Return the last session that a model with a valid passport may predict.

    >>> valid_until({"passport": {"frozen": {"day": "2025-06-30", "valid_sessions": 3}}}).isoformat()
    '2025-07-03'
    """
    frozen = manifest[PASSPORT]["frozen"]
    day = date.fromisoformat(frozen["day"])
    try:
        for _ in range(frozen["valid_sessions"]):
            day = next_session(day).day
    except DataUnavailable:  # the calendar ends before the model does, and no prediction goes beyond the calendar
        return date.max
    return day


def sessions_after(day: date, other: date) -> int:
    """Count the sessions after ``day`` up to and including ``other``; none if that is not later.

    >>> sessions_after(date(2025, 7, 3), date(2025, 7, 8))
    2
    """
    return len(sessions_between(day + timedelta(days=1), other))
