"""The at-the-money history outlives the host, grows by one value a day and never spans a long pause."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from magic8_companion.publishing.atm_closes import AtmCloses

MONDAY = date(2025, 6, 2)


def test_values_outlive_the_host_and_end_before_today(tmp_path: Path) -> None:
    """A new instance of the same folder knows earlier days, and today's value is not its own history."""
    AtmCloses(tmp_path).note("QQQ", MONDAY, 18.0)
    later = AtmCloses(tmp_path)
    later.note("QQQ", MONDAY + timedelta(days=1), 19.0)
    assert later.before("QQQ", MONDAY + timedelta(days=1)) == (18.0,)
    assert AtmCloses(tmp_path).before("QQQ", MONDAY + timedelta(days=2)) == (18.0, 19.0)
    assert later.before("NDX", MONDAY) == ()


def test_the_last_value_of_a_day_stays(tmp_path: Path) -> None:
    """Each checkpoint replaces the value of its day."""
    closes = AtmCloses(tmp_path)
    closes.note("QQQ", MONDAY, 18.0)
    closes.note("QQQ", MONDAY, 17.5)
    assert closes.before("QQQ", MONDAY + timedelta(days=1)) == (17.5,)


def test_no_history_runs_across_a_long_pause(tmp_path: Path) -> None:
    """Values from before a pause of more than ten days are of another time."""
    closes = AtmCloses(tmp_path)
    for day, value in ((MONDAY, 18.0), (MONDAY + timedelta(days=20), 30.0), (MONDAY + timedelta(days=21), 31.0)):
        closes.note("QQQ", day, value)
    assert closes.before("QQQ", MONDAY + timedelta(days=22)) == (30.0, 31.0)


def test_a_damaged_file_counts_as_empty(tmp_path: Path) -> None:
    """Damage costs the history, not the host."""
    AtmCloses(tmp_path).note("QQQ", MONDAY, 18.0)
    (tmp_path / "state" / "atm_closes.json").write_text('{"QQQ": {"2025-')
    assert AtmCloses(tmp_path).before("QQQ", MONDAY + timedelta(days=1)) == ()
