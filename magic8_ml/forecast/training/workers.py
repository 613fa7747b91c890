"""Where and how a training runs: on the cores of this machine or a Dask cluster, at low priority, with progress.

The results do not depend on the number or the kind of workers, nor on the machine: one thread adds
all sums in one order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any, Final, ParamSpec, Protocol, TypeVar

from joblib import Parallel, delayed, parallel_config
from threadpoolctl import threadpool_limits

from magic8_companion.child_process import end_with_parent
from magic8_ml.metrics.refusal import TrainingRefused

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")

NICENESS: Final = 19
AUTOGROUP: Final = Path("/proc/self/autogroup")
"""Linux shares the processor among sessions before it looks at processes; where that is off there is no such file."""


class ProgressCallback(Protocol):
    """Receives each finished piece of work: ``done`` of ``total``, ``rows`` made so far in this stage."""

    def __call__(self, stage: str, done: int, total: int, rows: int) -> None:
        """Receive it; ``stage`` names what is counted."""


def no_progress(stage: str, done: int, total: int, rows: int) -> None:
    """Ignore the progress."""


@contextmanager
def on_cores(
    work: Callable[[Shared, Item], Result], shared: Shared, jobs: int
) -> Iterator[Callable[[Sequence[Item]], list[Result]]]:
    """Run ``work`` on ``jobs`` processes of this machine, or in this one if that is 1; results keep the given order."""
    with parallel_config(backend="loky", n_jobs=jobs):
        yield lambda items: list(Parallel()(delayed(_on_core)(os.getpid(), work, shared, item) for item in items))


def _on_core(owner: int, work: Callable[[Shared, Item], Result], shared: Shared, item: Item) -> Result:
    end_with_parent(owner)  # an idle worker would wait five minutes for the next task of a killed training
    return on_one_thread(work, shared, item)


def on_one_thread(work: Callable[[Shared, Item], Result], shared: Shared, item: Item) -> Result:
    """Return ``work(shared, item)``, computed on one thread."""
    return reproducible(work)(shared, item)


def reproducible(work: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return ``work`` on one thread: with more a BLAS adds in an order that depends on the machine.

    XGBoost fits these trees on one thread; other threads of its OpenMP would wait for work on a busy core.
    """

    @wraps(work)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with threadpool_limits(1):
            return work(*args, **kwargs)

    return run


@contextmanager
def on_cluster(
    work: Callable[[Shared, Item], Result], shared: Shared, address: str
) -> Iterator[Callable[[Sequence[Item]], list[Result]]]:
    """Run ``work`` on the workers of a Dask scheduler such as ``tcp://10.0.0.5:8786``; ``shared`` is sent once.

    Raises
    ------
    TrainingRefused
        When Dask is not installed or no scheduler answers.
    """
    client = _client(address)
    try:
        with parallel_config(backend="dask", scatter=[shared]):
            yield lambda items: list(Parallel()(delayed(on_one_thread)(work, shared, item) for item in items))
    finally:
        client.close()


def _client(address: str) -> Any:  # noqa: ANN401 - the library is loaded only when it is needed
    try:
        from distributed import Client  # noqa: PLC0415 - as above
    except ImportError as error:
        raise TrainingRefused(f"{error}; run: pip install -e '.[dask]'") from error
    try:
        return Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise TrainingRefused(f"no Dask scheduler answers at {address}: {error}") from error


def lower_priority() -> None:
    """Give this process the lowest priority, and its session too if the process leads it."""
    if not hasattr(os, "nice"):
        return
    os.nice(NICENESS)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            AUTOGROUP.write_text(str(NICENESS))
