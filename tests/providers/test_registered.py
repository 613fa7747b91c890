"""The status of a provider of another package is never better than the kind that it declares."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from magic8_companion.domain.connection import ConnectionState
from magic8_companion.ports import Monitored
from magic8_companion.providers.registered import MonitoredPluginProvider, PluginProvider, is_live_provider
from tests.providers.makers import DAY, SetClock, new_york
from tests.third_party.magic8_example.provider import RisingMarket


class Boastful(RisingMarket):
    """A provider that reports whatever status the test sets, and knows its connection."""

    status = "live"

    async def watch(self, symbols: Sequence[str]) -> None:
        """Keep the symbols."""
        self.watched = tuple(symbols)

    def connection(self) -> ConnectionState | None:
        """Return nothing: nothing was asked."""
        return None


@pytest.mark.parametrize(
    ("kind", "reported", "published"),
    [
        ("simulated", "live", "simulated"),
        ("replay", "delayed", "replay"),
        ("live", "live", "live"),
        ("live", "delayed", "delayed"),
        ("live", "simulated", "stale"),
        ("live", "realtime", "stale"),
    ],
)
def test_only_a_live_provider_can_be_live(kind: str, reported: str, published: str) -> None:
    """Other kinds keep their kind; a status that no live source has counts as stale."""
    provider = Boastful(SetClock(new_york(DAY, 12)))
    provider.status = reported
    assert PluginProvider(provider, kind).status == published


def test_a_monitored_provider_stays_monitored() -> None:
    """The host watches its symbols; a provider without connection reports is not asked."""
    inner = Boastful(SetClock(new_york(DAY, 12)))
    held = MonitoredPluginProvider(inner, "live")
    assert isinstance(held, Monitored)
    assert not isinstance(PluginProvider(inner, "live"), Monitored)
    asyncio.run(held.watch(["SPX"]))
    assert (inner.watched, held.connection()) == (("SPX",), None)
    assert held.is_connected()
    asyncio.run(held.close())
    assert not held.is_connected()


def test_built_in_names_need_no_registration() -> None:
    """Their kind is known without looking for packages."""
    assert [is_live_provider(name) for name in ("ib", "yahoo", "replay", "simulated")] == [True, True, False, False]
