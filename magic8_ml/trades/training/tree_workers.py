"""Who fits the trees: this process, the cores of this machine, or a Dask cluster.  The models do not depend on it."""

from __future__ import annotations

from collections.abc import Sequence

from magic8_ml.forecast.training.workers import on_cluster, on_cores
from magic8_ml.trades.training.fit import Run
from magic8_ml.trades.training.tree_tasks import Shared, TreeResult, TreeTask, do_task


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
