"""The expensive part of a training, cut into pieces that any process can do: the trees of one node in one fold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.forecast.training.workers import on_cluster, on_cores
from magic8_ml.trades.base_models import Recalibration, first_known
from magic8_ml.trades.levels import DEFAULT, STRATEGY, SYMBOL, SYMBOL_STRATEGY, Nodes
from magic8_ml.trades.sample import Sample, Size
from magic8_ml.trades.trees import TreeSettings, fit_trees, leaf_sums

TREE_LEVELS: Final = (DEFAULT, STRATEGY, SYMBOL, SYMBOL_STRATEGY)
"""Levels whose nodes may have trees of their own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """One fold of the walk-forward, or the final fit: days ``learnt`` up to a last one, days ``told`` afterwards.

    ``lines`` are the base members fitted on the days learnt, the best first; ``told`` is empty for the final fit.
    """

    lines: tuple[Recalibration, ...]
    learnt_until: int
    told: tuple[int, int] | None

    def learns(self, day: Integers) -> Mask:
        """Tell which days are learnt from."""
        return np.asarray(day <= self.learnt_until)

    def tells(self, day: Integers) -> Mask:
        """Tell which days are then predicted."""
        if self.told is None:
            return np.zeros(len(day), dtype=np.bool_)
        return np.asarray((day >= self.told[0]) & (day <= self.told[1]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shared:
    """What every piece reads."""

    sample: Sample
    nodes: tuple[Nodes, ...]
    steps: tuple[Step, ...]
    settings: TreeSettings


class TreeTask(NamedTuple):
    """The trees of node ``place`` of a level in a step; ``rows`` is how much work that is."""

    level: int
    place: int
    step: int
    rows: int


class TreeResult(NamedTuple):
    """The trees as UBJSON if it was the final fit, and what they add to the log odds of the days told."""

    trees: bytes | None
    sums: npt.NDArray[np.float32]


def tasks_of(shared: Shared) -> list[TreeTask]:
    """Return every piece that has enough to learn from, the largest first: that keeps all workers busy to the end."""
    sample, tasks = shared.sample, []
    for number, nodes in enumerate(shared.nodes):
        if nodes.level not in TREE_LEVELS:
            continue
        for place in range(len(nodes.keys)):
            mine = nodes.place == place
            day, won = sample.day[mine], sample.won[mine]
            for step, fold in enumerate(shared.steps):
                learns = fold.learns(day)
                if Size.of(day[learns], won[learns]).shortage is None:
                    tasks.append(TreeTask(number, place, step, int(learns.sum())))
    return sorted(tasks, key=_work)


def do_task(shared: Shared, task: TreeTask) -> TreeResult:
    """Fit the trees of a task, and predict with them."""
    sample, nodes, step = shared.sample, shared.nodes[task.level], shared.steps[task.step]
    mine = nodes.place == task.place
    learnt = sample[mine & step.learns(sample.day)]
    margin = base_margin(learnt, step.lines)
    usable = np.isfinite(margin)
    booster = fit_trees(
        learnt.features[usable],
        margin[usable],
        learnt.won[usable],
        learnt.day[usable],
        sample.names,
        shared.settings,
    )
    if step.told is None:
        return TreeResult(bytes(booster.save_raw("ubj")), np.zeros(0, dtype=np.float32))
    return TreeResult(None, leaf_sums(booster, sample.features[mine & step.tells(sample.day)]).astype(np.float32))


def base_margin(sample: Sample, lines: Sequence[Recalibration]) -> Floats:
    """Return the log odds of the first base member that can speak of each row, NaN where none can."""
    strategy = sample.strategy_nodes()
    return first_known(lines, sample.implied, sample.forecast, strategy)[0]


def _work(task: TreeTask) -> tuple[int, TreeTask]:
    return -task.rows, task


Run = Callable[[Shared, Sequence[TreeTask]], list[TreeResult]]
"""Does tasks somewhere and returns their results in the order asked."""


def in_this_process(shared: Shared, tasks: Sequence[TreeTask]) -> list[TreeResult]:
    """Do one task after the other."""
    return [do_task(shared, task) for task in tasks]


def on_workers(workers: int) -> Run:
    """Return who does the tasks on so many processes of this machine."""
    if workers == 1:
        return in_this_process

    def run(shared: Shared, tasks: Sequence[TreeTask]) -> list[TreeResult]:
        with on_cores(do_task, shared, workers) as work:
            return work(tasks)

    return run


def on_dask(address: str) -> Run:
    """Return who does the tasks on the workers of a Dask scheduler such as ``tcp://10.0.0.5:8786``."""

    def run(shared: Shared, tasks: Sequence[TreeTask]) -> list[TreeResult]:
        with on_cluster(do_task, shared, address) as work:
            return work(tasks)

    return run
