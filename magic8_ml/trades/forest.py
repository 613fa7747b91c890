"""All trees of a model in flat arrays, walked side by side: thirty-two trades of as many models are one walk.

A call of the boosting library costs more than such a walk, and every symbol and strategy has trees of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson
import xgboost as xgb

from magic8_companion.domain.arrays import Floats, Integers, Mask, Singles

_LEAF: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forest:
    """Nodes of all trees of all boosters, shape (n_nodes,), and the first node of each tree, ``roots`` (n_boosters, n).

    A trade goes to ``child[2 node]`` where its feature lies below ``threshold``, else to ``child[2 node + 1]``; a leaf
    is its own child.  ``missing_left`` tells where a missing feature goes.  Boosters of fewer trees are filled up with
    leaves of value 0.
    """

    roots: Integers
    feature: Integers
    threshold: Singles
    child: Integers
    missing_left: Mask
    value: Floats
    depth: int

    @classmethod
    def of(cls, boosters: Sequence[xgb.Booster]) -> Forest:
        """Lay out boosters; raises ValueError, KeyError or TypeError where one is no plain tree model."""
        trees = [_trees(booster) for booster in boosters]
        nothing = _Tree([_LEAF], [_LEAF], [0], [0.0], [0])
        most = max((len(some) for some in trees), default=0)
        filled = [tree for some in trees for tree in (*some, *[nothing] * (most - len(some)))]
        first = np.concatenate(([0], np.cumsum([len(tree.left) for tree in filled]))).astype(np.int64)
        left, right = (
            np.concatenate([_absolute(getattr(tree, side), at) for tree, at in zip(filled, first, strict=False)])
            if filled
            else np.zeros(0, dtype=np.int64)
            for side in ("left", "right")
        )
        numbers = np.array([value for tree in filled for value in tree.condition], dtype=np.float32)
        leaf = left == np.arange(len(left))
        return cls(
            roots=first[:-1].reshape(len(trees), most),
            feature=np.array([index for tree in filled for index in tree.feature], dtype=np.int64),
            threshold=np.where(leaf, np.float32(np.inf), numbers),
            child=np.stack((left, right), axis=1).ravel(),
            missing_left=np.array([bool(flag) for tree in filled for flag in tree.missing_left], dtype=np.bool_),
            value=np.where(leaf, numbers, 0.0).astype(np.float64),
            depth=max((tree.depth for tree in filled), default=0),
        )

    def sums(self, features: Singles, row: Integers, booster: Integers) -> Floats:
        """Return what each ``booster`` (n,) adds to the log odds of each ``row`` (n,) of ``features``; shape (n,).

        An element does not depend on its neighbours, to the bit.
        """
        node = self.roots[booster]
        first_feature = (row * features.shape[1])[:, None]
        flat = features.ravel()
        for _ in range(self.depth):
            value_of_feature = flat[first_feature + self.feature[node]]
            right = np.where(
                np.isnan(value_of_feature), ~self.missing_left[node], value_of_feature >= self.threshold[node]
            )
            node = self.child[2 * node + right]
        return np.asarray(self.value[node].sum(axis=1))


@dataclass(frozen=True, slots=True)
class _Tree:
    left: list[int]
    right: list[int]
    feature: list[int]
    condition: list[float]
    missing_left: list[int]

    @property
    def depth(self) -> int:
        below = [0] * len(self.left)
        for node in reversed(range(len(self.left))):  # children stand behind their parent
            if self.left[node] != _LEAF:
                below[node] = 1 + max(below[self.left[node]], below[self.right[node]])
        return below[0]


def _trees(booster: xgb.Booster) -> list[_Tree]:
    content: dict[str, Any] = orjson.loads(bytes(booster.save_raw("json")))
    trees = content["learner"]["gradient_booster"]["model"]["trees"]
    return [
        _Tree(
            tree["left_children"],
            tree["right_children"],
            tree["split_indices"],
            tree["split_conditions"],
            tree["default_left"],
        )
        for tree in trees
    ]


def _absolute(children: list[int], first: np.int64) -> Integers:
    places = np.array(children, dtype=np.int64)
    return np.where(places == _LEAF, np.arange(len(places)), places) + first
