"""A model retires so many sessions after the last day it has seen."""

from __future__ import annotations

from datetime import date

import pytest

from magic8_ml.registry.passport import PASSPORT
from magic8_ml.registry.validity import sessions_after, valid_until
from tests.registry.made_models import passed


def test_a_quarter_of_sessions_not_of_days() -> None:
    """63 sessions after 2025-03-31 end on 2025-07-01: Good Friday, Memorial Day and Juneteenth are not counted."""
    until = valid_until(passed("2025-03-31"))
    assert until == date(2025, 7, 1)
    assert sessions_after(date(2025, 3, 31), until) == 63


@pytest.mark.parametrize(("first", "last", "count"), [("2025-04-09", "2025-04-09", 0), ("2025-04-09", "2025-04-01", 0)])
def test_no_session_has_gone_by_before_the_freeze(first: str, last: str, count: int) -> None:
    """The day itself and earlier ones are not later."""
    assert sessions_after(date.fromisoformat(first), date.fromisoformat(last)) == count


def test_the_end_of_the_calendar_is_no_end_of_the_model() -> None:
    """Where the calendar ends first, it is the calendar that refuses predictions."""
    made = passed()
    made[PASSPORT]["frozen"]["day"] = "2030-12-20"
    assert valid_until(made) == date.max
