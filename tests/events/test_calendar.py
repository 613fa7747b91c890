"""Which events are known when, against independent calendars and recorded facts."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, time, timedelta

import exchange_calendars
import pandas as pd
import pytest

from magic8_companion.domain.trading_day import new_york_instant, sessions_between
from magic8_companion.events.calendar import EventCalendar, next_pause_change, pause_at
from magic8_companion.events.event import Event, EventKind
from magic8_companion.events.rules import vix_expiry
from magic8_companion.events.statements import LAST_DAY, statements
from tests.real_data import real_data_dir

CALENDAR = EventCalendar()


def kinds(day: date, wall: time = time(9)) -> set[str]:
    """Return the kinds of events known on a day at a New York time."""
    return {str(event.kind) for event in CALENDAR.known(day, new_york_instant(day, wall)).events}


def test_rules_equal_an_independent_calendar() -> None:
    """Monthly expiry, ends of months and quarters and half days of 2015 to 2026 are those of exchange_calendars."""
    oracle = exchange_calendars.get_calendar("XNYS", start="2015-01-01")
    sessions = oracle.sessions[oracle.sessions.year <= 2026]
    days = pd.Series(sessions, index=sessions)
    month_ends = {day.date() for day in days.groupby([sessions.year, sessions.month]).max()}
    fridays = pd.date_range("2015-01-01", sessions[-1], freq="WOM-3FRI")
    expiries = {oracle.date_to_session(day, direction="previous").date() for day in fridays}
    half_days = {day.date() for day in oracle.early_closes if day.year <= 2026}
    last = oracle.last_session.date()
    ours = {session.day: kinds(session.day) for session in sessions_between(date(2015, 1, 1), date(2026, 12, 31))}
    ours = {day: found for day, found in ours.items() if day <= last}

    def with_kind(kind: str) -> set[date]:
        return {day for day, found in ours.items() if kind in found}

    assert with_kind(EventKind.MONTHLY_EXPIRY) == expiries & ours.keys()
    assert with_kind(EventKind.HALF_DAY) == half_days & ours.keys()
    known_ends = {day for day in month_ends if (day.year, day.month) != (last.year, last.month)}
    assert with_kind(EventKind.MONTH_END) - {last} >= known_ends
    assert with_kind(EventKind.QUARTER_END) == {day for day in with_kind(EventKind.MONTH_END) if day.month % 3 == 0}
    quarterly = {day for day in with_kind(EventKind.MONTHLY_EXPIRY) if day.month % 3 == 0}
    assert with_kind(EventKind.QUARTERLY_EXPIRY) == quarterly


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [
        (2017, 12, "2017-12-20"),
        (2018, 2, "2018-02-14"),
        (2019, 3, "2019-03-19"),  # the third Friday of April is Good Friday
        (2020, 3, "2020-03-18"),
        (2022, 3, "2022-03-15"),
        (2024, 6, "2024-06-18"),  # the Wednesday is Juneteenth
        (2025, 3, "2025-03-18"),
        (2025, 12, "2025-12-17"),
    ],
)
def test_vix_expiries_are_those_of_the_exchange(year: int, month: int, day: str) -> None:
    """Settlement days of VIX futures, taken from the exchange's published calendars."""
    assert vix_expiry(year, month) == date.fromisoformat(day)


def test_every_year_to_2030_has_twelve_expiries_of_each_kind() -> None:
    """The rules hold for all years of the exchange's calendar but the last month, whose next year is unknown."""
    for year in range(2015, 2030):
        days = [session.day for session in sessions_between(date(year, 1, 1), date(year, 12, 31))]
        found = [kind for day in days for kind in kinds(day)]
        counts = {kind: found.count(kind) for kind in ("monthly_expiry", "vix_expiry", "month_end")}
        assert counts == {"monthly_expiry": 12, "vix_expiry": 12, "month_end": 12}, year


def test_an_unscheduled_statement_is_not_known_before_its_time() -> None:
    """On 3 March 2020 the statement of 10:00 appears at 10:00 and not a second earlier."""
    assert "fomc_statement" not in kinds(date(2020, 3, 3), time(9, 59, 59))
    assert "fomc_statement" in kinds(date(2020, 3, 3), time(10))


