"""Partial pooling: what a node adds to the log odds of the levels above it, shrunk by the days behind it.

    logit p = logit p_base + b_strategy + g_scale_group + a_symbol + c_pair

Each offset is estimated on what the levels above leave and multiplied by n / (n + kappa), n = independent days: trades
of one day share one close, so each day of a node weighs one, however many trades it holds.

Spread is the variance, on the log-odds scale, of an offset that rests on one day, clustered by day (Liang and Zeger
1986).  Seen as a normal prior of variance spread / kappa around the level above, the shrunk offset has the posterior
variance spread / (n + kappa); what is uncertain about the level above enters with the share it still has:

    V = (1 - weight)^2 V_above + spread / (n + kappa)

A node never seen has weight 0 and V_above + spread / kappa.  Where the offsets of a level save nothing out of sample
they do not count: they are not added, and their squares stay in the variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.metrics.logistic import log_likelihoods, maximize

KAPPAS: Final = (60.0, 120.0, 250.0)
"""Days that the levels above are worth; one of them is chosen by walk-forward."""

_FIRMNESS: Final = 0.25
"""The information of one day that is as the levels above say: an offset stays finite where everything won."""

_LONGEST_STEP: Final = 2.0
_CLOSE: Final = 1e-10
_ALIKE: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupEffect:
    """What a level above leaves, per node, shape (n_nodes,): raw offsets and what they rest on.

    ``spread`` is NaN for a node of fewer than two days.
    """

    raw: Floats
    spread: Floats
    days: Integers
    trades: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """What one node adds in log odds, after shrinkage, and what it rests on; ``spread`` is pooled with the parents'.

    ``counts`` tells whether it is added at all.
    """

    value: float
    weight: float
    spread: float
    days: int
    trades: int
    counts: bool = True

    @property
    def added(self) -> float:
        """Return what is added to the log odds."""
        return self.value if self.counts else 0.0

    def variance(self, above: float, kappa: float) -> float:
        """Return the variance of the log odds below this node, ``above`` being that of the level above.

        >>> Offset(value=0.1, weight=0.5, spread=8.0, days=60, trades=900).variance(0.04, kappa=60)
        0.07666666666666666
        """
        left_out = self.value - self.added
        return (1 - self.weight) ** 2 * above + self.spread / (self.days + kappa) + left_out**2


def shrinkage_weight(days: Integers, kappa: float) -> Floats:
    """Return n / (n + kappa) of nodes with so many ``days`` (n_nodes,).

    >>> shrinkage_weight(np.array([0, 60, 180]), 60.0).tolist()
    [0.0, 0.5, 0.75]
    """
    return np.asarray(days / (days + kappa))


def never_seen(spread: float) -> Offset:
    """Return the offset of a node without a trade."""
    return Offset(value=0.0, weight=0.0, spread=spread, days=0, trades=0)


def weigh_days(node: Integers, day: Integers, n_nodes: int) -> tuple[Floats, Integers, Integers]:
    """Return weights (n_rows,) that give each day of a node one, the cell of each row, and the node of each cell.

    >>> weigh_days(np.array([0, 0, 0, 1]), np.array([5, 5, 6, 5]), 2)[0].tolist()
    [0.5, 0.5, 1.0, 1.0]
    """
    first = int(day.min()) if len(day) else 0
    width = int(day.max()) - first + 1 if len(day) else 1
    cell = node * width + (day - first)
    count = np.bincount(cell, minlength=n_nodes * width)
    return 1.0 / count[cell], cell, np.repeat(np.arange(n_nodes), width)


def count_days(node: Integers, day: Integers, n_nodes: int) -> Integers:
    """Return how many different days each node has, (n_nodes,).

    >>> count_days(np.array([0, 0, 1]), np.array([7, 7, 7]), 3).tolist()
    [1, 1, 0]
    """
    _, cell, node_of_cell = weigh_days(node, day, n_nodes)
    seen = np.bincount(cell, minlength=len(node_of_cell)) > 0
    return np.bincount(node_of_cell[seen], minlength=n_nodes)


def left_by(margin: Floats, won: Floats, node: Integers, day: Integers, n_nodes: int) -> GroupEffect:
    """Estimate the offset of each node on log odds ``margin`` (n_rows,) of the levels above; ``won`` is 0 or 1.

    Each day of a node weighs one in its likelihood.  Nodes do not influence each other.

    >>> said, day = np.zeros(400), np.arange(400)
    >>> left = left_by(said, (day % 4 > 0).astype(float), np.zeros(400, dtype=int), day, 1)
    >>> left.raw.round(2).tolist(), left.days.tolist()
    ([1.09], [400])
    """
    weight, cell, node_of_cell = weigh_days(node, day, n_nodes)
    offset, curvature = _offsets(margin, won, node, weight, n_nodes)
    chance = expit(margin + offset[node])
    score = np.bincount(cell, weight * (won - chance), len(node_of_cell))
    seen = np.bincount(cell, minlength=len(node_of_cell)) > 0
    days = np.bincount(node_of_cell[seen], minlength=n_nodes)
    squares, total = (np.bincount(node_of_cell, values, n_nodes) for values in (score**2, score))
    # days that are copies of each other do not show how much days differ: the likelihood says it alone
    alike = days * squares - total**2 <= _ALIKE * days * squares
    with np.errstate(divide="ignore", invalid="ignore"):
        sandwich = squares / curvature**2 * days * days / (days - 1)
        spread = np.where(days > 1, np.where(alike, days / curvature, sandwich), np.nan)
    return GroupEffect(raw=offset, spread=spread, days=days, trades=np.bincount(node, minlength=n_nodes))


def _offsets(margin: Floats, won: Floats, node: Integers, weight: Floats, n_nodes: int) -> tuple[Floats, Floats]:
    # and the curvature at each
    def curvature(chance: Floats) -> Floats:
        return np.asarray(np.bincount(node, weight * chance * (1 - chance), n_nodes) + _FIRMNESS, dtype=np.float64)

    def newton(offset: Floats) -> tuple[Floats, Floats]:
        chance = expit(margin + offset[node])
        gradient = np.bincount(node, weight * (won - chance), n_nodes) - _FIRMNESS * offset
        curved = curvature(chance)
        return np.clip(gradient / curved, -_LONGEST_STEP, _LONGEST_STEP), curved

    def log_likelihood(offset: Floats) -> Floats:
        fitted = weight * log_likelihoods(margin + offset[node], won)
        return np.asarray(np.bincount(node, fitted, n_nodes) - _FIRMNESS / 2 * offset**2)

    what = f"the fit of the offsets of {n_nodes} nodes"
    value = maximize(np.zeros(n_nodes), log_likelihood, newton, close=_CLOSE, what=what).value
    return value, curvature(expit(margin + value[node]))


def shrink(left: GroupEffect, kappa: float, spread_above: Floats, *, counts: bool = True) -> tuple[Offset, ...]:
    """Return the offsets of the nodes; ``spread_above`` (n_nodes,) serves where a node has too few days for its own.

    >>> left = GroupEffect(raw=np.array([1.0]), spread=np.array([8.0]), days=np.array([60]), trades=np.array([900]))
    >>> shrink(left, 120.0, np.array([5.0]))[0]
    Offset(value=0.3333333333333333, weight=0.3333333333333333, spread=6.0, days=60, trades=900, counts=True)
    """
    weight = shrinkage_weight(left.days, kappa)
    own = np.where(np.isnan(left.spread), spread_above, left.spread)
    spread = weight * own + (1 - weight) * spread_above
    columns = (weight * left.raw, weight, spread, left.days, left.trades)
    return tuple(
        Offset(
            value=float(value),
            weight=float(share),
            spread=float(wide),
            days=int(days),
            trades=int(trades),
            counts=counts,
        )
        for value, share, wide, days, trades in zip(*columns, strict=True)
    )
