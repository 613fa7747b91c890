"""Tree fits as independent tasks, one per group and fold, run in this process, on local cores or on Dask.

The fitted models do not depend on where the tasks run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.forecast.training.workers import on_cluster, on_cores, on_one_thread
from magic8_ml.trades.base_models import Recalibration, first_known
from magic8_ml.trades.levels import DEFAULT, STRATEGY, SYMBOL, SYMBOL_STRATEGY, LevelGroups
from magic8_ml.trades.sample import Sample, SampleSize
from magic8_ml.trades.trees import TreeSettings, fit_trees, leaf_sums

TREE_LEVELS: Final = (DEFAULT, STRATEGY, SYMBOL, SYMBOL_STRATEGY)
"""Levels whose groups may have trees of their own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkForwardStep:
    """One fold of the walk-forward, or the final fit.

    ``base_models``: fitted on the training days, best first.  ``test_span``: first and last test day, None for the
    final fit.
    """

    base_models: tuple[Recalibration, ...]
    train_until: int
    test_span: tuple[int, int] | None

    def is_train(self, day: Integers) -> Mask:
        """Return a mask of the training days."""
        return np.asarray(day <= self.train_until)

    def is_test(self, day: Integers) -> Mask:
        """Return a mask of the test days."""
        if self.test_span is None:
            return np.zeros(len(day), dtype=np.bool_)
        return np.asarray((day >= self.test_span[0]) & (day <= self.test_span[1]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreeTaskInputs:
    """Data that all tasks share."""

    sample: Sample
    groups: tuple[LevelGroups, ...]
    steps: tuple[WalkForwardStep, ...]
    settings: TreeSettings


class TreeTask(NamedTuple):
    """Fit the trees of group ``code`` of a level in a step; ``rows``: number of training rows."""

    level: int
    code: int
    step: int
    rows: int


class TreeResult(NamedTuple):
    """Trees as UBJSON of the final fit, else None; and their sums, in log odds, on the test rows."""

    trees: bytes | None
    tree_sums: npt.NDArray[np.float32]


def tree_tasks_of(inputs: TreeTaskInputs) -> list[TreeTask]:
    """Return a task per group and step with a sufficient sample, largest first, to balance the workers."""
    sample, tasks = inputs.sample, []
    for number, groups in enumerate(inputs.groups):
        if groups.level not in TREE_LEVELS:
            continue
        for code in range(len(groups.keys)):
            in_group = groups.codes == code
            day, won = sample.day[in_group], sample.won[in_group]
            for step, fold in enumerate(inputs.steps):
                is_train = fold.is_train(day)
                if SampleSize.of(day[is_train], won[is_train]).shortage is None:
                    tasks.append(TreeTask(number, code, step, int(is_train.sum())))
    return sorted(tasks, key=_largest_first)


def run_task(inputs: TreeTaskInputs, task: TreeTask) -> TreeResult:
    """Fit the trees of a task and predict its test rows."""
    sample, groups, step = inputs.sample, inputs.groups[task.level], inputs.steps[task.step]
    in_group = groups.codes == task.code
    train = sample[in_group & step.is_train(sample.day)]
    logit = base_logit(train, step.base_models)
    usable = np.isfinite(logit)
    booster = fit_trees(
        train.features[usable],
        logit[usable],
        train.won[usable],
        train.day[usable],
        sample.names,
        inputs.settings,
    )
    if step.test_span is None:
        return TreeResult(bytes(booster.save_raw("ubj")), np.zeros(0, dtype=np.float32))
    return TreeResult(None, leaf_sums(booster, sample.features[in_group & step.is_test(sample.day)]).astype(np.float32))


def base_logit(sample: Sample, base_models: Sequence[Recalibration]) -> Floats:
    """Return per row the log odds of the first base model that has its inputs, NaN for none."""
    strategy = sample.strategy_groups()
    return first_known(base_models, sample.implied, sample.forecast, strategy)[0]


def _largest_first(task: TreeTask) -> tuple[int, TreeTask]:
    return -task.rows, task


TaskRunner = Callable[[TreeTaskInputs, Sequence[TreeTask]], list[TreeResult]]
"""Runs tasks and returns their results in the same order."""


def run_in_process(inputs: TreeTaskInputs, tasks: Sequence[TreeTask]) -> list[TreeResult]:
    """Run the tasks one after another."""
    return [on_one_thread(run_task, inputs, task) for task in tasks]


def run_on_workers(workers: int) -> TaskRunner:
    """Return a runner on this many local processes."""
    if workers == 1:
        return run_in_process

    def run(inputs: TreeTaskInputs, tasks: Sequence[TreeTask]) -> list[TreeResult]:
        with on_cores(run_task, inputs, workers) as work:
            return work(tasks)

    return run


def run_on_dask(address: str) -> TaskRunner:
    """Return a runner on the workers of a Dask scheduler such as ``tcp://10.0.0.5:8786``."""

    def run(inputs: TreeTaskInputs, tasks: Sequence[TreeTask]) -> list[TreeResult]:
        with on_cluster(run_task, inputs, address) as work:
            return work(tasks)

    return run
