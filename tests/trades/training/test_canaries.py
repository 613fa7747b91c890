"""The canaries sing on a sound sample and fall silent where something leaks."""

from __future__ import annotations

from dataclasses import replace

from magic8_ml.registry.canaries import CANARIES
from magic8_ml.trades.sample import Sample
from magic8_ml.trades.training.canaries import canaries_of, predict_with_root, with_planted_result, with_shuffled_labels


def test_a_sound_sample_passes(sample: Sample) -> None:
    """Every judge of the passport agrees with the numbers."""
    numbers = canaries_of(sample)
    assert set(numbers) == set(CANARIES)
    assert [CANARIES[name](found) for name, found in numbers.items()] == [None] * len(CANARIES)


def test_shuffling_keeps_the_base_rates_and_moves_whole_days(sample: Sample) -> None:
    """As many of each symbol and strategy win as before, on other days."""
    shuffled = with_shuffled_labels(sample)
    for code in range(len(sample.trade_keys)):
        rows = sample.key_code == code
        assert shuffled.won[rows].sum() == sample.won[rows].sum()
    assert (shuffled.won != sample.won).any()


def test_labels_told_by_a_feature_are_noticed(sample: Sample) -> None:
    """Where the results themselves are told by a column, shuffling the others' labels is no defence: refused."""
    shuffled = with_shuffled_labels(sample)
    leak = replace(with_planted_result(shuffled), won=shuffled.won)
    skill = predict_with_root(leak).losses.skill
    assert CANARIES["shuffled_labels"]({"skill": skill.skill, "standard_error": skill.standard_error}) is not None
