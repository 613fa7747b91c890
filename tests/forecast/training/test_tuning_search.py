"""The search asks for the same points on any machine, and hands back the best of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from magic8_ml.forecast.boosted_variance import BoostingSettings
from magic8_ml.forecast.training.tuning_search import ROUND, search
from magic8_ml.forecast.training.tuning_space import SPACE, settings_of, shipped


class Valley:
    """A loss that knows where it is smallest; remembers what it was asked."""

    def __init__(self) -> None:
        self.rounds: list[int] = []

    def __call__(self, settings: Sequence[BoostingSettings]) -> list[float]:
        self.rounds.append(len(settings))
        return [(item.learning_rate - 0.03) ** 2 + (item.max_leaves - 12) ** 2 / 1e5 for item in settings]


def test_the_shipped_settings_are_tried_first() -> None:
    """A search can therefore never hand back anything worse, as far as its own loss goes."""
    found = search(Valley(), 9, seed=8)
    assert settings_of(found.shipped.parameters) == BoostingSettings()
    assert dict(found.shipped.parameters) == shipped()
    assert found.best.loss < found.shipped.loss


def test_one_seed_one_search() -> None:
    """The same seed tries the same points in the same order; another seed others."""
    assert search(Valley(), 12, seed=8).tried == search(Valley(), 12, seed=8).tried
    assert search(Valley(), 12, seed=8).tried[1:] != search(Valley(), 12, seed=9).tried[1:]


def test_points_are_asked_for_in_rounds_of_fixed_size() -> None:
    """However many workers there are; the last round may be smaller."""
    valley = Valley()
    assert len(search(valley, 10, seed=8).tried) == 10
    assert valley.rounds == [ROUND, ROUND, 2]


def test_every_point_lies_in_the_space() -> None:
    """And differs from the shipped settings only in what is tuned."""
    for tried in search(Valley(), 12, seed=1).tried:
        assert all(SPACE[name]._contains(value) for name, value in tried.parameters.items())
        settings = settings_of(tried.parameters)
        assert replace(settings, **shipped()) == BoostingSettings()


def test_progress_counts_trials() -> None:
    """It is told after each round and ends at the total."""
    heard: list[tuple[str, int, int]] = []
    search(Valley(), 6, 8, lambda stage, done, total, _: heard.append((stage, done, total)))
    assert heard == [("trials", 4, 6), ("trials", 6, 6)]
