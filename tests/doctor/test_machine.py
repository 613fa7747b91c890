"""What the doctor finds on the machine."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from magic8_companion.doctor.check import FAILED, OK, SKIPPED, WARNING, Check, is_fit, table
from magic8_companion.doctor.fixes import ENDS_IT, fix_for, status_of
from magic8_companion.doctor.machine import (
    calendar_check,
    clock_checks,
    events_check,
    folder_checks,
    host_check,
    kill_switch_check,
    package_checks,
)
from magic8_companion.doctor.model import model_check
from magic8_companion.domain.trading_day import new_york_instant
from magic8_companion.durable import FolderLock
from magic8_companion.unified_config import Settings, load_settings
from tests.providers.makers import SetClock


def settings(folder: Path, **given: Any) -> Settings:
    """Return settings that write below a folder."""
    return load_settings({}, {"output_dir": folder / "out", "log_file_path": folder / "logs" / "host.log", **given})


class Wall:
    """A clock and a stop watch that disagree by ``jump`` while somebody waits."""

    def __init__(self, at: datetime, jump: timedelta = timedelta(0)) -> None:
        self.clock, self.seconds, self._jump = SetClock(at), 0.0, jump

    def monotonic(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.seconds += seconds
        self.clock.at += timedelta(seconds=seconds) + self._jump


@pytest.mark.parametrize(
    ("year", "jump", "status", "told"),
    [
        (2026, 0.0, OK, "2026-11-20 15:00:00Z, 10:00 ET"),
        (1970, 0.0, FAILED, "says 1970-11-20"),
        (2026, 2.0, FAILED, "jumped by 2.0 s while it was watched"),
        (2026, -0.2, FAILED, "jumped by 0.2 s while it was watched"),
    ],
)
def test_the_clock_is_watched(year: int, jump: float, status: str, told: str) -> None:
    """A clock that cannot be right, or that jumps, is named with the command that sets it."""
    wall = Wall(datetime(year, 11, 20, 15, tzinfo=UTC), timedelta(seconds=jump))
    clock, zones = clock_checks(wall.clock, wall.monotonic, wall.wait)
    assert (clock.status, clock.result) == (status, told)
    assert ("timedatectl" in clock.fix) == (status == FAILED)
    assert zones.status == OK


@pytest.mark.parametrize(
    ("day", "status", "told"),
    [
        (date(2026, 11, 20), OK, "2026-11-20 is a session, 09:30 ET to 16:00 ET"),
        (date(2026, 11, 27), OK, "2026-11-27 is a session, 09:30 ET to 13:00 ET"),
        (date(2026, 11, 26), OK, "2026-11-26 is no session, the next is 2026-11-27"),
        (date(2030, 5, 6), WARNING, "2030-05-06 is a session, 09:30 ET to 16:00 ET; the table ends this year"),
        (date(2030, 12, 31), WARNING, "2030-12-31 is a session, 09:30 ET to 16:00 ET; the table ends this year"),
        (date(2031, 1, 2), FAILED, "ends with 2030"),
    ],
)
def test_the_calendar_says_what_today_is(day: date, status: str, told: str) -> None:
    """Half days and holidays are known; the end of the table is announced a year before."""
    check = calendar_check(new_york_instant(day, time(10)))
    assert (check.status, check.result) == (status, told)


@pytest.mark.parametrize(
    ("day", "status", "result"),
    [
        (date(2025, 3, 19), OK, "fomc_statement 14:00 ET"),
        (date(2025, 3, 20), OK, "none known"),
        (date(2027, 12, 15), WARNING, "none known; the table ends on 2027-12-31"),
        (date(2028, 1, 4), WARNING, "event_calendar_expired: the table ends on 2027-12-31"),
    ],
)
def test_the_events_of_today_are_shown(tmp_path: Path, day: date, status: str, result: str) -> None:
    """The end of the table of statements is announced 60 days before."""
    check = events_check(settings(tmp_path), new_york_instant(day, time(10)))
    assert (check.status, check.result) == (status, result)


def test_a_broken_file_of_events_is_named(tmp_path: Path) -> None:
    """The message has the file and the line, the fix the command that replaces it."""
    file = tmp_path / "events.csv"
    file.write_text("date,time,event\n2025-02-30,08:30,cpi\n")
    check = events_check(settings(tmp_path, events_file=file), new_york_instant(date(2025, 3, 19), time(10)))
    assert (check.status, check.result) == (
        FAILED,
        f"{file} line 2: '2025-02-30' is not a date; write YYYY-MM-DD",
    )
    assert "magic8 events update" in check.fix


def test_folders_that_can_be_made_are_fine(tmp_path: Path) -> None:
    """Nothing is made by looking."""
    checks = folder_checks(settings(tmp_path, output_file_path=tmp_path / "out" / "x.json"))
    assert [(check.name, check.status) for check in checks] == [("output folder", OK), ("log folder", OK)]
    assert all("will be made" in check.result for check in checks)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named_with_its_setting(tmp_path: Path) -> None:
    """A file stands in the way; the fix names the setting to change."""
    (tmp_path / "out").write_text("")
    check, _ = folder_checks(settings(tmp_path, market_data_provider="yahoo"))
    assert check.status == FAILED
    assert "cannot be made" in check.result or "cannot be written" in check.result
    assert "M8C_OUTPUT_DIR" in check.fix


def test_a_running_host_is_named(tmp_path: Path) -> None:
    """The doctor may be asked while a host runs, and does not disturb it."""
    here = settings(tmp_path)
    assert host_check(here).status == OK
    assert not here.run_output_dir.exists()
    with FolderLock(here.run_output_dir):
        check = host_check(here)
        assert (check.status, "process" in check.result) == (WARNING, True)
    assert host_check(here).status == OK


def test_the_kill_switch_is_shown(tmp_path: Path) -> None:
    """While it is on, the fix is the file to delete."""
    here = settings(tmp_path)
    assert kill_switch_check(here).status == OK
    here.kill_switch.parent.mkdir(parents=True)
    here.kill_switch.touch()
    check = kill_switch_check(here)
    assert (check.status, str(here.kill_switch) in check.fix) == (WARNING, True)


def test_missing_packages_are_told_with_the_extra_that_brings_them(tmp_path: Path) -> None:
    """The provider, its stand-in and the ML each need their own."""
    here = settings(tmp_path, market_data_provider="ib", enable_ml_5min=True)
    checks = package_checks(here, {"ib_async": "2.1.0", "xgboost-cpu": "3.2.0"}.get)
    assert [(check.name, check.status) for check in checks] == [
        ("package ib_async", OK),
        ("package yfinance", FAILED),
        ("package xgboost", OK),
    ]
    assert checks[1].fix == "pip install -e '.[yahoo]'"
    assert package_checks(settings(tmp_path)) == []


def test_a_model_that_is_not_there_is_told_with_the_command_that_makes_one(tmp_path: Path) -> None:
    """The reason is the plugin's own; without ML there is nothing to look at."""
    here = settings(tmp_path, enable_ml_integration=True, ml_path=tmp_path / "ml")
    check = model_check(here)
    assert check.status == FAILED
    assert str(tmp_path / "ml") in check.result
    assert f"train --bars-dir data/bars --vix data/bars --symbols SPX,SPY --out {tmp_path / 'ml'}" in check.fix
    assert model_check(settings(tmp_path)).status == SKIPPED


