"""Retrain once a week after the close, in a separate process: the 5-minute slots of the host never wait for it."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from magic8_companion.child_process import END_WITH_INPUT
from magic8_companion.domain.ml_plugin_config import MLPluginConfig
from magic8_companion.domain.trading_day import new_york_day, sessions_between
from magic8_companion.periodic import PeriodicThread
from magic8_companion.ports import Clock

logger = logging.getLogger(__name__)

PARTICIPANT: Final = "ml_retraining"
AFTER_CLOSE: Final = timedelta(minutes=30)
LOG_FILE: Final = "retrain.log"
LARGEST_LOG: Final = 1_000_000
"""Bytes; a larger one is set aside before the next retraining, in place of the one before."""

_POLL_SECONDS: Final = 1.0
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingPlan:
    """Training files and weekday; ``weekday`` is 0 for Monday to 4 for Friday, ``out`` the folder of models/."""

    bars_dir: Path
    vix_file: Path
    out: Path
    weekday: int = 4

    def command(self) -> list[str]:
        """Return the command line of the process to start."""
        arguments = ["--bars-dir", self.bars_dir, "--vix", self.vix_file, "--out", self.out]
        return [sys.executable, "-m", "magic8_ml", "retrain", END_WITH_INPUT, *map(str, arguments)]


def retraining_plan(options: MLPluginConfig) -> RetrainingPlan | None:
    """Return the plan of the settings, or None when they name no training files."""
    if options.retrain_bars_dir is None or options.retrain_vix_file is None:
        return None
    return RetrainingPlan(
        bars_dir=options.retrain_bars_dir,
        vix_file=options.retrain_vix_file,
        out=options.path,
        weekday=options.retrain_weekday,
    )


class Process(Protocol):
    """The part of a started process that is used."""

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""


def next_due(now: datetime, weekday: int) -> datetime:
    """Return the next time to retrain: half an hour after the close of the week's session on ``weekday``.

    If the exchange is shut on that day, the session before it in the same week counts, or else the next one.

    >>> from datetime import UTC
    >>> next_due(datetime(2025, 4, 14, 12, tzinfo=UTC), 4).isoformat()  # Friday the 18th is Good Friday
    '2025-04-17T20:30:00+00:00'
    """
    today = new_york_day(now)
    monday = today - timedelta(days=today.weekday())
    while True:
        sessions = sessions_between(monday, monday + timedelta(days=4))
        upto = [session for session in sessions if session.day.weekday() <= weekday] or list(sessions[:1])
        if upto and (due := upto[-1].close_at + AFTER_CLOSE) > now:
            return due
        monday += _WEEK


class WeeklyRetraining:
    """A daemon thread that starts the retraining when it is due; ``start`` starts a process."""

    def __init__(
        self, clock: Clock, plan: RetrainingPlan, start: Callable[[Sequence[str], Path], Process] | None = None
    ) -> None:
        self._clock, self._plan, self._start_process = clock, plan, start or start_process
        self._stop = threading.Event()
        self._due: datetime | None = None
        self._process: Process | None = None  # holds the pipe that the retraining ends with
        self._last: dict[str, Any] = {"retraining_started": None, "retraining_exit_code": None}
        self._worker = PeriodicThread(clock, PARTICIPANT, self._schedule, self._run, self._stop)
        self.thread = self._worker.thread

    def start(self) -> None:
        """Start the thread as a participant of the clock."""
        self._worker.start()

    def stop(self) -> None:
        """Stop the thread; a retraining that is under way ends with this process."""
        self._stop.set()

    def health(self) -> Mapping[str, Any]:
        """Return retraining_due, and retraining_started and retraining_exit_code of the last retraining."""
        return {"retraining_due": self._due, **self._last}

    def _schedule(self, _: datetime | None) -> datetime:
        self._due = next_due(self._clock.now(), self._plan.weekday)
        return self._due

    def _run(self) -> None:
        self._last = {"retraining_started": self._clock.now(), "retraining_exit_code": None}
        try:
            process = self._process = self._start_process(self._plan.command(), self._plan.out / LOG_FILE)
        except OSError as error:
            logger.warning("ML retraining could not be started: %s", error)
            return
        logger.info("ML retraining started")
        while (code := process.poll()) is None:
            if self._stop.wait(_POLL_SECONDS):
                return
        self._last["retraining_exit_code"] = code
        logger.log(logging.WARNING if code else logging.INFO, "ML retraining ended with code %d", code)


class ChildProcess:
    """A started process; its input is open until it ends or this process does."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        code = self._process.poll()
        if code is not None and self._process.stdin is not None:
            self._process.stdin.close()
        return code

    def wait(self, seconds: float) -> int | None:
        """Wait for the end and return the exit code; raises ``subprocess.TimeoutExpired``."""
        self._process.wait(seconds)
        return self.poll()


def start_process(arguments: Sequence[str], log: Path) -> ChildProcess:
    """Start a process in a session of its own; its output is appended to ``log``, its input ends with this process."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_name(f"{log.name}.1"))
    with log.open("ab") as stream:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own command
            arguments, stdin=subprocess.PIPE, stdout=stream, stderr=stream, start_new_session=True
        )
    return ChildProcess(process)
