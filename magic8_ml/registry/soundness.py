"""What the manifest of a version proves, asked without any ML library: its files, its seal, its passport."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from magic8_ml.registry.manifest import ModelUnavailable, read_checked, read_manifest
from magic8_ml.registry.passport import passport_problem


def require_passport(manifest: Mapping[str, Any]) -> None:
    """Let a manifest pass that carries a valid passport.

    Raises
    ------
    ModelUnavailable
        ``no_passport`` with the first thing that is wrong.
    """
    if problem := passport_problem(manifest):
        raise ModelUnavailable("no_passport", f"{problem}; train again")


def require_sound(folder: Path) -> dict[str, Any]:
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
        read_checked(folder, Path(name).name, manifest)
    require_passport(manifest)
    if (version := manifest.get("model_version")) != folder.name:
        raise ModelUnavailable("model_corrupt", f"{folder} holds version {version} under another name")
    return manifest
