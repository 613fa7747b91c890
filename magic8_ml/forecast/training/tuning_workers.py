"""Who evaluates the settings: the cores of this machine, or a Dask cluster.  The results do not depend on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from magic8_ml.forecast.boosted_variance import BoostingSettings
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.training import workers
from magic8_ml.forecast.training.tuning_objective import loss

Evaluate = Callable[[Sequence[BoostingSettings]], list[float]]
"""Settings -> their losses, in the same order."""


def on_cores(rows: Rows, jobs: int) -> AbstractContextManager[Evaluate]:
    """Evaluate on ``jobs`` processes of this machine, or in this one if that is 1."""
    return workers.on_cores(loss, rows, jobs)


def on_cluster(rows: Rows, address: str) -> AbstractContextManager[Evaluate]:
    """Evaluate on the workers of a Dask scheduler such as ``tcp://10.0.0.5:8786``; the rows travel once.

    Raises
    ------
    TrainingRefused
        When Dask is not installed or nobody answers.
    """
    return workers.on_cluster(loss, rows, address)
