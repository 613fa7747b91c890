"""The manifest of a model folder: which files belong to it and what they must be, asked without any ML library."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from magic8_companion.domain.errors import PluginUnavailable
from magic8_companion.outside_files.plain_files import bounded, read_bytes

MANIFEST: Final = "manifest.json"
NOT_A_MODEL: Final = (ValueError, LookupError, TypeError, AttributeError, OverflowError, MemoryError, RecursionError)
"""What the content of a file raises that is no model."""


class ModelUnavailable(PluginUnavailable):
    """A model must not serve: rule scores stand alone and ``reason`` is published; ``detail`` is for people.

    ``reason`` is ``no_model``, ``model_corrupt``, ``model_hash_mismatch``, ``feature_mismatch`` or ``no_passport``.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__("ml model", reason, detail)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest in the folder of a model without validation.

    Raises
    ------
    ModelUnavailable
        ``no_model`` when there is none, ``model_corrupt`` when it is no JSON object.
    """
    path = folder / MANIFEST
    try:
        with bounded(path):
            manifest = orjson.loads(read_bytes(path, within=folder))
    except OSError as error:
        raise ModelUnavailable("no_model", f"no readable model in {folder} ({error.strerror})") from error
    except ValueError as error:
        raise ModelUnavailable("model_corrupt", f"{path} is not JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise ModelUnavailable("model_corrupt", f"{path} is not a manifest")
    return manifest


def read_checked(folder: Path, name: str, manifest: Mapping[str, Any]) -> bytes:
    """Read a file of a model; raises ``ModelUnavailable`` unless it is the one whose sha256 stands in the manifest."""
    if Path(name).name != name:
        raise ModelUnavailable("model_corrupt", f"the manifest in {folder} names {name!r}, which is no plain file name")
    digests = manifest.get("files")
    expected = digests.get(name) if isinstance(digests, dict) else None
    try:
        content = read_bytes(folder / name, within=folder)
    except OSError as error:
        raise ModelUnavailable("model_corrupt", f"{folder / name} cannot be read ({error.strerror})") from error
    if sha256_of(content) != expected:
        raise ModelUnavailable("model_hash_mismatch", f"{folder / name} is not the file of the manifest")
    return content


def sha256_of(content: bytes) -> str:
    """Return the hexadecimal digest that manifests hold."""
    return hashlib.sha256(content).hexdigest()
