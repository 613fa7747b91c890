"""Who does the work: the cores of this machine, or a Dask cluster.  The results do not depend on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from joblib import Parallel, delayed, parallel_config

from magic8_ml.models.boosted_variance import BoostingSettings
from magic8_ml.models.forecast import Rows
from magic8_ml.training.refusal import TrainingRefused
from magic8_ml.tuning.objective import loss

Evaluate = Callable[[Sequence[BoostingSettings]], list[float]]
"""Settings -> their losses, in the same order."""


@contextmanager
def on_cores(rows: Rows, jobs: int) -> Iterator[Evaluate]:
    """Evaluate on ``jobs`` processes of this machine, or in this one if that is 1."""
    with parallel_config(backend="loky", n_jobs=jobs):
        yield lambda settings: _in_parallel(rows, settings)


@contextmanager
def on_cluster(rows: Rows, address: str) -> Iterator[Evaluate]:
    """Evaluate on the workers of a Dask scheduler such as ``tcp://10.0.0.5:8786``; the rows travel once.

    Raises
    ------
    TrainingRefused
        When Dask is not installed or nobody answers.
    """
    client = _client(address)
    try:
        with parallel_config(backend="dask", scatter=[rows]):
            yield lambda settings: _in_parallel(rows, settings)
    finally:
        client.close()


def _in_parallel(rows: Rows, settings: Sequence[BoostingSettings]) -> list[float]:
    return list(Parallel()(delayed(loss)(rows, item) for item in settings))


def _client(address: str) -> Any:  # noqa: ANN401 - the library is loaded only when it is asked for
    try:
        from distributed import Client  # noqa: PLC0415 - as above
    except ImportError as error:
        raise TrainingRefused(f"{error}; run: pip install -e '.[dask]'") from error
    try:
        return Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise TrainingRefused(f"no Dask scheduler answers at {address}: {error}") from error
