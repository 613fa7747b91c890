"""Labels: trailing terciles of the same statistic that never look at the day itself or later."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_ml.forecast.labels import ENTRY_BARS, ENTRY_BUCKETS, GROUPS, trailing_terciles

N_ENTRIES = len(ENTRY_BARS)
NO_CLASS = -1


def draw(n_days: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw a stationary statistic for consecutive sessions."""
    rng = np.random.default_rng(seed)
    return np.arange(500, 500 + n_days), rng.lognormal(size=(n_days, N_ENTRIES))


def trailing_classes(rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Class values by the terciles of their half hour; -1 without terciles."""
    terciles = trailing_terciles(rows, values)[:, ENTRY_BUCKETS]
    classes = 1 - (values < terciles[..., 0]) + (values > terciles[..., 1])
    return np.where(np.isnan(terciles[..., 0]), NO_CLASS, classes)


@settings(max_examples=20, deadline=None)
@given(st.integers(61, 199), st.integers(0, 2**32 - 1))
def test_deleting_later_days_leaves_labels_identical(n_days: int, seed: int) -> None:
    """The labels up to day d do not know whether day d + 1 exists."""
    rows, values = draw(200, seed)
    whole = trailing_classes(rows, values)
    assert np.array_equal(trailing_classes(rows[:n_days], values[:n_days]), whole[:n_days])


def test_a_day_does_not_enter_its_own_terciles() -> None:
    """The largest value of all, on the last day, leaves that day's other labels as they were."""
    rows, values = draw(120, 1)
    before = trailing_classes(rows, values)[-1]
    values[-1, 0] = 1e9
    after = trailing_classes(rows, values)[-1]
    assert after[0] == 2
    assert np.array_equal(after[1:], before[1:])


def test_each_class_holds_a_third_on_a_stationary_series() -> None:
    """Shares are one third each within three points, at any level of the statistic."""
    rows, values = draw(900, 2)
    classes = trailing_classes(rows, values * 40)[60:]
    assert all(abs((classes == k).mean() - 1 / 3) < 0.03 for k in range(3))


def test_fewer_than_sixty_days_give_no_label() -> None:
    """Day 60 has no label, day 61 has."""
    rows, values = draw(61, 3)
    classes = trailing_classes(rows, values)
    assert (classes[:60] == NO_CLASS).all()
    assert (classes[60] != NO_CLASS).all()


def test_a_gap_in_the_data_starts_a_new_history() -> None:
    """After a hole of two years the first sixty days have no label: no window runs across it."""
    rows, values = draw(200, 4)
    rows = np.concatenate((rows[:100], rows[100:] + 504))
    classes = trailing_classes(rows, values)
    assert (classes[60:100] != NO_CLASS).all()
    assert (classes[100:160] == NO_CLASS).all()
    assert (classes[160:] != NO_CLASS).all()


def test_terciles_are_those_of_the_same_half_hour() -> None:
    """A slow obvious twin: quantiles of the bucket's values of the last 126 days while history is short."""
    rows, values = draw(150, 5)
    classes = trailing_classes(rows, values)
    day = 149
    for entry in (0, 1, 2, 11, N_ENTRIES - 1):
        past = values[day - 126 : day][:, ENTRY_BUCKETS[entry] == ENTRY_BUCKETS]
        past = np.repeat(past, 2, axis=1) if past.shape[1] == 1 else past
        low, high = np.quantile(past, (1 / 3, 2 / 3))
        expected = 0 if values[day, entry] < low else 2 if values[day, entry] > high else 1
        assert classes[day, entry] == expected


def test_buckets_hold_every_entry_time_once() -> None:
    """25 entries, 09:45 to 15:45, fall into the 13 half hours: one into the first, two into each other."""
    assert N_ENTRIES == 25
    assert np.bincount(ENTRY_BUCKETS).tolist() == [1, *[2] * 12]


def test_a_day_that_only_asks_gets_the_terciles_of_the_days_before_it() -> None:
    """Terciles for tomorrow, or for a half day between, come from the known full days alone."""
    rows, values = draw(150, 6)
    known = np.delete(np.arange(150), 100)
    later = trailing_terciles(rows[known], values[known], rows[[100, 149]] + [0, 1])
    assert np.array_equal(later[0], trailing_terciles(rows[:101], values[:101])[100])
    assert not np.isnan(later[1]).any()


def test_the_parts_of_the_day_follow_each_other() -> None:
    """Morning to 11:30, midday to 13:30, afternoon to 15:00, the last hour: 4, 4, 3 and 2 half hours."""
    assert np.bincount(GROUPS).tolist() == [4, 4, 3, 2]
    assert (np.diff(GROUPS) >= 0).all()
