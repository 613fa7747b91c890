"""Create a provider by its name; an unknown name is an error, never another source."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from magic8_companion.domain.errors import ConfigError
from magic8_companion.ports import Clock, MarketData
from magic8_companion.providers.config import DEFAULTS
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.registered import NAMES, canonical_name, create_registered

logger = logging.getLogger(__name__)


def create_provider(
    name: str,
    clock: Clock,
    *,
    replay_path: Path | None = None,
    seed: int = DEFAULTS.seed,
    strikes_each_side: int = DEFAULTS.strikes_each_side,
    yahoo_server: str | None = None,
    fallback_to_yahoo: bool = False,
    ib_options: IBConfig | None = None,
) -> MarketData:
    """Return a new provider.

    Parameters
    ----------
    yahoo_server
        Address of a simulated Yahoo, used instead of Yahoo itself.
    fallback_to_yahoo
        With ``ib``: Yahoo answers requests that IB cannot, and its answers carry its name.
    ib_options
        Address and limits of the gateway; default is a paper TWS on this machine.

    Raises
    ------
    ConfigError
        When the name is unknown or its extra is not installed, or the replay folder is missing or empty.
    """
    wanted = canonical_name(name)
    if wanted not in NAMES:
        return create_registered(wanted, clock)
    # import each adapter only when it is chosen, because it needs its own libraries
    if wanted == "simulated":
        from magic8_companion.providers.simulated import SimulatedProvider  # noqa: PLC0415  # see above

        return SimulatedProvider(clock, seed=seed, strikes_each_side=strikes_each_side)
    if wanted == "replay":
        from magic8_companion.providers.replay import ReplayProvider  # noqa: PLC0415  # see above

        if replay_path is None:
            raise ConfigError(["provider replay needs a folder of recorded bars: set M8C_REPLAY_PATH or --replay-dir"])
        return ReplayProvider(replay_path, clock)
    if wanted == "yahoo":
        return _yahoo(clock, strikes_each_side, yahoo_server)
    first = _ib(clock, ib_options or IBConfig())
    if not fallback_to_yahoo:
        return first
    from magic8_companion.providers.fallback import FallbackProvider  # noqa: PLC0415  # see above

    try:
        second = _yahoo(clock, strikes_each_side, yahoo_server)
    except ConfigError as error:
        logger.warning("There is no fallback for IB: %s", error.problems[0])
        return first
    return FallbackProvider(first, second, clock)


def _ib(clock: Clock, options: IBConfig) -> MarketData:
    from magic8_companion.providers.ib.provider import IBProvider  # noqa: PLC0415  # see create_provider

    return IBProvider(clock, options)


def _yahoo(clock: Clock, strikes_each_side: int, server: str | None) -> MarketData:
    with _extra("yahoo", "yfinance"):
        from magic8_companion.providers.yahoo.provider import YahooProvider  # noqa: PLC0415  # see create_provider
    return YahooProvider(clock, strikes_each_side=strikes_each_side, server=server)


@contextmanager
def _extra(name: str, package: str) -> Iterator[None]:
    # vendor adapters need optional packages
    try:
        yield
    except ModuleNotFoundError as error:
        sentence = f"provider {name} needs the package {package}; run: pip install -e '.[{name}]'"
        raise ConfigError([sentence]) from error
