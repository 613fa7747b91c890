"""Today's tape against earlier days at the same time of day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import numpy as np
import pytest

from magic8_companion.analysis.tape import measure_tape
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.trading_day import require_session
from tests.analysis.states import bars_of, joined, made_state, repeated_day_state, with_vix

PERCENTILES = ("pace", "recent_pace", "range", "efficiency", "stretch")
WITHOUT_HALF_DAYS = date(2025, 6, 12)
"""The thirty sessions before it are all full."""

NIGHT_NS = 6 * 3_600 * 1_000_000_000
ONE_DAY_AT_VIX_16 = 16 / 100 / np.sqrt(252)


def measured(state: MarketState) -> dict[str, float | None]:
    """Measure a made state, whose VIX is known at the open."""
    return measure_tape(state, float(state.vix_bars.open[0]))


def with_today(state: MarketState, path: list[float]) -> MarketState:
    """Return the state with today's open and closes replaced."""
    return replace(state, bars=bars_of(state.session, np.array(path)))


def with_history(state: MarketState, days: list[Bars]) -> MarketState:
    """Return the state with other earlier days."""
    return replace(state, history=joined(days))


def split_days(bars: Bars) -> list[Bars]:
    """Return the days of a series one by one."""
    edges = np.flatnonzero(np.diff(bars.starts) > NIGHT_NS) + 1
    return [bars[int(a) : int(b)] for a, b in zip([0, *edges], [*edges, len(bars)], strict=True)]


def test_the_measures_by_hand() -> None:
    """100 -> 101 -> 100 -> 102: one step back on the way up."""
    tape = measured(with_today(made_state(), [100.0, 101.0, 100.0, 102.0]))
    up, more = np.log(1.01), np.log(1.02)
    assert tape["net_move"] == pytest.approx(more / ONE_DAY_AT_VIX_16)
    assert tape["pace"] == pytest.approx(np.sqrt(2 * up**2 + more**2) / ONE_DAY_AT_VIX_16)
    assert tape["recent_pace"] == tape["pace"]
    assert tape["range"] == pytest.approx(more / ONE_DAY_AT_VIX_16)
    assert tape["efficiency"] == pytest.approx(more / (2 * up + more))
    mean = (np.log(101) + np.log(100) + np.log(102)) / 3
    assert tape["stretch"] == pytest.approx((np.log(102) - mean) / ONE_DAY_AT_VIX_16)


def test_the_recent_pace_is_that_of_the_last_six_bars() -> None:
    """A wild start leaves no trace after half an hour."""
    tape = measured(with_today(made_state(), [100.0, 90.0, 100.0, *[100.0, 100.1] * 3]))
    assert tape["recent_pace"] == pytest.approx(np.sqrt(5) * np.log(1.001) / ONE_DAY_AT_VIX_16)


def test_a_flat_tape_is_calm_and_has_no_direction() -> None:
    """No path, no range: nothing is divided by nothing."""
    tape = measured(with_today(made_state(), [100.0] * 10))
    assert tape["efficiency"] == tape["pace"] == tape["range"] == 0.0
    assert tape["pace_percentile"] == pytest.approx(0.0, abs=1e-6)


def test_a_tape_like_all_the_others_stands_in_the_middle() -> None:
    """Today and the thirty days before it are equal."""
    tape = measured(repeated_day_state())
    for name in PERCENTILES:
        assert tape[f"{name}_percentile"] == pytest.approx(50.0, abs=1e-6), name


@pytest.mark.parametrize("seed", range(5))
def test_neither_price_level_nor_volatility_of_the_symbol_decides(seed: int) -> None:
    """Ten times the price, twice every move: the percentiles of volatility stay."""
    calm, wild = measured(made_state(seed=seed)), measured(made_state(seed=seed, scale=2.0))
    for name in ("pace", "recent_pace", "range", "efficiency"):
        assert wild[f"{name}_percentile"] == pytest.approx(calm[f"{name}_percentile"], abs=0.5), name
    assert wild["pace"] == pytest.approx(2 * calm["pace"])


