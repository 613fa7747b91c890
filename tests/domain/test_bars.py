"""The canonical bars: what is refused, what is known when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.domain.bars import Bars, from_ns, to_ns
from magic8_companion.domain.errors import DataUnavailable

OPEN = datetime(2025, 4, 9, 13, 30, tzinfo=UTC)


def make_bars(count: int = 6, **changed: object) -> Bars:
    """Build ``count`` plausible bars from the open on, with some columns changed."""
    base = 500 + np.arange(count, dtype=float)
    columns: dict[str, object] = {
        "starts": to_ns(OPEN) + np.arange(count, dtype=np.int64) * 300 * 10**9,
        "open": base,
        "high": base + 2,
        "low": base - 2,
        "close": base + 1,
        "volume": np.full(count, 10.0),
    }
    return Bars(**(columns | changed))  # type: ignore[arg-type]


def test_a_bar_is_known_at_its_end() -> None:
    """The bar that starts at t is not known at t but five minutes later."""
    bars = make_bars()
    assert len(bars.known_at(OPEN)) == 0
    assert len(bars.known_at(OPEN + timedelta(minutes=4, seconds=59))) == 0
    assert len(bars.known_at(OPEN + timedelta(minutes=5))) == 1
    assert bars.known_at(OPEN + timedelta(minutes=17)).last_end == OPEN + timedelta(minutes=15)


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("close", np.nan, "missing or not positive"),
        ("low", -1.0, "missing or not positive"),
        ("high", 400.0, "do not enclose"),
        ("volume", -5.0, "volume is missing or negative"),
        ("volume", np.nan, "volume is missing or negative"),
        ("open", np.inf, "missing or not positive"),
    ],
)
def test_an_impossible_value_is_refused_with_its_stamp(column: str, value: float, sentence: str) -> None:
    """NaN, negative and inconsistent values stop at birth, naming the bar."""
    broken = getattr(make_bars(), column).copy()
    broken[2] = value
    with pytest.raises(DataUnavailable, match=f"{sentence}.*2025-04-09 13:40Z"):
        make_bars(**{column: broken})


@given(
    st.sampled_from(["open", "high", "low", "close", "volume"]),
    st.sampled_from([np.nan, np.inf, -np.inf, -1.0]),
    st.integers(0, 5),
)
def test_no_damaged_cell_passes(column: str, value: float, place: int) -> None:
    """Wherever a value is missing, infinite or negative, the bars are refused with a sentence."""
    broken = getattr(make_bars(), column).copy()
    broken[place] = value
    with pytest.raises(DataUnavailable, match=r"bad_bars: .*Z$"):
        make_bars(**{column: broken})


def test_naming_the_columns_of_one_frame_leaves_the_others_alone() -> None:
    """Frames share no header that a caller could change for all."""
    make_bars().frame().columns.name = "field"
    assert make_bars().frame().columns.name is None


def test_shuffled_and_repeated_stamps_are_refused() -> None:
    """Stamps must ascend strictly."""
    starts = make_bars().starts.copy()
    with pytest.raises(DataUnavailable, match="out of order"):
        make_bars(starts=starts[::-1].copy())
    starts[3] = starts[2]
    with pytest.raises(DataUnavailable, match="repeated"):
        make_bars(starts=starts)


def test_bars_cannot_be_changed() -> None:
    """Neither the arrays nor the frame give a way to change the bars."""
    bars = make_bars()
    with pytest.raises(ValueError, match="read-only"):
        bars.close[0] = 1.0
    frame = bars.frame()
    frame.loc[frame.index[0], "close"] = 1.0
    assert bars.close[0] != 1.0


@given(st.integers(0, 78), st.integers(0, 78))
def test_frame_round_trip_and_windows_agree(count: int, cut: int) -> None:
    """A frame gives the same bars back, and a window equals the same window of the frame."""
    bars = make_bars(count)
    again = Bars.from_frame(bars.frame())
    assert np.array_equal(again.starts, bars.starts)
    assert np.array_equal(again.close, bars.close)
    at = OPEN + cut * timedelta(minutes=5)
    known = bars.known_at(at)
    assert list(known.frame().index) == [i for i in bars.frame().index if i + pd.Timedelta(minutes=5) <= at]
    assert len(bars.between(OPEN, at)) == len(known)


def test_stamps_round_trip() -> None:
    """Nanoseconds and datetimes convert without loss at microseconds."""
    at = datetime(2025, 6, 26, 14, 35, 7, 123456, tzinfo=UTC)
    assert from_ns(to_ns(at)) == at
