"""The model on disk: what was written is loaded, anything else is refused with its reason."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from magic8_ml.forecast.distribution_forecaster import FittedDistribution
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.model_files import load_model, save_model
from magic8_ml.forecast.training.dataset import dataset_of
from magic8_ml.forecast.two_stage import fit_two_stage
from magic8_ml.registry.manifest import MANIFEST, ModelUnavailable
from tests.forecast.markets import Market

FILES = ("variance.ubj", "numbers.json")


@pytest.fixture
def folder(models: Path, tmp_path: Path) -> Path:
    """Copy the trained model to where it may be damaged."""
    return Path(shutil.copytree(models, tmp_path / "models"))


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest in place."""
    manifest = orjson.loads((folder / MANIFEST).read_bytes())
    change(manifest)
    (folder / MANIFEST).write_bytes(orjson.dumps(manifest))


def write_with_matching_hash(folder: Path, name: str, content: bytes) -> None:
    """Replace a file and make the manifest vouch for it."""
    (folder / name).write_bytes(content)
    edit_manifest(folder, lambda m: m["files"].update({name: hashlib.sha256(content).hexdigest()}))


def reason_of(folder: Path) -> str:
    """Load what must not load; return the published reason."""
    with pytest.raises(ModelUnavailable) as refused:
        load_model(folder)
    assert refused.value.detail
    return refused.value.reason


@pytest.fixture(scope="module")
def rows(market: Market) -> Rows:
    """Compute the last rows of the market."""
    return dataset_of(market.bars, market.vix).rows[-2000:].without_outcomes()


def same_answers(one: FittedDistribution, other: FittedDistribution, rows: Rows) -> bool:
    """Tell whether two forecasters say the same of every row, to the bit."""
    forecast, again = one.predict(rows), other.predict(rows)
    return all(
        np.array_equal(getattr(forecast, f.name), getattr(again, f.name), equal_nan=True) for f in fields(forecast)
    )


def test_a_stored_model_answers_the_same(folder: Path, tmp_path: Path, rows: Rows) -> None:
    """Saving what was loaded gives the same bytes, version and answers."""
    model = load_model(folder)
    facts = {k: v for k, v in model.manifest.items() if k not in {"files", "features"}}
    again = save_model(tmp_path / "again", model.forecaster, model.bounds, facts)
    assert again.version == model.version
    assert all((tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes() for name in FILES)
    assert same_answers(load_model(tmp_path / "again").forecaster, model.forecaster, rows)


def test_the_manifest_lists_the_training_data(folder: Path) -> None:
    """Features with digest, label definition, span, symbols, counts and library versions stand in it; no clock."""
    manifest = load_model(folder).manifest
    assert manifest["features"] == list(FEATURE_NAMES)
    assert manifest["symbols"] == ["QQQ", "SPY"]
    assert manifest["model_version"].startswith(manifest["last_day"])
    for key in ("feature_digest", "label_definition", "first_day", "rows", "labelled_days", "libraries", "evaluation"):
        assert manifest[key], key


def test_no_model(tmp_path: Path) -> None:
    """A folder without manifest is no model."""
    assert reason_of(tmp_path / "nowhere") == "no_model"


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_no_file_of_the_manifest(folder: Path, name: str) -> None:
    """Half a file has another sha256."""
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    assert reason_of(folder) == "model_hash_mismatch"


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_corrupt(folder: Path, name: str) -> None:
    """A file that the manifest names must be there."""
    (folder / name).unlink()
    assert reason_of(folder) == "model_corrupt"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["half", "garbage", "empty"])
def test_damage_under_a_matching_hash_is_corrupt(folder: Path, name: str, damage: str) -> None:
    """Even if the manifest vouches for it, an unreadable file ends in a reason, never in a crash."""
    content = (folder / name).read_bytes()
    damaged = {"half": content[: len(content) // 2], "garbage": bytes(range(256)) * 20, "empty": b""}[damage]
    write_with_matching_hash(folder, name, damaged)
    assert reason_of(folder) == "model_corrupt"


def test_a_model_of_other_features_is_refused(folder: Path) -> None:
    """Another digest, or the same columns in another order, is a mismatch: never a trim, never a fill."""
    edit_manifest(folder, lambda m: m.update(feature_digest="0" * 64))
    assert reason_of(folder) == "feature_mismatch"


def test_reordered_columns_are_refused(folder: Path) -> None:
    """The order of the columns is part of the model."""
    edit_manifest(folder, lambda m: m["features"].reverse())
    assert reason_of(folder) == "feature_mismatch"


def test_trees_of_other_columns_are_refused(folder: Path) -> None:
    """The booster must have been fitted on the columns of the catalogue, whatever the manifest says."""
    classes = np.arange(len(FEATURE_NAMES)) % 3
    stranger = fit_two_stage(np.eye(len(FEATURE_NAMES)), classes, classes)
    write_with_matching_hash(folder, "variance.ubj", bytes(stranger.volatility.save_raw("ubj")))
    assert reason_of(folder) == "feature_mismatch"


@pytest.mark.parametrize("part", ["variance", "residuals", "odds", "references", "cuts"])
def test_numbers_that_lack_a_part_are_corrupt(folder: Path, part: str) -> None:
    """Each part of the numbers is needed, and needs its shape."""
    numbers = orjson.loads((folder / "numbers.json").read_bytes())
    for spoilt in ({}, None, [1.0]):
        numbers["forecaster"][part] = spoilt
        write_with_matching_hash(folder, "numbers.json", orjson.dumps(numbers))
        assert reason_of(folder) == "model_corrupt"


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"format_version": 99}', b"\xff\xfe"])
def test_a_manifest_that_is_none_is_corrupt(folder: Path, text: bytes) -> None:
    """What is not a manifest of this format proves nothing."""
    (folder / MANIFEST).write_bytes(text)
    assert reason_of(folder) == "model_corrupt"


def test_a_new_model_replaces_the_old_one_whole(folder: Path) -> None:
    """After a save the folder holds the new model alone, and nothing is left beside it."""
    (folder / "stray.txt").write_text("old")
    model = load_model(folder)
    save_model(folder, model.forecaster, model.bounds, {"last_day": "2030-01-01", "symbols": ["SPY"]})
    assert load_model(folder).version.startswith("2030-01-01")
    assert sorted(p.name for p in folder.iterdir()) == sorted((*FILES, MANIFEST))
    assert [p.name for p in folder.parent.iterdir()] == ["models"]
