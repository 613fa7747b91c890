"""The machine: packages, clock, zone data, calendar, folders, a second host, the kill switch."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from magic8_companion.doctor.check import FAILED, OK, SKIPPED, WARNING, Check
from magic8_companion.domain.codes import EventsStatus
from magic8_companion.domain.errors import AlreadyRunning, ConfigError
from magic8_companion.domain.trading_day import (
    LAST_YEAR,
    NEW_YORK,
    new_york_day,
    new_york_label,
    next_session,
    session_on,
)
from magic8_companion.durable import FolderLock
from magic8_companion.engine.kill_switch import why_set
from magic8_companion.events.statements import LAST_DAY
from magic8_companion.events.user_file import user_calendar
from magic8_companion.ports import Clock
from magic8_companion.unified_config import Settings

_PACKAGES: Final = {"ib": ("ib", "ib_async"), "yahoo": ("yahoo", "yfinance")}
_NEWEST_KNOWN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_LARGEST_STEP: Final = timedelta(milliseconds=50)
_LEAST_FREE_BYTES: Final = 500_000_000
_EVENTS_AHEAD: Final = timedelta(days=60)
_SUMMER: Final = datetime(2025, 7, 15, 12, tzinfo=UTC)
_WINTER: Final = datetime(2025, 1, 15, 12, tzinfo=UTC)


def installed(package: str) -> str | None:
    """Return the version of an installed distribution, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def package_checks(settings: Settings, version_of: Callable[[str], str | None] = installed) -> list[Check]:
    """Check the packages that the provider and the ML need."""
    wanted = [_PACKAGES[settings.market_data_provider]] if settings.market_data_provider in _PACKAGES else []
    if settings.market_data_provider == "ib" and settings.ibkr_fallback_to_yahoo:
        wanted.append(_PACKAGES["yahoo"])
    if settings.enable_ml_integration or settings.enable_ml_5min:
        wanted.append(("ml", "xgboost"))
    checks = []
    for extra, package in wanted:
        found = version_of(package) or version_of(f"{package}-cpu")
        if found:
            checks.append(Check(name=f"package {package}", status=OK, result=found))
        else:
            fix = f"pip install -e '.[{extra}]'"
            checks.append(Check(name=f"package {package}", status=FAILED, result="is not installed", fix=fix))
    return checks


