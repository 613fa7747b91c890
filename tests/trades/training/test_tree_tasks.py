"""One process, two processes or a Dask cluster: the same models, to the bit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.sample import Sample
from magic8_ml.trades.training.fit import WinModelFit, fit_win_model
from magic8_ml.trades.training.tree_tasks import TaskRunner, run_on_dask, run_on_workers


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Start a real cluster of two processes on this machine; return the address of its scheduler."""
    distributed = pytest.importorskip("distributed", reason="needs the extra: pip install -e '.[dask]'")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


def _same_as(fitted: WinModelFit, run: TaskRunner, sample: Sample) -> None:
    other = fit_win_model(sample, run)
    assert (other.shared, other.records, other.facts) == (fitted.shared, fitted.records, fitted.facts)
    assert [booster.save_raw("ubj") for booster in other.boosters.values()] == [
        booster.save_raw("ubj") for booster in fitted.boosters.values()
    ]
    assert np.array_equal(other.logits, fitted.logits, equal_nan=True)


def test_two_processes_learn_the_same(fitted: WinModelFit, sample: Sample) -> None:
    """Every number and every tree."""
    _same_as(fitted, run_on_workers(2), sample)


def test_a_cluster_learns_the_same(fitted: WinModelFit, sample: Sample, scheduler: str) -> None:
    """Every number and every tree, through ``tcp://`` and processes of its own."""
    assert scheduler.startswith("tcp://")
    _same_as(fitted, run_on_dask(scheduler), sample)


def test_no_cluster_no_models(sample: Sample) -> None:
    """A senseless address, or the extra that is missing, is refused in one sentence."""
    with pytest.raises(TrainingRefused, match=r"Dask|dask"):
        fit_win_model(sample, run_on_dask("nowhere://"))
