"""Check trees before XGBoost reads them: it trusts counts and indices, and a wrong one reads or writes foreign memory.

A booster passes when it is what this system writes: ``gbtree`` with one output and plain numeric splits.  Every tree
has as many entries in each list as nodes, children that stand behind their parent and belong to it alone, splits on
columns that there are, and a bounded depth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.arrays import Integers

MAX_TREES: Final = 10_000
MAX_NODES: Final = 65_536
"""Of one tree."""

MAX_DEPTH: Final = 64

_LEAF: Final = -1
_COUNTS: Final = ("left_children", "right_children", "parents", "split_indices", "split_type", "default_left")
_MEASURES: Final = ("split_conditions", "base_weights", "loss_changes", "sum_hessian")
_CATEGORIES: Final = ("categories", "categories_nodes", "categories_segments", "categories_sizes")

_Object = Mapping[str, Any]


def require_sound_booster(content: _Object, n_columns: int) -> None:
    """Check the content of a model file against the bounds.

    Raises
    ------
    ValueError
        With the first thing that is out of bounds.
    KeyError, TypeError, AttributeError
        When a part is missing or of another type.
    """
    learner = content["learner"]
    _require(learner["gradient_booster"]["name"] == "gbtree", "its booster is not gbtree")
    parameters = learner["learner_model_param"]
    _require(_number(parameters, "num_feature") == n_columns, "it was fitted on another number of columns")
    _require(_number(parameters, "num_class") == 0, "it has classes")
    _require(_number(parameters, "num_target") == 1, "it has more than one output")
    model = learner["gradient_booster"]["model"]
    trees = model["trees"]
    _require(isinstance(trees, list) and len(trees) <= MAX_TREES, f"it has more than {MAX_TREES:,} trees")
    _require(_number(model["gbtree_model_param"], "num_trees") == len(trees), "its count of trees is wrong")
    _require(_number(model["gbtree_model_param"], "num_parallel_tree") == 1, "it has parallel trees")
    _require(_integers(model, "tree_info").tolist() == [0] * len(trees), "its trees have more than one output")
    _require(
        _integers(model, "iteration_indptr").tolist() == list(range(len(trees) + 1)),
        "its iterations are not one tree each",
    )
    for number, tree in enumerate(trees):
        _require(tree["id"] == number, "its trees are not in order")
        _require_sound_tree(tree, n_columns)


def _require_sound_tree(tree: _Object, n_columns: int) -> None:
    parameters = tree["tree_param"]
    nodes = _number(parameters, "num_nodes")
    _require(1 <= nodes <= MAX_NODES, f"a tree has {nodes} nodes, expected 1..{MAX_NODES:,}")
    _require(_number(parameters, "num_feature") == n_columns, "a tree was fitted on another number of columns")
    _require(_number(parameters, "size_leaf_vector") <= 1, "a tree has leaves of more than one value")
    _require(0 <= _number(parameters, "num_deleted") < nodes, "a tree has a wrong count of deleted nodes")
    lists = {name: _integers(tree, name) for name in _COUNTS}
    measures = {name: _floats(tree, name) for name in _MEASURES}
    for name, values in (*lists.items(), *measures.items()):
        _require(len(values) == nodes, f"a tree has {len(values)} {name} for {nodes} nodes")
    _require(not any(len(tree.get(name, ())) for name in _CATEGORIES), "a tree splits on categories")
    _require(not lists["split_type"].any(), "a tree splits on categories")
    split = lists["split_indices"]
    _require(bool(((split >= 0) & (split < n_columns)).all()), "a tree splits on a column that there is not")
    _require(
        bool(np.isfinite(measures["split_conditions"]).all()), "a tree has a threshold or value that is not finite"
    )
    _require_sound_links(lists["left_children"], lists["right_children"], lists["parents"])


def _require_sound_links(left: Integers, right: Integers, parents: Integers) -> None:
    inner = np.flatnonzero((left != _LEAF) | (right != _LEAF))
    children = np.concatenate((left[inner], right[inner]))
    above = np.concatenate((inner, inner))
    _require(bool(((children > above) & (children < len(left))).all()), "a tree has a child that is out of bounds")
    _require(len(np.unique(children)) == len(children), "a tree has a node with two parents")
    _require(bool((parents[children] == above).all()), "a tree has a child of another parent")
    depth = np.zeros(len(left), dtype=np.int64)
    for node in inner.tolist():  # children stand behind their parent
        depth[left[node]] = depth[right[node]] = depth[node] + 1
    _require(int(depth.max()) <= MAX_DEPTH, f"a tree is deeper than {MAX_DEPTH}")


def _number(part: _Object, name: str) -> int:
    return int(part[name])


def _integers(part: _Object, name: str) -> Integers:
    values = np.asarray(part[name])
    _require(values.ndim == 1 and (values.dtype.kind in "iu" or not len(values)), f"{name} are not integers")
    return values.astype(np.int64)


def _floats(part: _Object, name: str) -> npt.NDArray[np.float64]:
    values = np.asarray(part[name])
    _require(values.ndim == 1 and values.dtype.kind == "f", f"{name} are not numbers")
    return values.astype(np.float64)


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise ValueError(problem)
