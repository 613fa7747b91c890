"""One process, two processes or a Dask cluster: the same models, to the bit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.sample import Sample
from magic8_ml.trades.training.fit import LearntWins, learn_wins
from magic8_ml.trades.training.tree_tasks import Run, on_dask, on_workers


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Start a real cluster of two processes on this machine; return the address of its scheduler."""
    distributed = pytest.importorskip("distributed", reason="needs the extra: pip install -e '.[dask]'")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


def _same_as(learnt: LearntWins, run: Run, sample: Sample) -> None:
    other = learn_wins(sample, run)
    assert (other.base, other.records, other.facts) == (learnt.base, learnt.records, learnt.facts)
    assert [booster.save_raw("ubj") for booster in other.boosters.values()] == [
        booster.save_raw("ubj") for booster in learnt.boosters.values()
    ]
    assert np.array_equal(other.margins, learnt.margins, equal_nan=True)


def test_two_processes_learn_the_same(learnt: LearntWins, sample: Sample) -> None:
    """Every number and every tree."""
    _same_as(learnt, on_workers(2), sample)


def test_a_cluster_learns_the_same(learnt: LearntWins, sample: Sample, scheduler: str) -> None:
    """Every number and every tree, through ``tcp://`` and processes of its own."""
    assert scheduler.startswith("tcp://")
    _same_as(learnt, on_dask(scheduler), sample)


def test_no_cluster_no_models(sample: Sample) -> None:
    """A senseless address, or the extra that is missing, is refused in one sentence."""
    with pytest.raises(TrainingRefused, match=r"Dask|dask"):
        learn_wins(sample, on_dask("nowhere://"))
