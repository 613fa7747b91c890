"""The levels one after the other: each may bring trees of its own, and adds its offset to what it was handed.

    margin <- margin + weight x (line + trees - margin)      where trees of the node's own ship
    margin <- margin + offset                                where the offsets of the level count

Both use weight = n / (n + kappa), n = days behind the node.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.trades.levels import LEVELS, Nodes
from magic8_ml.trades.pooling import GroupEffect, Offset, count_days, left_by, shrink, shrinkage_weight

Ships = Mapping[str, Mask]
"""Which nodes of a level bring trees of their own, shape (n_nodes,); a level that is not named brings none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutOfFold:
    """What was said of trades before their results: arrays of shape (n_rows,).

    ``line`` is the log odds of the base member; ``sums`` what the trees of the row's node add to it, by level, NaN
    where there were none.
    """

    nodes: tuple[Nodes, ...]
    day: Integers
    won: Floats
    line: Floats
    sums: Mapping[str, Floats]

    def __getitem__(self, rows: Mask | Integers) -> OutOfFold:
        """Return some of the rows."""
        return OutOfFold(
            nodes=tuple(nodes[rows] for nodes in self.nodes),
            day=self.day[rows],
            won=self.won[rows],
            line=self.line[rows],
            sums={level: said[rows] for level, said in self.sums.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HierarchicalModel:
    """What was learnt: ``shares`` n / (n + kappa) of each node, and ``offsets``, both by level."""

    shares: Mapping[str, Floats]
    offsets: Mapping[str, tuple[Offset, ...]]
    ships: Ships

    def margins(self, told: OutOfFold) -> Floats:
        """Return the log odds of rows after the last level."""
        margin = told.line
        for nodes in told.nodes:
            margin = with_trees(margin, told, nodes, self.shares[nodes.level], self.ships)
            if nodes.level in self.offsets:
                margin = margin + _added(self.offsets[nodes.level])[nodes.place]
        return margin


def fit_chain(
    told: OutOfFold, kappa: float, ships: Ships, levels: Collection[str] = LEVELS, *, others: bool = False
) -> HierarchicalModel:
    """Learn offsets from rows whose trees and lines were fitted before their days.

    Parameters
    ----------
    levels
        Those whose offsets count.
    others
        Learn the offsets of the other levels too; nothing is added for them.
    """
    margin, above, offsets, shares = told.line, np.zeros(0), {}, {}
    for nodes in told.nodes:
        n_nodes, counts = len(nodes.keys), nodes.level in levels
        shares[nodes.level] = shrinkage_weight(count_days(nodes.place, told.day, n_nodes), kappa)
        margin = with_trees(margin, told, nodes, shares[nodes.level], ships)
        if not counts and not others:
            continue
        left = left_by(margin, told.won, nodes.place, told.day, n_nodes)
        if not len(above):
            above = _first_spread(left)
        offsets[nodes.level] = shrink(left, kappa, np.full(n_nodes, above[0]), counts=counts)
        margin = margin + _added(offsets[nodes.level])[nodes.place]
    return HierarchicalModel(shares=shares, offsets=offsets, ships=ships)


def with_trees(margin: Floats, told: OutOfFold, nodes: Nodes, share: Floats, ships: Ships) -> Floats:
    """Return log odds moved by ``share`` (n_nodes,) towards those of trees, where a node brings its own."""
    if nodes.level not in ships:
        return margin
    own = told.line + told.sums[nodes.level]
    use = ships[nodes.level][nodes.place] & np.isfinite(own)
    return np.where(use, margin + share[nodes.place] * (own - margin), margin)


def _added(offsets: Sequence[Offset]) -> Floats:
    return np.array([offset.added for offset in offsets])


def _first_spread(left: GroupEffect) -> Floats:
    known = left.spread[np.isfinite(left.spread)]
    if not len(known):
        raise ValueError("offsets need two days")
    return known[:1]
