"""Bounds of a symbol's price from its own bars."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.trading_day import previous_session
from magic8_companion.plausibility import PriceBounds, implausible_bars
from tests.engine.fakes import FULL_DAY, bars_of

TODAY, YESTERDAY = bars_of(FULL_DAY, 12), bars_of(previous_session(FULL_DAY.day), 78)
BOUNDS = PriceBounds.of(TODAY, YESTERDAY)
NOW = TODAY.last_end + timedelta(seconds=5)


def scaled(bars: Bars, place: int, factor: float) -> Bars:
    """Return bars of which one has other prices."""
    columns = {name: getattr(bars, name).copy() for name in ("open", "high", "low", "close")}
    for column in columns.values():
        column[place] *= factor
    return replace(bars, **columns)


@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf, 0.0, -1.0, 5e307, 1e308, 10.0, 1000.0, 125.0])
def test_what_is_no_price_of_the_symbol_is_refused(price: float) -> None:
    """No number, a tenth, ten times, a fourth more."""
    finding = BOUNDS.look(price, NOW)
    assert finding is not None
    assert finding.reason == "bad_spot"


@pytest.mark.parametrize(("price", "is_true"), [(95.2, True), (104.5, True), (94.0, False), (106.0, False)])
def test_a_quiet_symbol_may_move_by_five_percent_in_a_bar(price: float, is_true: bool) -> None:
    """Beyond that the reason is a jump, with the numbers."""
    finding = BOUNDS.look(price, NOW)
    assert (finding is None) == is_true
    if finding is not None:
        assert finding.reason == "price_jump"
        assert f"the price {price:g} is" in finding.sentence
        assert "5.0% can be" in finding.sentence


def test_a_wild_symbol_may_move_further() -> None:
    """15 mean bar ranges, at most 10 %; that is also what holds with few bars."""
    wild = replace(TODAY, high=TODAY.high * 1.005)
    assert 0.05 < PriceBounds.of(wild, Bars.empty()).limit < 0.10
    assert PriceBounds.of(replace(TODAY, high=TODAY.high * 1.02), Bars.empty()).limit == 0.10
    assert PriceBounds.of(TODAY[:3], Bars.empty()).limit == 0.10
    assert PriceBounds.of(TODAY[:3], YESTERDAY).limit == 0.05


def test_time_widens_the_bound_but_not_without_end() -> None:
    """Two bars without news allow the root of two times the move, an hour no more than 20 %."""
    assert BOUNDS.look(106.0, NOW + timedelta(minutes=10)) is None
    assert BOUNDS.look(108.0, NOW + timedelta(minutes=10)) is not None
    assert replace(BOUNDS, high=200.0).look(125.0, NOW + timedelta(hours=6)) is not None


def test_a_newer_plausible_price_is_where_the_next_move_counts_from() -> None:
    """Steps of 4 % each are a fast market; they end where the day's range has been left by twice the limit."""
    newer = (104.0, NOW + timedelta(seconds=2))
    assert BOUNDS.look(108.0, NOW + timedelta(seconds=4)) is not None
    assert BOUNDS.look(108.0, NOW + timedelta(seconds=4), newer) is None
    finding = BOUNDS.look(112.0, NOW + timedelta(seconds=6), (108.0, NOW + timedelta(seconds=4)))
    assert finding is not None
    assert "outside today's" in finding.sentence


def test_true_bars_are_believed() -> None:
    """A day and the first bar of a day."""
    assert implausible_bars(TODAY, YESTERDAY) is None
    assert implausible_bars(TODAY[:1], Bars.empty()) is None


@pytest.mark.parametrize("place", [1, 6, 11])
@pytest.mark.parametrize("factor", [0.1, 0.85, 1.15, 10.0, 1e300])
def test_one_bar_of_another_level_is_not(place: int, factor: float) -> None:
    """Wherever it lies; 15 % in five minutes would have halted the market."""
    finding = implausible_bars(scaled(TODAY, place, factor), YESTERDAY)
    assert finding is not None
    assert (finding.reason, "can be" in finding.sentence) == ("price_jump", True)


def test_a_whole_day_of_another_level_is_not() -> None:
    """Bars of another symbol do not follow the session before."""
    other = replace(TODAY, **{name: getattr(TODAY, name) * 1.5 for name in ("open", "high", "low", "close")})
    finding = implausible_bars(other, YESTERDAY)
    assert finding is not None
    assert "+49.9% from the last session's close" in finding.sentence


def test_the_mean_range_is_that_of_the_newest_day_of_bars() -> None:
    """A wild session a week ago does not widen today's bound."""
    wild = replace(YESTERDAY, high=YESTERDAY.high * 1.05)
    columns = {name: np.concatenate([getattr(wild, name), getattr(YESTERDAY, name)]) for name in wild.__slots__[1:6]}
    starts = np.concatenate([wild.starts - 10**15, YESTERDAY.starts])
    assert PriceBounds.of(TODAY, Bars(starts=starts, **columns)).limit == 0.05
