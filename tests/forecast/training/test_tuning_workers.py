"""One process, two processes or a Dask cluster: the same search finds the same settings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from magic8_ml.forecast.boosted_variance import BoostingSettings
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.training.tuning_objective import loss
from magic8_ml.forecast.training.tuning_search import SearchResult, search
from magic8_ml.forecast.training.tuning_workers import on_cluster, on_cores
from magic8_ml.metrics.refusal import TrainingRefused

TRIALS = 5


@pytest.fixture(scope="module")
def alone(tuning_rows: Rows) -> SearchResult:
    """Search in this process."""
    with on_cores(tuning_rows, 1) as evaluate:
        return search(evaluate, TRIALS, seed=8)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Start a real cluster of two processes on this machine; return the address of its scheduler."""
    distributed = pytest.importorskip("distributed", reason="needs the extra: pip install -e '.[dask]'")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


def test_losses_come_in_the_order_asked(tuning_rows: Rows) -> None:
    """Each is that of its settings."""
    settings = [BoostingSettings(rounds=10), BoostingSettings(rounds=5)]
    with on_cores(tuning_rows, 1) as evaluate:
        assert evaluate(settings) == [loss(tuning_rows, item) for item in settings]


def test_two_processes_find_the_same(tuning_rows: Rows, alone: SearchResult) -> None:
    """Every point and every loss, to the bit."""
    with on_cores(tuning_rows, 2) as evaluate:
        assert search(evaluate, TRIALS, seed=8) == alone


def test_a_cluster_finds_the_same(tuning_rows: Rows, alone: SearchResult, scheduler: str) -> None:
    """Every point and every loss, to the bit, through ``tcp://`` and processes of its own."""
    assert scheduler.startswith("tcp://")
    with on_cluster(tuning_rows, scheduler) as evaluate:
        assert search(evaluate, TRIALS, seed=8) == alone


def test_no_cluster_no_search(tuning_rows: Rows) -> None:
    """A senseless address, or the extra that is missing, is refused in one sentence."""
    with pytest.raises(TrainingRefused, match=r"Dask|dask"), on_cluster(tuning_rows, "nowhere://"):
        pass
