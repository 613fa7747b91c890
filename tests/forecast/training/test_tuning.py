"""The tuning search: its loss, the points that it suggests, and the same result on any kind of worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from magic8_ml.forecast.boosted_variance import BoostingSettings
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.training.tuning import (
    TRIALS_PER_ROUND,
    SearchResult,
    default_parameters,
    search,
    search_space,
    tuning_folds,
    tuning_loss,
)
from magic8_ml.forecast.training.workers import on_cluster, on_cores, on_one_thread, reproducible
from magic8_ml.metrics.refusal import TrainingRefused

TRIALS = 5


def test_the_same_settings_have_the_same_loss(tuning_rows: Rows) -> None:
    """To the bit, or no search could be repeated."""
    assert tuning_loss(tuning_rows, BoostingSettings(rounds=20)) == tuning_loss(
        tuning_rows, BoostingSettings(rounds=20)
    )


def test_a_column_made_of_the_outcome_lowers_the_loss(tuning_rows: Rows) -> None:
    """By 30 % at least, and the loss stays above 0."""
    features = tuning_rows.features.copy()
    features[:, FEATURE_NAMES.index("jump_share")] = np.log(tuning_rows.known.realised / tuning_rows.sigma_vix**2)
    leaky = tuning_loss(replace(tuning_rows, features=features), BoostingSettings(rounds=60, learning_rate=0.1))
    assert 0 < leaky < 0.7 * tuning_loss(tuning_rows, BoostingSettings(rounds=60, learning_rate=0.1))


def test_the_later_half_is_tested_in_three_blocks(tuning_rows: Rows) -> None:
    """The first half is only trained on; no block trains on itself or on the day before it."""
    days = np.unique(tuning_rows.day).tolist()
    folds = tuning_folds(tuning_rows)
    assert len(folds) == 3
    assert folds[0].test[0] == days[round(0.5 * len(days)) + 1]
    assert folds[-1].test[-1] == days[-1]
    assert all(days.index(fold.test[0]) - days.index(fold.train[-1]) == 2 for fold in folds)


def test_rows_without_movement_are_no_infinity(tuning_rows: Rows) -> None:
    """Where no price moved after the last entry, the loss still exists."""
    realised = np.where(tuning_rows.bars_done == tuning_rows.bars_done.max(), 0.0, tuning_rows.known.realised)
    assert np.isfinite(
        tuning_loss(
            replace(tuning_rows, outcomes=replace(tuning_rows.known, realised=realised)), BoostingSettings(rounds=5)
        )
    )


class QuadraticLoss:
    """A loss with a known minimum; records the size of each round."""

    def __init__(self) -> None:
        self.rounds: list[int] = []

    def __call__(self, settings: Sequence[BoostingSettings]) -> list[float]:
        self.rounds.append(len(settings))
        return [(item.learning_rate - 0.03) ** 2 + (item.max_leaves - 12) ** 2 / 1e5 for item in settings]


def test_the_default_settings_are_tried_first() -> None:
    """So a search never returns settings of a larger loss than theirs."""
    found = search(QuadraticLoss(), 9, seed=8)
    assert BoostingSettings(**found.default.parameters) == BoostingSettings()
    assert dict(found.default.parameters) == default_parameters()
    assert found.best.loss < found.default.loss


def test_one_seed_one_search() -> None:
    """The same seed tries the same points in the same order; another seed others."""
    assert search(QuadraticLoss(), 12, seed=8).trials == search(QuadraticLoss(), 12, seed=8).trials
    assert search(QuadraticLoss(), 12, seed=8).trials[1:] != search(QuadraticLoss(), 12, seed=9).trials[1:]


def test_points_are_suggested_in_rounds_of_fixed_size() -> None:
    """However many workers there are; the last round may be smaller."""
    evaluate = QuadraticLoss()
    assert len(search(evaluate, 10, seed=8).trials) == 10
    assert evaluate.rounds == [TRIALS_PER_ROUND, TRIALS_PER_ROUND, 2]


def test_every_point_lies_in_the_space() -> None:
    """And differs from the default settings only in what is tuned."""
    for trial in search(QuadraticLoss(), 12, seed=1).trials:
        assert all(search_space()[name]._contains(value) for name, value in trial.parameters.items())
        settings = BoostingSettings(**trial.parameters)
        assert replace(settings, **default_parameters()) == BoostingSettings()


def test_progress_counts_trials() -> None:
    """It is leaky after each round and ends at the total."""
    calls: list[tuple[str, int, int]] = []
    search(QuadraticLoss(), 6, 8, lambda stage, done, total, _: calls.append((stage, done, total)))
    assert calls == [("trials", 4, 6), ("trials", 6, 6)]


@pytest.fixture(scope="module")
def single(tuning_rows: Rows) -> SearchResult:
    """Search in this process."""
    with on_cores(tuning_loss, tuning_rows, 1) as evaluate:
        return search(evaluate, TRIALS, seed=8)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Start a real cluster of two processes on this machine; return the address of its scheduler."""
    distributed = pytest.importorskip("distributed", reason="needs the extra: pip install -e '.[dask]'")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


def test_losses_keep_the_order_of_the_settings(tuning_rows: Rows) -> None:
    """Each loss is that of its settings."""
    settings = [BoostingSettings(rounds=10), BoostingSettings(rounds=5)]
    with on_cores(tuning_loss, tuning_rows, 1) as evaluate:
        assert evaluate(settings) == [tuning_loss(tuning_rows, item) for item in settings]


def test_two_processes_give_the_same_search(tuning_rows: Rows, single: SearchResult) -> None:
    """Every point and every loss, to the bit."""
    with on_cores(tuning_loss, tuning_rows, 2) as evaluate:
        assert search(evaluate, TRIALS, seed=8) == single


def test_a_cluster_gives_the_same_search(tuning_rows: Rows, single: SearchResult, scheduler: str) -> None:
    """Every point and every loss, to the bit, through ``tcp://`` and processes of its own."""
    assert scheduler.startswith("tcp://")
    with on_cluster(tuning_loss, tuning_rows, scheduler) as evaluate:
        assert search(evaluate, TRIALS, seed=8) == single


def test_an_unreachable_cluster_is_refused(tuning_rows: Rows) -> None:
    """An invalid address, or a missing extra, is refused in one sentence."""
    with pytest.raises(TrainingRefused, match=r"Dask|dask"), on_cluster(tuning_loss, tuning_rows, "nowhere://"):
        pass


def test_sums_do_not_depend_on_the_threads_of_the_machine() -> None:
    """Work that is reproducible sees one BLAS thread, also where the process has more."""
    with threadpool_limits(2, user_api="blas"):
        assert reproducible(_blas_threads)() == {1}
        assert on_one_thread(lambda shared, item: _blas_threads() | {shared, item}, 1, 1) == {1}


def _blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
