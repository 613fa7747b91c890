"""Trees are checked before XGBoost reads them: counts, indices and depth that it would trust."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.forecast.model_files import read_booster
from magic8_ml.forecast.tree_bounds import MAX_NODES, require_sound_booster
from magic8_ml.forecast.ubjson import read_object
from magic8_ml.registry.manifest import ModelUnavailable

Tree = dict[str, Any]


@pytest.fixture(scope="module")
def stored() -> bytes:
    """Return a small booster as it is stored."""
    drawn = np.random.default_rng(1).random((300, 3))
    matrix = xgb.DMatrix(drawn, label=drawn[:, 0], feature_names=["a", "b", "c"])
    return bytes(xgb.train({"max_depth": 3, "nthread": 1}, matrix, 4).save_raw("ubj"))


def test_what_is_trained_here_is_sound(stored: bytes, models: Path) -> None:
    """Boosters of this system pass and load."""
    assert read_booster(Path("x.ubj"), stored, ("a", "b", "c")).num_boosted_rounds() == 4
    require_sound_booster(read_object((models / "variance.ubj").read_bytes()), len(FEATURE_NAMES))


def _first(content: dict[str, Any]) -> Tree:
    tree: Tree = content["learner"]["gradient_booster"]["model"]["trees"][0]
    return tree


def _put(name: str, node: int, value: float) -> Callable[[dict[str, Any]], None]:
    def damage(content: dict[str, Any]) -> None:
        _first(content)[name] = np.array(_first(content)[name]).copy()
        _first(content)[name][node] = value

    return damage


def _say(*path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def damage(content: dict[str, Any]) -> None:
        part = content["learner"]
        for name in path[:-1]:
            part = part[name]
        part[path[-1]] = value

    return damage


def _chain(content: dict[str, Any]) -> None:
    # each node has a leaf and the next inner node
    count, tree = 201, _first(content)
    inner = np.arange(count) % 2 == 0
    inner[-1] = False
    place = np.arange(count)
    tree["left_children"], tree["right_children"] = np.where(inner, place + 1, -1), np.where(inner, place + 2, -1)
    tree["parents"] = np.array([2147483647, *[(node - 1) // 2 * 2 for node in range(1, count)]])
    for name in ("split_indices", "split_type", "default_left"):
        tree[name] = np.zeros(count, dtype=np.int64)
    for name in ("split_conditions", "base_weights", "loss_changes", "sum_hessian"):
        tree[name] = np.zeros(count)
    tree["tree_param"] = {**tree["tree_param"], "num_nodes": str(count)}


MODEL = ("gradient_booster", "model")
DAMAGES = {
    "child outside": (_put("left_children", 0, 1 << 30), "out of bounds"),
    "child before its parent": (_put("right_children", 1, 0), "out of bounds"),
    "negative child": (_put("left_children", 1, -7), "out of bounds"),
    "node of two parents": (_put("left_children", 2, 3), "two parents"),
    "other parent": (_put("parents", 3, 2), "another parent"),
    "column outside": (_put("split_indices", 0, 3), "a column that there is not"),
    "negative column": (_put("split_indices", 0, -1), "a column that there is not"),
    "threshold": (_put("split_conditions", 0, np.nan), "not finite"),
    "categories": (_put("split_type", 0, 1), "categories"),
    "depth": (_chain, "deeper than 64"),
    "count of trees": (_say(*MODEL, "gbtree_model_param", "num_trees", value="99999"), "count of trees"),
    "iterations": (_say(*MODEL, "iteration_indptr", value=[0, 1, 2, 3, 999]), "iterations"),
    "outputs": (_say(*MODEL, "tree_info", value=[0, 0, 0, 5]), "more than one output"),
    "classes": (_say("learner_model_param", "num_class", value="3"), "classes"),
    "columns": (_say("learner_model_param", "num_feature", value="2147483647"), "number of columns"),
    "booster": (_say("gradient_booster", "name", value="gblinear"), "not gbtree"),
    "trees": (_say(*MODEL, "trees", value=[{}] * 10_001), "more than 10,000 trees"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_the_library_would_trust_is_refused(stored: bytes, name: str) -> None:
    """Each damage is refused for its own reason."""
    content, (damage, words) = read_object(stored), DAMAGES[name]
    damage(content)
    with pytest.raises(ValueError, match=words):
        require_sound_booster(content, 3)


@pytest.mark.parametrize("nodes", ["0", "-1", str(MAX_NODES + 1)])
def test_a_count_of_nodes_is_bounded(stored: bytes, nodes: str) -> None:
    """The count that the library allocates for is between one and the limit."""
    content = read_object(stored)
    _first(content)["tree_param"]["num_nodes"] = nodes
    with pytest.raises(ValueError, match="nodes, expected 1"):
        require_sound_booster(content, 3)


def test_any_changed_byte_ends_in_a_model_or_a_refusal(stored: bytes) -> None:
    """Whatever single byte is damaged: a booster or ``ModelUnavailable``, never the end of the process."""
    drawn = np.random.default_rng(7)
    for place in drawn.integers(0, len(stored), 300).tolist():
        damaged = bytearray(stored)
        damaged[place] ^= int(drawn.integers(1, 256))
        with suppress(ModelUnavailable):
            read_booster(Path("x.ubj"), bytes(damaged), ("a", "b", "c"))