def test_every_fix_is_a_sentence_for_this_installation(tmp_path: Path) -> None:
    """No placeholder is left; a reason that nobody thought of has a fix, too."""
    here = settings(tmp_path, ib_port=4002, ib_client_id=7)
    assert "port 4002" in fix_for("ib_disconnected", "SPX", here)
    assert "client id 7" in fix_for("client_id_in_use", "SPX", here)
    assert "the data of RUT" in fix_for("no_permission", "RUT", here)
    for reason in (*ENDS_IT, "timeout", "no_data", "stale_bars", "no_quotes", "never heard of"):
        assert not set("{}") & set(fix_for(reason, "SPX", here))
    assert status_of("market_closed") == SKIPPED
    assert status_of("never heard of") == FAILED


def test_a_warning_is_no_failure() -> None:
    """Scripts stop for failures alone."""
    checks = [Check(name=status, status=status, result="x") for status in (OK, SKIPPED, WARNING)]
    assert is_fit(checks)
    assert not is_fit([*checks, Check(name="a", status=FAILED, result="b", fix="c")])
    assert table([]) == ""


def test_a_kill_switch_that_cannot_be_looked_at_is_on(tmp_path: Path) -> None:
    """The finding names the resolved file, also when the switch lies below a file or is a dangling link."""
    (tmp_path / "file").touch()
    below = settings(tmp_path, kill_switch_file=tmp_path / "file" / "KILL")
    assert "cannot be looked at (Not a directory)" in kill_switch_check(below).result
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    dangling = kill_switch_check(settings(tmp_path, kill_switch_file=tmp_path / "link"))
    assert (dangling.status, str(tmp_path / "link") in dangling.result) == (WARNING, True)
