"""What is chosen by walk-forward inside the training days: kappa, trees that ship, and levels whose offsets count.

Every comparison is of predictions made before their days, day by day.  Kappa is the one of the least log loss.  The
offsets of a level, shrunk as they are, count where they save any at all; the trees of a node replace what was pooled
only where they save more than the daily differences would by chance: the 5 % of false proofs (one-sided) are shared out
among all nodes that are compared (Bonferroni).  Where nothing saves, the base member answers alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.trades.hierarchy import OutOfFold, Ships, fit_chain
from magic8_ml.trades.levels import LEVELS, Nodes
from magic8_ml.trades.pooling import KAPPAS, weigh_days

FALSE_PROOFS: Final = 0.05
EMBARGO_DAYS: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walk:
    """Predictions made before their days, and the ``block`` (n_rows,) of days that each was made in, from 0."""

    told: OutOfFold
    block: Integers

    def margins(self, kappa: float, ships: Ships, levels: Collection[str], blocks: range) -> Floats:
        """Return log odds of the rows of ``blocks``, each by offsets of earlier days alone; NaN elsewhere.

        ``levels`` are those whose offsets count.
        """
        answer = np.full(len(self.block), np.nan)
        for number in blocks:
            asked = self.block == number
            start = int(self.told.day[asked].min())
            chain = fit_chain(self.told[self.told.day < start - EMBARGO_DAYS], kappa, ships, levels)
            answer[asked] = chain.margins(self.told[asked])
        return answer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Mean daily log loss per node without and with a part of the model, shape (n_nodes,), and over how many days.

    ``error`` is the standard error of the mean daily difference.
    """

    days: Integers
    without: Floats
    with_it: Floats
    error: Floats

    @property
    def saves(self) -> Mask:
        """Tell where the part saves anything."""
        return np.asarray(self.without > self.with_it)

    def proven(self, errors: float) -> Mask:
        """Tell where the part saves more than so many standard errors."""
        with np.errstate(invalid="ignore"):
            return np.asarray((self.days > 1) & (self.without - self.with_it > errors * self.error))

    def at(self, place: int) -> dict[str, Any]:
        """Return the numbers of a node for the report."""
        return {
            "days": int(self.days[place]),
            "log_loss_without": _number(self.without[place]),
            "log_loss_with": _number(self.with_it[place]),
            "standard_error": _number(self.error[place]),
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """What was taken, and why: trees by node in ``ships``, ``levels`` whose offsets count, and every comparison."""

    ships: Ships
    levels: tuple[str, ...]
    trees: Mapping[str, Comparison]
    offsets: Mapping[str, Comparison]

    def facts(self) -> dict[str, Any]:
        """Return the choice of levels for the report."""
        losses = {level: compared.at(0) for level, compared in self.offsets.items()}
        return {"levels": list(self.levels), "log_loss_by_level": losses}


def choose_kappa(walk: Walk, blocks: range) -> tuple[float, Mapping[str, float]]:
    """Return the kappa of the least daily log loss, and the losses of all; of equals the larger."""
    losses = {kappa: _daily_loss(walk, walk.margins(kappa, {}, LEVELS, blocks)) for kappa in KAPPAS}
    best = min(reversed(KAPPAS), key=losses.__getitem__)
    return best, {f"{kappa:g}": loss for kappa, loss in losses.items()}


def choose_parts(walk: Walk, kappa: float, candidates: Ships, blocks: range) -> Parts:
    """Go down the levels from the root; of each take the trees among ``candidates``, then the offsets, that save."""
    ships: dict[str, Mask] = {}
    levels: tuple[str, ...] = ()
    trees, offsets, errors = {}, {}, _errors_needed(candidates)
    said = walk.margins(kappa, ships, levels, blocks)
    for nodes in walk.told.nodes:
        level = nodes.level
        if level in candidates:
            own = walk.margins(kappa, {**ships, level: candidates[level]}, levels, blocks)
            trees[level] = compare(walk, nodes, said, own)
            ships[level] = candidates[level] & trees[level].proven(errors)
            said = walk.margins(kappa, ships, levels, blocks) if ships[level].any() else said
        moved = walk.margins(kappa, ships, (*levels, level), blocks)
        offsets[level] = compare(walk, walk.told.nodes[0], said, moved)
        if offsets[level].saves.all():
            said, levels = moved, (*levels, level)
    return Parts(ships=ships, levels=levels, trees=trees, offsets=offsets)


def _errors_needed(candidates: Ships) -> float:
    compared = sum(int(nodes.sum()) for nodes in candidates.values())
    return NormalDist().inv_cdf(1 - FALSE_PROOFS / max(1, compared))


def compare(walk: Walk, nodes: Nodes, without: Floats, own: Floats) -> Comparison:
    """Compare two sets of log odds by node and day, on the rows that have both."""
    rows = np.isfinite(without) & np.isfinite(own)
    place, n_nodes = nodes.place[rows], len(nodes.keys)
    weight, cell, node_of_cell = weigh_days(place, walk.told.day[rows], n_nodes)
    daily = [
        np.bincount(cell, weight * log_loss(margin[rows], walk.told.won[rows]), len(node_of_cell))
        for margin in (without, own)
    ]
    seen = np.bincount(cell, minlength=len(node_of_cell)) > 0
    node, before, after = node_of_cell[seen], daily[0][seen], daily[1][seen]
    days = np.bincount(node, minlength=n_nodes)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, means = (np.bincount(node, loss, n_nodes) / days for loss in (before, after))
        squares = np.bincount(node, (before - after) ** 2, n_nodes) / days
        variance = (squares - (mean - means) ** 2) * days / (days - 1)
        error = np.sqrt(np.maximum(variance, 0.0) / days)
    return Comparison(days=days, without=mean, with_it=means, error=error)


def log_loss(margin: Floats, won: Floats) -> Floats:
    """Return -ln(probability of what came) at log odds, (n_rows,).

    >>> log_loss(np.array([0.0, 2.0]), np.array([1.0, 0.0])).round(3).tolist()
    [0.693, 2.127]
    """
    return np.logaddexp(0.0, np.where(won > 0, -margin, margin))


def daily_mean(values: Floats, day: Integers) -> float:
    """Return the mean over days of the mean over each day's rows."""
    weight, _, _ = weigh_days(np.zeros(len(day), dtype=np.int64), day, 1)
    return float((weight * values).sum() / weight.sum())


def _daily_loss(walk: Walk, margin: Floats) -> float:
    rows = np.isfinite(margin)
    return daily_mean(log_loss(margin[rows], walk.told.won[rows]), walk.told.day[rows])


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