def test_a_cancelled_statement_is_known_until_its_cancellation() -> None:
    """The meeting of 18 March 2020 is expected until the statement of Sunday the 15th, 17:00, and not after it."""
    day = date(2020, 3, 18)
    sunday = new_york_instant(date(2020, 3, 15), time(17))
    before = CALENDAR.known(day, sunday - timedelta(seconds=1)).statement
    assert before is not None
    assert before.at == new_york_instant(day, time(14))
    assert CALENDAR.known(day, sunday).statement is None


@pytest.mark.parametrize(("day", "known"), [("2024-08-09", False), ("2024-08-10", True), ("2025-03-19", True)])
def test_a_scheduled_statement_is_known_from_its_announcement(day: str, known: bool) -> None:
    """The schedule of 2025 was announced on 9 August 2024 at an unknown hour: it counts from the end of that day."""
    now = datetime.fromisoformat(f"{day}T13:00:00+00:00")
    assert (CALENDAR.known(date(2025, 3, 19), now).statement is not None) is known


def test_a_day_after_the_table_is_expired() -> None:
    """After the table's last day the events of a day are unknown, and the answer says so."""
    after = date(2028, 1, 3)
    assert CALENDAR.known(LAST_DAY, datetime(2027, 12, 31, 15, tzinfo=UTC)).status == "known"
    assert CALENDAR.known(after, datetime(2028, 1, 3, 15, tzinfo=UTC)).status == "event_calendar_expired"


def test_statements_fall_on_sessions_at_plausible_times() -> None:
    """Each scheduled statement that took place is at 14:00 of a session, eight a year but for 2020."""
    held = [event for event in statements().values() if event.scheduled and event.cancelled_at is None]
    assert {event.at for event in held} == {new_york_instant(event.day, time(14)) for event in held}
    counts = {year: sum(event.day.year == year for event in held) for year in range(2015, 2028)}
    assert counts == {**dict.fromkeys(range(2015, 2028), 8), 2020: 7}
    assert all(sessions_between(event.day, event.day) for event in held)


@pytest.mark.real_data
def test_the_table_equals_the_checked_facts() -> None:
    """Days, times, announcements and cancellations equal the checked table of facts."""
    with (real_data_dir() / "fomc_statements_2015_2027.csv").open() as file:
        facts = {date.fromisoformat(row["date"]): row for row in csv.DictReader(file)}
    table = statements()
    assert table.keys() == facts.keys()
    for day, row in facts.items():
        event = table[day]
        assert event.at == new_york_instant(day, time.fromisoformat(row["time_new_york"]))
        assert event.scheduled == (row["scheduled"] == "yes")
        assert (event.cancelled_at is not None) == bool(row["cancelled_on"])


def test_a_pause_lasts_for_its_minutes_before_and_after() -> None:
    """With 30 minutes, entries pause from 13:30 until 14:30 of a statement day, and the reason names the end."""
    day, minutes = date(2025, 3, 19), {"fomc_statement": 30}
    at = {wall: new_york_instant(day, time.fromisoformat(wall)) for wall in ("13:29", "13:30", "14:29", "14:30")}
    events = CALENDAR.known(day, at["13:29"])
    assert pause_at(events, at["13:29"], minutes) is None
    assert next_pause_change(events, at["13:29"], minutes) == at["13:30"]
    begun = pause_at(events, at["13:30"], minutes)
    assert begun is not None
    assert begun.sentence == "pause until 14:30 ET for fomc_statement 14:00 ET"
    assert next_pause_change(events, at["13:30"], minutes) == at["14:30"]
    assert pause_at(events, at["14:29"], minutes) == begun
    assert pause_at(events, at["14:30"], minutes) is None
    assert pause_at(events, at["13:30"], {"cpi": 30}) is None


def test_events_of_the_user_join_the_built_in_ones_in_order() -> None:
    """A release at 8:30 stands before the statement of 14:00."""
    day = date(2024, 6, 12)
    cpi = Event(kind="cpi", day=day, at=new_york_instant(day, time(8, 30)))
    known = EventCalendar([cpi]).known(day, new_york_instant(day, time(8)))
    assert [event.kind for event in known.events] == ["cpi", "fomc_statement"]
