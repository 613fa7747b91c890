"""What the manifest of a version proves, asked without any ML library: its files, its seal, its passport."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from magic8_companion.domain.errors import PluginUnavailable
from magic8_ml.registry.passport import passport_problem

MANIFEST: Final = "manifest.json"


class Unsound(PluginUnavailable):
    """A version must not serve: rule scores stand alone and ``reason`` is published; ``detail`` is for people."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__("ml model", reason, detail)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read a manifest as it is.

    Raises
    ------
    Unsound
        ``no_model`` when there is none, ``model_corrupt`` when it is no JSON object.
    """
    path = folder / MANIFEST
    try:
        manifest = orjson.loads(path.read_bytes())
    except OSError as error:
        raise Unsound("no_model", f"no readable model in {folder} ({error.strerror})") from error
    except ValueError as error:
        raise Unsound("model_corrupt", f"{path} is not JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise Unsound("model_corrupt", f"{path} is not a manifest")
    return manifest


def require_passport(manifest: Mapping[str, Any]) -> None:
    """Let a manifest pass that carries a valid passport.

    Raises
    ------
    Unsound
        ``no_passport`` with the first thing that is wrong.
    """
    if problem := passport_problem(manifest):
        raise Unsound("no_passport", f"{problem}; train again")


def require_sound(folder: Path) -> dict[str, Any]:
    """Let a version pass that bears its own name, has the files of its manifest and a valid passport.

    Returns the manifest.

    Raises
    ------
    Unsound
        ``no_model``, ``model_corrupt``, ``model_hash_mismatch`` or ``no_passport``.
    """
    manifest = read_manifest(folder)
    files = manifest.get("files")
    if not isinstance(files, dict) or not files:
        raise Unsound("model_corrupt", f"the manifest in {folder} names no files")
    for name, digest in files.items():
        try:
            content = (folder / Path(name).name).read_bytes()
        except OSError as error:
            raise Unsound("model_corrupt", f"{folder / name} cannot be read ({error.strerror})") from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise Unsound("model_hash_mismatch", f"{folder / name} is not the file of the manifest")
    require_passport(manifest)
    if (version := manifest.get("model_version")) != folder.name:
        raise Unsound("model_corrupt", f"{folder} holds version {version} under another name")
    return manifest
