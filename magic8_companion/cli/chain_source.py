"""The option chain of a command: from one file, a folder of recordings or a provider."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from magic8_companion.command_line import DAY, FILE, Decorated, TextType, options
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.strategy import canonical_symbol

if TYPE_CHECKING:  # --help must not load numpy
    from magic8_companion.unified_config import Settings


JSON_HELP: Final = "write JSON to a file; without FILE, or with -, print it"


def _wall_time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time such as 09:35") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRequest:
    """The options that choose a chain; names are those of :func:`chain_options`."""

    symbol: str
    market_data_provider: str | None
    replay_date: date | None
    wall_time: time | None
    replay_path: str | None
    chain_file: Path | None

    def settings(self) -> Settings:
        """Return the settings in force, replaced by the options that are given."""
        from magic8_companion.unified_config import load_settings  # noqa: PLC0415  # after --help

        given = {name: getattr(self, name) for name in ("market_data_provider", "replay_date", "replay_path")}
        return load_settings(overrides={name: value for name, value in given.items() if value is not None})


def chain_options(function: Decorated) -> Decorated:
    """Add the options that choose a chain."""
    wall_time = "New York time of that day; default for recordings: the last chain"
    return options(
        click.option(
            "--symbol", type=TextType("symbol", canonical_symbol), default="SPX", help="underlying (default SPX)"
        ),
        click.option("--provider", "market_data_provider", metavar="NAME", help="ib, yahoo, replay or simulated"),
        click.option("--date", "replay_date", type=DAY, help="recorded or simulated day"),
        click.option("--time", "wall_time", metavar="HH:MM", type=TextType("time", _wall_time), help=wall_time),
        click.option("--replay-dir", "replay_path", metavar="DIR", help="folder of recordings for provider replay"),
        click.option("--chain-file", type=FILE, help="one parquet or CSV file of recorded chains"),
    )(function)


def load_chain(request: ChainRequest, settings: Settings) -> OptionChain:
    """Return the chain from a file, the recordings or the provider.

    Raises
    ------
    DataUnavailable
        When the file, the recordings or the provider have no such chain.
    ConfigError
        When provider replay has no folder or no day.
    """
    from magic8_companion.recordings.chains import chain_in_file  # noqa: PLC0415  # after --help

    if request.chain_file is not None:
        if not request.chain_file.is_file():
            raise DataUnavailable("no_chain_recorded", f"{request.chain_file} is not a file")
        return chain_in_file(request.chain_file, request.symbol, request.replay_date)
    if settings.market_data_provider == "replay" and request.wall_time is None:
        return _last_recorded(request.symbol, settings)
    return asyncio.run(_provided(request.symbol, request.wall_time, settings))


async def _provided(symbol: str, wall: time | None, settings: Settings) -> OptionChain:
    from magic8_companion.bootstrap import SCRIPT_TIME, script_provider  # noqa: PLC0415  # a file needs no provider

    provider = script_provider(settings, wall or SCRIPT_TIME)
    try:
        return OptionChain.from_envelope(await provider.get_option_chain(symbol))
    finally:
        await provider.close()


def _last_recorded(symbol: str, settings: Settings) -> OptionChain:
    from magic8_companion.recordings.bar_folder import BarFolder  # noqa: PLC0415  # after --help
    from magic8_companion.recordings.chains import RecordedChains  # noqa: PLC0415  # after --help

    if settings.replay_path is None:
        raise ConfigError(["provider replay needs a folder of recordings: set M8C_REPLAY_PATH or --replay-dir"])
    if settings.replay_date is None:
        raise ConfigError(["provider replay needs a day: set M8C_REPLAY_DATE or --date"])
    return RecordedChains(BarFolder(settings.path(settings.replay_path))).last(symbol, settings.replay_date)
