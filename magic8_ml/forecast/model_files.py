"""The model on disk: UBJSON trees, JSON numbers and a manifest that proves what they are.  Never a pickle.

    models/
    ├── variance.ubj       the trees of the remaining variance
    ├── numbers.json       everything else: regression, residuals, odds, reference edges, terciles, bounds
    └── manifest.json      what it was fitted on, and the sha256 of the two

Nothing in the folder depends on the clock: the same data and library versions give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import xgboost as xgb

from magic8_ml.forecast.distribution_forecaster import FittedDistribution
from magic8_ml.forecast.feature_bounds import Bounds
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES, schema_digest
from magic8_ml.forecast.tree_bounds import require_sound_booster
from magic8_ml.forecast.ubjson import read_object
from magic8_ml.registry.folders import replace_folder
from magic8_ml.registry.manifest import MANIFEST, NOT_A_MODEL, ModelUnavailable, read_checked, read_manifest, sha256_of

FORMAT_VERSION: Final = 2
_TREES: Final = "variance.ubj"
_NUMBERS: Final = "numbers.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedModel:
    """Everything a prediction needs besides its inputs; ``manifest`` is the JSON object of the same name."""

    forecaster: FittedDistribution
    bounds: Bounds
    manifest: Mapping[str, Any]

    @property
    def version(self) -> str:
        """Return the published model version: last day of the data and a short hash of the files."""
        return str(self.manifest["model_version"])

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the symbols whose bars the model has seen."""
        return tuple(self.manifest["symbols"])


def save_model(folder: Path, forecaster: FittedDistribution, bounds: Bounds, facts: Mapping[str, Any]) -> TrainedModel:
    """Write a model into ``folder``, whole or not at all, and return it as it will be loaded.

    ``facts`` are the JSON-able facts of the training: ``last_day`` and ``symbols`` at least.
    """
    numbers = {"forecaster": forecaster.as_json(), "bounds": bounds.as_json()}
    files = {
        _TREES: bytes(forecaster.variance.booster.save_raw("ubj")),
        _NUMBERS: orjson.dumps(numbers, option=orjson.OPT_NON_STR_KEYS),
    }
    digests = {name: sha256_of(content) for name, content in files.items()}
    short = sha256_of("".join(digests.values()).encode())[:8]
    manifest = {
        "format_version": FORMAT_VERSION,
        "model_version": f"{facts['last_day']}-{short}",
        "features": list(FEATURE_NAMES),
        "feature_digest": schema_digest(),
        "files": digests,
        **facts,
    }
    text = orjson.dumps(
        manifest,
        option=orjson.OPT_NON_STR_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE,
    )
    replace_folder(folder, {**files, MANIFEST: text})
    return TrainedModel(forecaster=forecaster, bounds=bounds, manifest=manifest)


def load_model(folder: Path) -> TrainedModel:
    """Read a model, trusting nothing that its manifest does not prove.

    Raises
    ------
    ModelUnavailable
        ``no_model``: no manifest; ``feature_mismatch``: made for another feature catalogue; ``model_hash_mismatch``:
        a file is not the one of the manifest; ``model_corrupt``: a file cannot be read.
    """
    manifest = _manifest_of_forecaster(folder)
    if manifest.get("feature_digest") != schema_digest() or manifest.get("features") != list(FEATURE_NAMES):
        raise ModelUnavailable("feature_mismatch", f"{folder} was made for other features; train again")
    files = {name: read_checked(folder, name, manifest) for name in (_TREES, _NUMBERS)}
    booster = read_booster(folder / _TREES, files[_TREES], FEATURE_NAMES)
    try:
        numbers = orjson.loads(files[_NUMBERS])
        forecaster = FittedDistribution.from_json(numbers["forecaster"], booster)
        bounds = Bounds.from_json(numbers["bounds"])
    except NOT_A_MODEL as error:
        raise ModelUnavailable("model_corrupt", f"{folder / _NUMBERS}: {error!r}") from error
    return TrainedModel(forecaster=forecaster, bounds=bounds, manifest=manifest)


def _manifest_of_forecaster(folder: Path) -> dict[str, Any]:
    manifest, path = read_manifest(folder), folder / MANIFEST
    if manifest.get("format_version") != FORMAT_VERSION:
        raise ModelUnavailable("model_corrupt", f"{path} is not a manifest of format {FORMAT_VERSION}")
    if not isinstance(manifest.get("model_version"), str) or not isinstance(manifest.get("symbols"), list):
        raise ModelUnavailable("model_corrupt", f"{path} names no model_version or no symbols")
    return manifest


def read_booster(path: Path, content: bytes, names: tuple[str, ...]) -> xgb.Booster:
    """Read trees from UBJSON; raises ``ModelUnavailable`` unless they are sound and were fitted on these columns."""
    try:
        trees = read_object(content)
        if tuple(trees["learner"]["feature_names"]) != names:
            raise ModelUnavailable("feature_mismatch", f"{path} was fitted on other columns; train again")
        require_sound_booster(trees, len(names))
    except NOT_A_MODEL as error:
        raise ModelUnavailable("model_corrupt", f"{path} is no sound model: {error}") from error
    booster = xgb.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(content))
    except (xgb.core.XGBoostError, ValueError) as error:
        raise ModelUnavailable("model_corrupt", f"{path} is no readable model") from error
    # loading forgets the thread count, and all cores on one row are a hundred times slower than one
    booster.set_param({"nthread": 1})
    return booster