def clock_checks(
    clock: Clock,
    monotonic: Callable[[], float] = time.monotonic,
    wait: Callable[[float], object] | None = None,
) -> list[Check]:
    """Check that the machine's time is plausible, runs evenly, and has New York's daylight saving time."""
    wait = wait or threading.Event().wait
    begun, began = clock.now(), monotonic()
    wait(0.2)
    ended, over = clock.now(), monotonic()
    step = abs((ended - begun) - timedelta(seconds=over - began))
    by_ntp = "set the clock by NTP (Linux: timedatectl set-ntp true)"
    if begun < _NEWEST_KNOWN:
        clock_check = Check(name="clock", status=FAILED, result=f"says {begun:%Y-%m-%d}", fix=by_ntp)
    elif step > _LARGEST_STEP:
        result = f"jumped by {step.total_seconds():.1f} s while it was watched"
        clock_check = Check(name="clock", status=FAILED, result=result, fix=by_ntp)
    else:
        clock_check = Check(name="clock", status=OK, result=f"{begun:%Y-%m-%d %H:%M:%S}Z, {new_york_label(begun)}")
    hours = [int(at.astimezone(NEW_YORK).utcoffset().total_seconds() // 3600) for at in (_WINTER, _SUMMER)]  # type: ignore[union-attr]  # an aware time has an offset
    if hours == [-5, -4]:
        return [clock_check, Check(name="time zones", status=OK, result="New York is UTC-5 in winter, UTC-4 in summer")]
    result = f"New York is taken as UTC{hours[0]:+d} in winter and UTC{hours[1]:+d} in summer"
    fix = "repair the zone data: pip install --upgrade tzdata"
    return [clock_check, Check(name="time zones", status=FAILED, result=result, fix=fix)]


def calendar_check(now: datetime) -> Check:
    """Check that the table of exchange holidays covers today, and report today's session."""
    day = new_york_day(now)
    if day.year > LAST_YEAR:
        fix = "update Magic8: its table of exchange holidays must be extended"
        return Check(name="calendar", status=FAILED, result=f"ends with {LAST_YEAR}", fix=fix)
    session = session_on(day)
    if session is not None:
        hours = f"{new_york_label(session.open_at)} to {new_york_label(session.close_at)}"
        result = f"{day} is a session, {hours}"
    else:
        result = f"{day} is no session"
        result += (
            f", the next is {next_session(day).day}" if day < day.replace(year=LAST_YEAR, month=12, day=30) else ""
        )
    if day.year == LAST_YEAR:
        fix = "update Magic8 before the year ends"
        return Check(name="calendar", status=WARNING, result=f"{result}; the table ends this year", fix=fix)
    return Check(name="calendar", status=OK, result=result)


def events_check(settings: Settings, now: datetime) -> Check:
    """Check that the calendar of events covers today and the weeks ahead, and report today's events."""
    try:
        known = user_calendar(settings.events_path).today(now)
    except ConfigError as error:
        fix = "correct the file, or take a new one: magic8 events update FILE"
        return Check(name="events", status=FAILED, result=error.problems[0], fix=fix)
    fix = "update Magic8: its table of Federal Reserve statements must be extended"
    if known.status == EventsStatus.EXPIRED:
        return Check(name="events", status=WARNING, result=f"{known.status}: the table ends on {LAST_DAY}", fix=fix)
    if LAST_DAY - known.day < _EVENTS_AHEAD:
        return Check(name="events", status=WARNING, result=f"{known.summary}; the table ends on {LAST_DAY}", fix=fix)
    return Check(name="events", status=OK, result=known.summary)


def folder_checks(settings: Settings) -> list[Check]:
    """Check that all output folders are writable."""
    folders = {"output folder": (settings.run_output_dir, "M8C_OUTPUT_DIR" if settings.is_live else "--output-dir")}
    if settings.log_file_path is not None:
        folders["log folder"] = (settings.path(settings.log_file_path).parent, "M8C_LOG_FILE_PATH")
    if settings.is_live and settings.output_file_path is not None:
        folders["published file"] = (settings.path(settings.output_file_path).parent, "M8C_OUTPUT_FILE_PATH")
    return [_writable(name, folder, setting) for name, (folder, setting) in folders.items()]


def host_check(settings: Settings) -> Check:
    """Check whether a host already runs in the output folder."""
    folder = settings.run_output_dir
    if not folder.is_dir():
        return Check(name="second host", status=OK, result="none")
    try:
        FolderLock(folder).release()
    except AlreadyRunning as error:
        who = f"process {error.pid}" if error.pid else "another process"
        fix = "nothing to repair if it is meant to run; a second one would refuse to start"
        return Check(name="second host", status=WARNING, result=f"{who} runs in {folder}", fix=fix)
    except ConfigError as error:
        return Check(name="second host", status=SKIPPED, result=error.problems[0])
    return Check(name="second host", status=OK, result="none")


def kill_switch_check(settings: Settings) -> Check:
    """Check whether the kill switch is on."""
    path = settings.kill_switch
    if (why := why_set(path)) is not None:
        result, fix = f"is on: {why}, so nothing is tradable", f"remove {path} to switch trading on"
        return Check(name="kill switch", status=WARNING, result=result, fix=fix)
    return Check(name="kill switch", status=OK, result=f"is off; creating {path} switches trading off")


def machine_checks(settings: Settings, clock: Clock) -> Sequence[Check]:
    """Return all checks of the machine."""
    return [
        *package_checks(settings),
        *clock_checks(clock),
        calendar_check(clock.now()),
        events_check(settings, clock.now()),
        *folder_checks(settings),
        host_check(settings),
        kill_switch_check(settings),
    ]


def _writable(name: str, folder: Path, setting: str) -> Check:
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        result = f"{folder} cannot be written" if existing == folder else f"{folder} cannot be made in {existing}"
        return Check(name=name, status=FAILED, result=result, fix=f"give this user the right, or change {setting}")
    free = shutil.disk_usage(existing).free
    if free < _LEAST_FREE_BYTES:
        result = f"{folder}: only {free / 1e6:.0f} MB are free"
        return Check(name=name, status=WARNING, result=result, fix=f"make room, or change {setting}")
    made = "" if existing == folder else ", will be made"
    return Check(name=name, status=OK, result=f"{folder}{made}, {free / 1e9:.0f} GB free")
