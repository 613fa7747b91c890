"""Providers of other packages: found by entry point, and held to the status that they declare.

The kind of a provider decides about clock and folders before anything is asked of it.  Only a provider of kind
``live`` runs on the system clock and may be tradable; the data of any other kind keep their kind as status, whatever
the provider reports later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

import pandas as pd

from magic8_companion.domain.codes import DataStatus
from magic8_companion.domain.connection import ConnectionState
from magic8_companion.domain.errors import ConfigError, PluginUnavailable
from magic8_companion.domain.market_state import DELAYED, LIVE, REPLAY, SIMULATED, STALE
from magic8_companion.plugins import PROVIDERS, load_plugin, registered_names
from magic8_companion.ports import Clock, MarketData, Monitored

NAMES: Final = ("ib", "yahoo", "replay", "simulated")
"""The built-in providers; a plugin cannot take one of these names."""

ALIASES: Final = {"file": "replay"}

_BUILT_IN_LIVE: Final = frozenset({"ib", "yahoo"})
_KINDS: Final = (LIVE, REPLAY, SIMULATED)
_LIVE_STATUSES: Final = frozenset({LIVE, DELAYED, STALE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPlugin:
    """What a package registers under ``magic8.providers``.

    ``kind`` is ``live``, ``replay`` or ``simulated``.  ``create`` gets the clock of the run: everything is answered as
    of ``clock.now()``.  The provider's ``name`` is the name of the entry point.

    >>> ProviderPlugin(kind="real", create=lambda clock: None)
    Traceback (most recent call last):
    ...
    ValueError: kind 'real' is unknown; use live, replay or simulated
    """

    kind: str
    create: Callable[[Clock], MarketData]

    def __post_init__(self) -> None:
        """Refuse a kind that the host does not know."""
        if self.kind not in _KINDS:
            raise ValueError(f"kind {self.kind!r} is unknown; use live, replay or simulated")


def canonical_name(name: str) -> str:
    """Return the name of a provider as it is published, whatever its case.

    Raises
    ------
    ConfigError
        For an unknown name; the sentence names the nearest valid one.

    >>> canonical_name("File"), canonical_name(" Simulated")
    ('replay', 'simulated')
    """
    wanted = name.strip().lower()
    wanted = ALIASES.get(wanted, wanted)
    if wanted in NAMES:
        return wanted
    known = (*NAMES, *registered_names(PROVIDERS))
    if wanted in known:
        return wanted
    near = get_close_matches(wanted, (*known, *ALIASES), n=1, cutoff=0.0)[0]
    raise ConfigError([f"there is no market data provider {name!r}; did you mean {near!r}? known: {', '.join(known)}"])


def is_live_provider(name: str) -> bool:
    """Tell whether a provider is a real feed, by its canonical name.

    >>> is_live_provider("ib"), is_live_provider("simulated")
    (True, False)
    """
    return name in _BUILT_IN_LIVE if name in NAMES else find_provider(name).kind == LIVE


def find_provider(name: str) -> ProviderPlugin:
    """Return what a package registered under a name.

    Raises
    ------
    ConfigError
        When the package cannot be imported, or registered something else.
    """
    try:
        plugin = load_plugin(PROVIDERS, name)
    except PluginUnavailable as error:
        raise ConfigError([f"provider {name}: {error.reason}"]) from error
    if not isinstance(plugin, ProviderPlugin):
        raise ConfigError([f"provider {name}: {type(plugin).__name__} is registered; register a ProviderPlugin"])
    return plugin


def create_registered(name: str, clock: Clock) -> MarketData:
    """Return a new provider of another package.

    Raises
    ------
    ConfigError
        When it cannot be loaded or created, or has another name than its entry point.
    """
    plugin = find_provider(name)
    try:
        provider = plugin.create(clock)
    except ConfigError:
        raise
    except Exception as error:  # a constructor of another package may raise anything
        raise ConfigError([f"provider {name} cannot be created: {type(error).__name__}: {error}"]) from error
    if provider.name != name:
        raise ConfigError([f"provider {name} calls itself {provider.name!r}; its name must be that of the entry point"])
    held = MonitoredPluginProvider if isinstance(provider, Monitored) else PluginProvider
    return held(provider, plugin.kind)


class PluginProvider:
    """A provider of another package, whose status can never be better than its kind."""

    def __init__(self, provider: MarketData, kind: str) -> None:
        self.name, self.loop_bound = provider.name, provider.loop_bound
        self.provider, self._kind = provider, DataStatus(kind)

    @property
    def status(self) -> DataStatus:
        """Return the kind of a provider that is not live; else live, delayed or stale as the provider reports.

        A status that no live source has counts as stale.
        """
        if self._kind != LIVE:
            return self._kind
        reported = self.provider.status
        return DataStatus(reported) if reported in _LIVE_STATUSES else STALE

    async def get_spot_price(self, symbol: str) -> float:
        """Return the last price in points."""
        return await self.provider.get_spot_price(symbol)

    async def get_historical_data(self, symbol: str, interval: str, period: str) -> pd.DataFrame:
        """Return the canonical bar frame."""
        return await self.provider.get_historical_data(symbol, interval, period)

    async def get_option_chain(self, symbol: str) -> dict[str, Any]:
        """Return today's 0DTE chain as the envelope of the host contract."""
        return await self.provider.get_option_chain(symbol)

    def is_connected(self) -> bool:
        """Tell whether requests can be answered now."""
        return self.provider.is_connected()

    async def close(self) -> None:
        """Release everything; may be called twice."""
        await self.provider.close()


class MonitoredPluginProvider(PluginProvider):
    """The same for a provider that reports the state of its connection."""

    provider: Any

    async def watch(self, symbols: Sequence[str]) -> None:
        """Begin to watch symbols on the running loop and return at once."""
        await self.provider.watch(symbols)

    def connection(self) -> ConnectionState | None:
        """Return the state of the connection now, from any thread."""
        state: ConnectionState | None = self.provider.connection()
        return state


_PORT: Final[type[MarketData]] = PluginProvider
_PORTS: Final[tuple[type[MarketData], type[Monitored]]] = (MonitoredPluginProvider, MonitoredPluginProvider)
