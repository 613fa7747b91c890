"""Rows of a day depend on nothing that comes after it, nor on what else is asked for."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.trading_day import require_session, sessions_between
from tests.history.simulated_ledger import EARLY_HALF_DAY, FIRST, LAST, bars, ledger, spy_ledger, vix

DAYS = [session.day for session in sessions_between(date(2024, 2, 20), LAST)]
OUTCOMES = ("settlement", "pin_risk", "touched_short", "path_low", "path_high", "gross", "net", "win", "net_per_risk")


def changed(series: Bars, since: datetime, until: datetime, factor: float) -> Bars:
    """Return a series whose bars between two instants are something else."""
    frame = series.frame()
    hit = (frame.index >= since) & (frame.index < until)
    frame.loc[hit, ["open", "high", "low", "close"]] = frame.loc[hit, ["open", "high", "low", "close"]] ** factor
    return Bars.from_frame(frame, series.length)


@settings(max_examples=6, deadline=None)
@given(st.sampled_from(DAYS))
def test_rows_up_to_a_day_stay_when_all_later_bars_are_gone(day: date) -> None:
    """Nothing after the close of a day is looked at: its rows and all earlier ones are identical."""
    close = require_session(day).close_at
    past = vix()[: int(np.searchsorted(vix().starts, np.datetime64(day, "ns").astype(np.int64), side="right"))]
    rows = spy_ledger()
    expected = rows.filter(pc.less_equal(rows["date"], day))
    assert len(expected)
    assert ledger({"SPY": bars("SPY").known_at(close)}, past).equals(expected)


def test_what_is_known_at_entry_does_not_move_with_the_rest_of_the_day() -> None:
    """Bars from 12:00 on change outcomes only: premium, strikes and odds of earlier entries stand."""
    day = date(2024, 6, 12)
    noon = require_session(day).open_at + timedelta(minutes=150)
    other = changed(bars("SPY"), noon, require_session(day).close_at, 1.002)
    rows, moved = spy_ledger(), ledger({"SPY": other})
    earlier = pc.and_(pc.equal(rows["date"], day), pc.less_equal(rows["timestamp"], noon))
    kept = [name for name in rows.column_names if name not in OUTCOMES]
    assert pc.sum(earlier).as_py() > 100
    assert moved.filter(earlier).select(kept).equals(rows.filter(earlier).select(kept))
    assert not moved.filter(earlier)["settlement"].equals(rows.filter(earlier)["settlement"])


def test_of_the_vix_only_the_open_is_used() -> None:
    """High, low and close of a daily VIX row are known after the close and change nothing."""
    frame = vix().frame()
    frame["high"] = frame["high"] + 30
    frame["close"] = frame["high"]
    assert ledger({"SPY": bars("SPY")}, Bars.from_frame(frame, vix().length)).equals(spy_ledger())


def test_half_days_describe_no_ordinary_day() -> None:
    """A wild half day changes neither the share nor the anchor of later days."""
    session = require_session(EARLY_HALF_DAY)
    wild = changed(bars("SPY"), session.open_at + timedelta(hours=1), session.close_at, 1.01)
    assert ledger({"SPY": wild}).equals(spy_ledger())


def test_rows_do_not_depend_on_other_symbols_nor_on_the_first_day_asked_for() -> None:
    """The same trade has the same row in every ledger of one seed."""
    both = ledger({"SPY": bars("SPY"), "QQQ": bars("QQQ")})
    alone = both.filter(pc.equal(both["symbol"], "SPY"))
    assert alone.drop_columns("symbol").equals(spy_ledger().drop_columns("symbol"))
    late = ledger({"SPY": bars("SPY")}, first_day=date(2024, 6, 3))
    assert late.equals(spy_ledger().filter(pc.greater_equal(spy_ledger()["date"], date(2024, 6, 3))))


def test_another_seed_makes_other_trades() -> None:
    """Smile and geometry come from the seed."""
    other = ledger({"SPY": bars("SPY")}, seed=9, last_day=FIRST + timedelta(days=200))
    assert set(other["smile_a"].to_pylist()).isdisjoint(spy_ledger()["smile_a"].to_pylist())
