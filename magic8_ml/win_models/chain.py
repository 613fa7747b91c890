"""The levels one after the other: each may bring trees of its own, and adds its offset to what it was handed.

    margin <- margin + weight x (line + trees - margin)      where trees of the node's own ship
    margin <- margin + offset

Both use weight = n / (n + kappa), n = days behind the node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from magic8_companion.domain.bars import Floats
from magic8_ml.models.forecast import Integers, Mask
from magic8_ml.win_models.levels import LEVELS, Nodes
from magic8_ml.win_models.pooling import Left, Offset, count_days, left_by, shrink

Ships = Mapping[str, Mask]
"""Which nodes of a level bring trees of their own, shape (n_nodes,); a level that is not named brings none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """What was said of trades before their results: arrays of shape (n_rows,).

    ``line`` is the log odds of the base member; ``sums`` what the trees of the row's node add to it, by level, NaN
    where there were none.
    """

    nodes: tuple[Nodes, ...]
    day: Integers
    won: Floats
    line: Floats
    sums: Mapping[str, Floats]

    def __getitem__(self, rows: Mask | Integers) -> Told:
        """Return some of the rows."""
        return Told(
            nodes=tuple(nodes[rows] for nodes in self.nodes),
            day=self.day[rows],
            won=self.won[rows],
            line=self.line[rows],
            sums={level: said[rows] for level, said in self.sums.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chain:
    """What was learnt of every node: ``offsets`` and ``ships`` by level."""

    kappa: float
    offsets: Mapping[str, tuple[Offset, ...]]
    ships: Ships

    def margins(self, told: Told, levels: Sequence[str] = LEVELS) -> Floats:
        """Return the log odds of rows after the last of some first ``levels``."""
        margin = told.line
        for nodes in told.nodes[: len(levels)]:
            offsets = self.offsets[nodes.level]
            weight = np.array([offset.weight for offset in offsets])[nodes.place]
            margin = with_trees(margin, told, nodes, weight, self.ships)
            margin = margin + np.array([offset.value for offset in offsets])[nodes.place]
        return margin


def fit_chain(told: Told, kappa: float, ships: Ships, levels: Sequence[str] = LEVELS) -> Chain:
    """Learn the offsets of some first ``levels`` from rows whose trees and lines were fitted before their days."""
    margin, above, offsets = told.line, np.zeros(0), {}
    for nodes in told.nodes[: len(levels)]:
        n_nodes = len(nodes.keys)
        days = count_days(nodes.place, told.day, n_nodes)
        margin = with_trees(margin, told, nodes, (days / (days + kappa))[nodes.place], ships)
        left = left_by(margin, told.won, nodes.place, told.day, n_nodes)
        if not len(above):
            above = _root_spread(left)
        learnt = shrink(left, kappa, np.full(n_nodes, above[0]))
        offsets[nodes.level] = learnt
        margin = margin + np.array([offset.value for offset in learnt])[nodes.place]
    return Chain(kappa=kappa, offsets=offsets, ships=ships)


def with_trees(margin: Floats, told: Told, nodes: Nodes, weight: Floats, ships: Ships) -> Floats:
    """Return log odds moved by ``weight`` (n_rows,) towards those of trees, where a node brings its own."""
    if nodes.level not in ships:
        return margin
    own = told.line + told.sums[nodes.level]
    use = ships[nodes.level][nodes.place] & np.isfinite(own)
    return np.where(use, margin + weight * (own - margin), margin)


def _root_spread(left: Left) -> Floats:
    known = left.spread[np.isfinite(left.spread)]
    if not len(known):
        raise ValueError("offsets need two days")
    return known[:1]
