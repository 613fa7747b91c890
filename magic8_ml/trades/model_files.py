"""A model of win probabilities on disk: one JSON file per group, UBJSON for its trees, and a manifest.

    version/
    ├── default-default.json                   base models, prior strength, realized fractions, all trades
    ├── strategy-Butterfly.json
    ├── symbol-SPX.json
    ├── symbol_strategy-SPX_Butterfly.json     includes copies of the records of the levels above
    ├── symbol_strategy-SPX_Butterfly.ubj      trees of this group
    ├── thresholds.json
    └── manifest.json                          ordered feature names, sha256 of every file, the facts of the training

If a file is missing, damaged or from another model, its group is not used and the level above is; the reason is kept.
Nothing is unpickled.  The same training gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import xgboost as xgb

from magic8_ml.forecast.model_files import read_booster
from magic8_ml.registry.folders import replace_folder
from magic8_ml.registry.manifest import MANIFEST, NOT_A_MODEL, ModelUnavailable, read_checked, read_manifest, sha256_of
from magic8_ml.trades.base_models import Recalibration
from magic8_ml.trades.expected_value import RealisedFractions
from magic8_ml.trades.feature_catalogue import LeakingColumn, digest_of
from magic8_ml.trades.forest import Forest
from magic8_ml.trades.levels import LEVELS, SYMBOL_STRATEGY, TradeKey
from magic8_ml.trades.model import GroupParameters, SharedParameters, WinModel

FORMAT_VERSION: Final = 3
KIND: Final = "win_probability"
THRESHOLDS: Final = "thresholds.json"
_READABLE: Final = orjson.OPT_NON_STR_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


def save_win_model(
    folder: Path,
    *,
    shared: SharedParameters,
    records: Iterable[GroupParameters],
    trade_keys: Iterable[TradeKey],
    boosters: Mapping[str, xgb.Booster],
    thresholds: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> str:
    """Write a model into ``folder`` atomically; return its version.

    ``boosters``: trees by the name of their group.  ``trade_keys``: the keys in the training data.  ``facts``: JSON
    values for the manifest, at least ``last_day``, ``features`` and ``feature_digest``.
    """
    by_name = {record.name: record for record in records}
    below = {GroupParameters.name_of(SYMBOL_STRATEGY, key.group(SYMBOL_STRATEGY)): key for key in trade_keys}
    contents = {f"{name}.json": _group_file(shared, by_name, name, below.get(name)) for name in by_name}
    contents |= {f"{name}.ubj": bytes(booster.save_raw("ubj")) for name, booster in boosters.items()}
    contents[THRESHOLDS] = orjson.dumps(thresholds, option=_READABLE)
    digests = {name: sha256_of(content) for name, content in sorted(contents.items())}
    version = f"{facts['last_day']}-{sha256_of(''.join(digests.values()).encode())[:8]}"
    manifest = {"format_version": FORMAT_VERSION, "kind": KIND, "model_version": version, "files": digests, **facts}
    replace_folder(folder, {**contents, MANIFEST: orjson.dumps(manifest, option=_READABLE)})
    return version


def load_win_model(folder: Path, digest_of: Callable[[tuple[str, ...]], str] = digest_of) -> WinModel:
    """Read a model; groups with unusable files are skipped and listed in ``refused``.

    ``digest_of`` returns the current digest of ordered feature names.

    Raises
    ------
    ModelUnavailable
        ``no_model``; ``model_corrupt`` if the manifest is invalid or no group can be read; ``feature_mismatch`` if the
        definition of a feature has changed since the training.
    """
    manifest = read_win_manifest(folder)
    names = tuple(str(name) for name in manifest["features"])
    try:
        today = digest_of(names)
    except LeakingColumn as error:
        raise ModelUnavailable("feature_mismatch", f"{folder}: {error}") from error
    if manifest.get("feature_digest") != today:
        raise ModelUnavailable("feature_mismatch", f"{folder} was trained on other features; train again")
    reader = _WinModelReader(folder, manifest, names)
    for file in sorted(manifest["files"]):
        if file.endswith(".json") and file != THRESHOLDS:
            reader.read_group(file.removesuffix(".json"))
    return reader.model()


def read_win_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a model of win probabilities.

    Raises
    ------
    ModelUnavailable
        ``no_model`` or ``model_corrupt``.
    """
    manifest, path = read_manifest(folder), folder / MANIFEST
    if manifest.get("kind") != KIND:
        raise ModelUnavailable("model_corrupt", f"{path} is not a manifest of a {KIND} model")
    if (written := manifest.get("format_version")) != FORMAT_VERSION:
        raise ModelUnavailable("model_corrupt", f"{path} has format {written}, not {FORMAT_VERSION}: train again")
    if not isinstance(manifest.get("files"), dict) or not isinstance(manifest.get("features"), list):
        raise ModelUnavailable("model_corrupt", f"{path} lists no files or no features")
    return manifest


