"""A model of win probabilities on disk: one JSON file per node, UBJSON where trees ship, and the manifest over all.

    version/
    ├── default-default.json                   base members, kappa, shares won and lost, what was learnt of all
    ├── strategy-Butterfly.json
    ├── symbol-SPX.json
    ├── symbol_strategy-SPX_Butterfly.json     carries the records it rests on, so it can answer without their files
    ├── symbol_strategy-SPX_Butterfly.ubj      trees of its own
    ├── thresholds.json
    └── manifest.json                          ordered feature names, sha256 of every file, the facts of the training

A file that is missing, damaged or of another model takes its node out of the hierarchy, with its reason; the level
above answers.  Nothing is unpickled, and the same training gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from pathlib import Path as FilePath
from typing import Any, Final

import orjson
import xgboost as xgb

from magic8_ml.forecast.model_files import read_booster, replace_folder
from magic8_ml.registry.manifest import MANIFEST, ModelUnavailable, read_checked, read_manifest, sha256_of
from magic8_ml.trades.base_models import Recalibration
from magic8_ml.trades.expected_value import RealisedFractions
from magic8_ml.trades.feature_catalogue import LeakingColumn, digest_of
from magic8_ml.trades.forest import Forest
from magic8_ml.trades.levels import LEVELS, SYMBOL_STRATEGY, TradeKey
from magic8_ml.trades.model import Base, Record, WinModel
from magic8_ml.trades.pooling import Offset
from magic8_ml.trades.sample import Size

FORMAT_VERSION: Final = 3
KIND: Final = "win_probability"
THRESHOLDS: Final = "thresholds.json"
_READABLE: Final = orjson.OPT_NON_STR_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


def save_win_model(
    folder: FilePath,
    *,
    base: Base,
    records: Iterable[Record],
    paths: Iterable[TradeKey],
    boosters: Mapping[str, xgb.Booster],
    thresholds: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> str:
    """Write a model into ``folder``, whole or not at all; return its version.

    ``boosters`` are those of the nodes that ship trees, by the node's name; ``paths`` the paths that were learnt;
    ``facts`` JSON-able: ``last_day``, ``features`` and ``feature_digest`` at least.
    """
    by_name = {record.name: record for record in records}
    below = {Record.name_of(SYMBOL_STRATEGY, path.key(SYMBOL_STRATEGY)): path for path in paths}
    contents = {f"{name}.json": _node_file(base, by_name, name, below.get(name)) for name in by_name}
    contents |= {f"{name}.ubj": bytes(booster.save_raw("ubj")) for name, booster in boosters.items()}
    contents[THRESHOLDS] = orjson.dumps(thresholds, option=_READABLE)
    digests = {name: sha256_of(content) for name, content in sorted(contents.items())}
    version = f"{facts['last_day']}-{sha256_of(''.join(digests.values()).encode())[:8]}"
    manifest = {"format_version": FORMAT_VERSION, "kind": KIND, "model_version": version, "files": digests, **facts}
    replace_folder(folder, {**contents, MANIFEST: orjson.dumps(manifest, option=_READABLE)})
    return version


def load_win_model(folder: FilePath, digest_of: Callable[[tuple[str, ...]], str] = digest_of) -> WinModel:
    """Read a model; nodes whose files cannot be believed are left out and named in ``refused``.

    ``digest_of`` tells what ordered feature names mean today.

    Raises
    ------
    ModelUnavailable
        ``no_model``, ``model_corrupt`` when the manifest is none or no node can be read, ``feature_mismatch`` when the
        model was made for features that mean something else today.
    """
    manifest = read_win_manifest(folder)
    names = tuple(str(name) for name in manifest["features"])
    try:
        today = digest_of(names)
    except LeakingColumn as error:
        raise ModelUnavailable("feature_mismatch", f"{folder}: {error}") from error
    if manifest.get("feature_digest") != today:
        raise ModelUnavailable("feature_mismatch", f"{folder} was made for other features; train again")
    read = _Reader(folder, manifest, names)
    for file in sorted(manifest["files"]):
        if file.endswith(".json") and file != THRESHOLDS:
            read.node(file.removesuffix(".json"))
    return read.model()


def read_win_manifest(folder: FilePath) -> dict[str, Any]:
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
        raise ModelUnavailable("model_corrupt", f"{path} names no files or no features")
    return manifest


def _node_file(base: Base, records: Mapping[str, Record], name: str, path: TradeKey | None) -> bytes:
    above = [Record.name_of(level, path.key(level)) for level in LEVELS[:-1]] if path else []
    content = {
        "base": {
            "lines": [line.as_json() for line in base.lines],
            "kappa": base.kappa,
            "spread": base.spread,
            "shares": base.shares.as_json(),
        },
        "record": asdict(records[name]),
        "rests_on": [asdict(records[other]) for other in above],
    }
    return orjson.dumps(content, option=_READABLE)


class _Reader:
    def __init__(self, folder: FilePath, manifest: Mapping[str, Any], names: tuple[str, ...]) -> None:
        self._folder, self._manifest, self._names = folder, manifest, names
        self._base: Base | None = None
        self._records: dict[str, Record] = {}
        self._copies: dict[str, Record] = {}
        self._boosters: dict[str, xgb.Booster] = {}
        self._refused: dict[str, str] = {}

    def node(self, name: str) -> None:
        try:
            content = orjson.loads(read_checked(self._folder, f"{name}.json", self._manifest))
            record = _record(content["record"])
            if record.name != name:
                self._refused[name] = f"model_corrupt: its file speaks of {record.name}"
                return
            base = _base(content["base"])
            copies = [_record(other) for other in content["rests_on"]]
        except ModelUnavailable as error:
            self._refused[name] = f"{error.reason}: {name}.json"
            return
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._refused[name] = f"model_corrupt: {name}.json: {error}"
            return
        self._base = base
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
        if self._base is None:
            raise ModelUnavailable("model_corrupt", f"no level in {self._folder} can be read: {self._refused}")
        records = {**self._copies, **self._records}
        damaged = dict(self._refused)
        self._refused = {name: why for name, why in damaged.items() if name not in records}
        for name in sorted(name for name, record in records.items() if record.ships):
            self._trees(name)
        boosters = tuple(self._boosters)
        return WinModel(
            names=self._names,
            base=self._base,
            records=records,
            boosters=boosters,
            forest=Forest.of([self._boosters[name] for name in boosters]),
            refused=self._refused,
            damaged=damaged | self._refused,
            digest=sha256_of(orjson.dumps(dict(self._manifest), option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS)),
        )


def _base(data: Mapping[str, Any]) -> Base:
    lines = tuple(Recalibration.from_json(line) for line in data["lines"])
    return Base(
        lines=lines,
        kappa=float(data["kappa"]),
        spread=float(data["spread"]),
        shares=RealisedFractions.from_json(data["shares"]),
    )


def _record(data: Mapping[str, Any]) -> Record:
    return Record(
        level=str(data["level"]),
        key=str(data["key"]),
        size=Size(**data["size"]),
        offset=Offset(**data["offset"]),
        ships=bool(data["ships"]),
        evidence=dict(data["evidence"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Served:
    """A model as it serves: ``thresholds`` are those of its file, ``manifest`` its manifest with a passport."""

    model: WinModel
    thresholds: Mapping[str, Any]
    manifest: Mapping[str, Any]

    def comparison(self, symbol: str, strategy: str) -> dict[str, float]:
        """Return the thresholds by F1 and recall of a symbol and strategy, as far as there are any."""
        names = {"f1": "individual", "recall_80": "individual_recall80"}
        found = {name: self.thresholds.get(table, {}).get(symbol, {}).get(strategy) for name, table in names.items()}
        return {name: float(value) for name, value in found.items() if value is not None}


def load_served(folder: Path) -> Served:
    """Read a version; thresholds that cannot be believed are left out, for they decide nothing.

    Raises
    ------
    ModelUnavailable
        When nothing of it can serve.
    """
    model, manifest = load_win_model(folder), read_win_manifest(folder)
    try:
        thresholds = orjson.loads(read_checked(folder, THRESHOLDS, manifest))
    except ModelUnavailable:
        thresholds = {}
    return Served(model=model, thresholds=thresholds, manifest=manifest)
