"""NYSE sessions against an independent calendar, and the phases of a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import exchange_calendars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import (
    NEW_YORK,
    market_session,
    new_york_instant,
    next_session,
    parse_utc,
    previous_session,
    require_session,
    session_on,
    sessions_between,
    utc_text,
)


def test_every_session_equals_the_oracle() -> None:
    """Each open and close from 2015 to the oracle's horizon is that of exchange_calendars."""
    oracle = exchange_calendars.get_calendar("XNYS", start="2015-01-01")
    last = oracle.last_session.date()
    ours = {s.day: (s.open_at, s.close_at) for s in sessions_between(date(2015, 1, 1), last)}
    theirs = {
        day.date(): (oracle.session_open(day).to_pydatetime(), oracle.session_close(day).to_pydatetime())
        for day in oracle.sessions
    }
    assert len(ours) > 3000
    assert ours == theirs


@pytest.mark.parametrize("year", range(2027, 2031))
def test_years_beyond_the_oracle_follow_the_rules(year: int) -> None:
    """Beyond the oracle's horizon each year has 250 to 253 sessions and a half day after Thanksgiving."""
    sessions = sessions_between(date(year, 1, 1), date(year, 12, 31))
    assert 250 <= len(sessions) <= 253
    november = [d for d in (date(year, 11, 1) + timedelta(n) for n in range(30)) if d.weekday() == 3]
    thanksgiving = november[3]
    assert session_on(thanksgiving) is None
    friday = session_on(thanksgiving + timedelta(days=1))
    assert friday is not None
    assert friday.is_half_day


def test_half_day_has_42_bars_and_closes_at_13() -> None:
    """A half day closes at 13:00 New York and has 42 five-minute bars."""
    half = require_session(date(2024, 11, 29))
    assert half.close_at.astimezone(NEW_YORK).time() == time(13)
    assert half.bar_count == 42
    assert require_session(date(2025, 4, 9)).bar_count == 78


def test_a_closed_day_says_so_in_one_sentence() -> None:
    """Weekends and holidays are refused with their kind; years beyond the table too."""
    with pytest.raises(DataUnavailable, match="exchange holiday"):
        require_session(date(2025, 1, 9))
    with pytest.raises(DataUnavailable, match="weekend"):
        require_session(date(2025, 4, 12))
    with pytest.raises(DataUnavailable, match="calendar_range"):
        session_on(date(2031, 1, 2))


@pytest.mark.parametrize(
    ("wall", "phase"),
    [("03:59", "closed"), ("04:00", "pre"), ("09:29", "pre"), ("09:30", "regular"), ("15:59", "regular"),
     ("16:00", "post"), ("19:59", "post"), ("20:00", "closed")],
)  # fmt: skip
def test_phases_of_a_full_day(wall: str, phase: str) -> None:
    """16:00:00 sharp is no longer regular."""
    assert market_session(new_york_instant(date(2025, 4, 9), time.fromisoformat(wall))) == phase


@given(st.dates(date(2015, 1, 2), date(2030, 12, 20)))
def test_neighbours_of_a_day_are_sessions_around_it(day: date) -> None:
    """Previous and next session lie strictly around the day with no session between."""
    after = next_session(day)
    assert day < after.day
    if day > date(2015, 1, 5):
        before = previous_session(day)
        assert before.day < day
        inside = sessions_between(before.day, after.day)
        assert {s.day for s in inside} - {before.day, after.day} <= {day}


@given(st.datetimes(datetime(2015, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_utc_text_round_trips_at_whole_seconds(at: datetime) -> None:
    """What is written is read back, at whole seconds."""
    assert parse_utc(utc_text(at)) == at.replace(microsecond=0)