def _group_file(
    shared: SharedParameters, records: Mapping[str, GroupParameters], name: str, key: TradeKey | None
) -> bytes:
    above = [GroupParameters.name_of(level, key.group(level)) for level in LEVELS[:-1]] if key else []
    content = {
        "base": {
            "lines": [base_model.as_json() for base_model in shared.base_models],
            "kappa": shared.prior_days,
            "spread": shared.variance_per_day,
            "shares": shared.realised_fractions.as_json(),
        },
        "record": records[name].as_json(),
        "rests_on": [records[other].as_json() for other in above],
    }
    return orjson.dumps(content, option=_READABLE)


class _WinModelReader:
    def __init__(self, folder: Path, manifest: Mapping[str, Any], names: tuple[str, ...]) -> None:
        self._folder, self._manifest, self._names = folder, manifest, names
        self._shared: SharedParameters | None = None
        self._records: dict[str, GroupParameters] = {}
        self._copies: dict[str, GroupParameters] = {}
        self._boosters: dict[str, xgb.Booster] = {}
        self._refused: dict[str, str] = {}

    def read_group(self, name: str) -> None:
        try:
            content = orjson.loads(read_checked(self._folder, f"{name}.json", self._manifest))
            record = GroupParameters.from_json(content["record"])
            if record.name != name:
                self._refused[name] = f"model_corrupt: its file holds the group {record.name}"
                return
            shared = _shared(content["base"])
            copies = [GroupParameters.from_json(other) for other in content["rests_on"]]
        except ModelUnavailable as error:
            self._refused[name] = f"{error.reason}: {name}.json"
            return
        except NOT_A_MODEL as error:
            self._refused[name] = f"model_corrupt: {name}.json: {error!r}"
            return
        self._shared = shared
        self._records[name] = record
        self._copies |= {copy.name: copy for copy in copies}

    def _trees(self, name: str) -> None:
        file = f"{name}.ubj"
        try:
            content = read_checked(self._folder, file, self._manifest)
            self._boosters[name] = read_booster(self._folder / file, content, self._names)
        except ModelUnavailable as error:
            self._refused[name] = f"{error.reason}: {file}"

    def model(self) -> WinModel:
        if self._shared is None:
            raise ModelUnavailable("model_corrupt", f"{self._folder}: no group can be read: {self._refused}")
        records = {**self._copies, **self._records}
        damaged = dict(self._refused)
        self._refused = {name: why for name, why in damaged.items() if name not in records}
        for name in sorted(name for name, record in records.items() if record.uses_trees):
            self._trees(name)
        boosters = tuple(self._boosters)
        return WinModel(
            names=self._names,
            shared=self._shared,
            records=records,
            boosters=boosters,
            forest=Forest.of([self._boosters[name] for name in boosters]),
            refused=self._refused,
            damaged=damaged | self._refused,
            digest=sha256_of(orjson.dumps(dict(self._manifest), option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS)),
        )


def _shared(data: Mapping[str, Any]) -> SharedParameters:
    base_models = tuple(Recalibration.from_json(base_model) for base_model in data["lines"])
    return SharedParameters(
        base_models=base_models,
        prior_days=float(data["kappa"]),
        variance_per_day=float(data["spread"]),
        realised_fractions=RealisedFractions.from_json(data["shares"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ServedWinModel:
    """A loaded version: the model, its comparison ``thresholds``, and the ``manifest`` with a passport."""

    model: WinModel
    thresholds: Mapping[str, Any]
    manifest: Mapping[str, Any]

    def comparison(self, symbol: str, strategy: str) -> dict[str, float]:
        """Return the known thresholds by F1 and recall of a symbol and strategy."""
        names = {"f1": "individual", "recall_80": "individual_recall80"}
        found = {name: self.thresholds.get(table, {}).get(symbol, {}).get(strategy) for name, table in names.items()}
        return {name: float(value) for name, value in found.items() if value is not None}


def load_served_model(folder: Path) -> ServedWinModel:
    """Read a version; unusable thresholds are skipped, because they only serve comparison.

    Raises
    ------
    ModelUnavailable
        When the model cannot be used.
    """
    model, manifest = load_win_model(folder), read_win_manifest(folder)
    try:
        thresholds = orjson.loads(read_checked(folder, THRESHOLDS, manifest))
    except (ModelUnavailable, ValueError):
        thresholds = {}
    return ServedWinModel(model=model, thresholds=thresholds, manifest=manifest)
