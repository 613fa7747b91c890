"""The supervisor replaces an extension that died or hangs, and leaves a healthy one alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from magic8_companion.clocks import ReplayClock
from magic8_companion.domain.errors import PluginUnavailable
from magic8_companion.engine.supervisor import Supervisor
from magic8_companion.ports import Host

START = datetime(2025, 4, 9, 14, 0, tzinfo=UTC)
INTERVAL = timedelta(minutes=5)
HOST = cast("Host", object())


class FakeExtension:
    """Beats until it is told to fall silent or to die; comes back when started, unless it cannot."""

    def __init__(self, clock: ReplayClock) -> None:
        self.clock, self.alive, self.silent_since, self.can_start = clock, True, None, True
        self.calls: list[str] = []

    def start(self, host: Host) -> None:
        self.calls.append("start")
        if not self.can_start:
            raise PluginUnavailable("ml_5min", "no model")
        self.alive, self.silent_since = True, None

    def stop(self) -> None:
        self.calls.append("stop")

    def join(self, timeout: float) -> bool:
        return True

    def health(self) -> Mapping[str, Any]:
        return {"alive": self.alive, "heartbeat": self.silent_since or self.clock.now()}


async def watch(clock: ReplayClock, extension: FakeExtension, intervals: int) -> Supervisor:
    """Let the supervisor look on for some intervals."""
    clock.enter("test")
    supervisor = Supervisor(extension, HOST, clock, INTERVAL)
    supervisor.start()
    await clock.sleep_until(START + intervals * INTERVAL + timedelta(seconds=1), "test")
    clock.leave("test")
    await supervisor.close()
    return supervisor


async def test_a_healthy_extension_is_left_alone() -> None:
    """A beating heart is not touched."""
    clock = ReplayClock(START)
    extension = FakeExtension(clock)
    assert (await watch(clock, extension, 12)).restarts == 0
    assert extension.calls == []


async def test_a_dead_extension_is_started_again() -> None:
    """A thread that ended is replaced at the next look, once."""
    clock = ReplayClock(START)
    extension = FakeExtension(clock)
    extension.alive = False
    assert (await watch(clock, extension, 3)).restarts == 1
    assert extension.calls == ["stop", "start"]


async def test_a_silent_extension_is_replaced_after_two_missed_intervals() -> None:
    """Silence counts from the last heartbeat; two intervals are borne, the third is not."""
    clock = ReplayClock(START)
    extension = FakeExtension(clock)
    extension.silent_since = START  # type: ignore[assignment]
    assert (await watch(clock, extension, 2)).restarts == 0
    clock = ReplayClock(START)
    extension = FakeExtension(clock)
    extension.silent_since = START  # type: ignore[assignment]
    assert (await watch(clock, extension, 3)).restarts == 1


async def test_a_start_that_fails_is_repeated_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Without a model the supervisor gives the reason once and tries again at every check."""
    clock = ReplayClock(START)
    extension = FakeExtension(clock)
    extension.alive, extension.can_start = False, False
    assert (await watch(clock, extension, 4)).restarts == 0
    assert extension.calls == ["stop", "start", "start", "start", "start"]
    assert len([record for record in caplog.records if "cannot be started" in record.message]) == 1


async def test_an_extension_that_was_refused_at_the_start_is_started_later() -> None:
    """A model that arrives after the start of the host is used from the next check on."""
    clock = ReplayClock(START)
    extension = FakeExtension(clock)
    extension.alive = False
    clock.enter("test")
    supervisor = Supervisor(extension, HOST, clock, INTERVAL)
    supervisor.start("no model")
    await clock.sleep_until(START + 2 * INTERVAL + timedelta(seconds=1), "test")
    clock.leave("test")
    await supervisor.close()
    assert extension.calls == ["start"]
    assert supervisor.restarts == 1