def test_a_wilder_today_stands_higher() -> None:
    """Today's moves alone grow; the earlier days stay."""
    standings = [measured(made_state(today_scale=scale))["pace_percentile"] for scale in (0.5, 0.8, 1.0, 1.25, 2.0)]
    assert standings == sorted(standings)
    assert standings[0] < 10
    assert standings[-1] > 90


def test_a_higher_vix_makes_the_same_tape_calmer() -> None:
    """Calm means calmer than was priced at the open."""
    state = made_state()
    lower, higher = measured(with_vix(state, 12.0)), measured(with_vix(state, 24.0))
    assert lower["pace_percentile"] > higher["pace_percentile"]
    assert lower["efficiency"] == higher["efficiency"]


def test_later_hours_of_earlier_days_are_not_read() -> None:
    """Whatever happened after the same time of day on an earlier day changes nothing."""
    state = made_state(wall=time(11))
    tampered = []
    for day in split_days(state.history):
        close = day.close.copy()
        close[18:] = 1.0
        low = np.minimum(day.low, close)
        tampered.append(Bars(starts=day.starts, open=day.open, high=day.high, low=low, close=close, volume=day.volume))
    assert measured(with_history(state, tampered)) == measured(state)


def test_fewer_than_ten_days_give_no_percentile() -> None:
    """The measures stay, their standing is unknown."""
    nine, ten = (measured(made_state(day=WITHOUT_HALF_DAYS, history_days=days)) for days in (9, 10))
    assert (nine["reference_days"], ten["reference_days"]) == (9.0, 10.0)
    assert all(nine[f"{name}_percentile"] is None for name in PERCENTILES)
    assert all(ten[f"{name}_percentile"] is not None for name in PERCENTILES)
    assert nine["pace"] is not None


def test_without_history_only_today_is_measured() -> None:
    """A first start on a new symbol is no error."""
    tape = measured(made_state(history_days=0))
    assert tape["reference_days"] == 0.0
    assert tape["pace_percentile"] is None


def test_half_days_and_days_with_holes_are_no_reference() -> None:
    """28 and 29 November 2024: the half day after Thanksgiving is left out, and so is a day without its first hour."""
    state = made_state(day=date(2024, 12, 4), history_days=12)
    days = split_days(state.history)
    assert any(len(day) == 42 for day in days)
    assert measured(state)["reference_days"] == 11.0
    days[0] = days[0][12:]
    assert measured(with_history(state, days))["reference_days"] == 10.0


def test_a_day_without_a_vix_is_no_reference() -> None:
    """A hole in the VIX history costs that day alone."""
    state = made_state(day=WITHOUT_HALF_DAYS)
    short = replace(state, vix_daily=state.vix_daily[: len(state.vix_daily) - 3])
    assert measured(short)["reference_days"] == 27.0


def test_on_a_half_day_the_clock_counts_from_the_open() -> None:
    """11:00 on a half day is compared with 11:00 of full days."""
    tape = measured(made_state(day=date(2024, 11, 29), wall=time(11)))
    assert tape["reference_days"] == 30.0
    assert tape["pace_percentile"] is not None


@pytest.mark.parametrize(
    "bars",
    [
        pytest.param(Bars.empty(), id="none"),
        pytest.param(bars_of(require_session(date(2025, 7, 9)), np.full(40, 600.0))[12:36], id="first hour missing"),
    ],
)
def test_a_tape_with_a_hole_is_refused(bars: Bars) -> None:
    """A move since the open cannot be told without the open."""
    with pytest.raises(DataUnavailable) as refusal:
        measured(replace(made_state(), bars=bars))
    assert refusal.value.reason == "missing_bars"
    assert refusal.value.detail.startswith("SPY: ")
