"""Who does the work: the cores of this machine, or a Dask cluster.  The results do not depend on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from joblib import Parallel, delayed, parallel_config

from magic8_ml.metrics.refusal import TrainingRefused

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def on_cores(
    work: Callable[[Shared, Item], Result], shared: Shared, jobs: int
) -> Iterator[Callable[[Sequence[Item]], list[Result]]]:
    """Do ``work`` on ``jobs`` processes of this machine, or in this one if that is 1; results in the order asked."""
    with parallel_config(backend="loky", n_jobs=jobs):
        yield lambda items: list(Parallel()(delayed(work)(shared, item) for item in items))


@contextmanager
def on_cluster(
    work: Callable[[Shared, Item], Result], shared: Shared, address: str
) -> Iterator[Callable[[Sequence[Item]], list[Result]]]:
    """Do ``work`` on the workers of a Dask scheduler such as ``tcp://10.0.0.5:8786``; what is shared travels once.

    Raises
    ------
    TrainingRefused
        When Dask is not installed or nobody answers.
    """
    client = _client(address)
    try:
        with parallel_config(backend="dask", scatter=[shared]):
            yield lambda items: list(Parallel()(delayed(work)(shared, item) for item in items))
    finally:
        client.close()


def _client(address: str) -> Any:  # noqa: ANN401 - the library is loaded only when it is asked for
    try:
        from distributed import Client  # noqa: PLC0415 - as above
    except ImportError as error:
        raise TrainingRefused(f"{error}; run: pip install -e '.[dask]'") from error
    try:
        return Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise TrainingRefused(f"no Dask scheduler answers at {address}: {error}") from error
