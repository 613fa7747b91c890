"""The chain a command works on: from one file, a folder of recordings or a provider, as its options say."""

from __future__ import annotations

import argparse
import asyncio
from datetime import time
from typing import TYPE_CHECKING

from magic8_companion.command_line import as_path, day
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.strategy import canonical_symbol

if TYPE_CHECKING:  # --help must not load numpy
    from magic8_companion.unified_config import Settings


def add_chain_options(words: argparse.ArgumentParser) -> None:
    """Add the options that choose a chain."""
    words.add_argument("--symbol", default="SPX", type=canonical_symbol, help="underlying (default SPX)")
    words.add_argument("--provider", dest="market_data_provider", metavar="NAME", help="ib, yahoo, replay or simulated")
    words.add_argument("--date", dest="replay_date", metavar="DAY", type=day, help="recorded or simulated day")
    wall_time = "New York time of that day; recorded: the last chain"
    words.add_argument("--time", metavar="HH:MM", type=_wall_time, help=wall_time)
    folder = "folder of recordings for provider replay"
    words.add_argument("--replay-dir", dest="replay_path", metavar="DIR", help=folder)
    words.add_argument("--chain-file", metavar="FILE", type=as_path, help="one parquet or CSV file of recorded chains")


def settings_of(options: argparse.Namespace) -> Settings:
    """Return the settings in force, with what the options say in their place."""
    from magic8_companion.unified_config import load_settings  # noqa: PLC0415  # after --help

    given = {name: getattr(options, name) for name in ("market_data_provider", "replay_date", "replay_path")}
    return load_settings(overrides={name: value for name, value in given.items() if value is not None})


def chosen_chain(options: argparse.Namespace, settings: Settings) -> OptionChain:
    """Return the chain.

    Raises
    ------
    DataUnavailable
        What the file, the recordings or the provider say.
    ConfigError
        When provider replay has no folder or no day.
    """
    from magic8_companion.recordings.chains import chain_in_file  # noqa: PLC0415  # after --help

    if options.chain_file is not None:
        if not options.chain_file.is_file():
            raise DataUnavailable("no_chain_recorded", f"{options.chain_file} is no file")
        return chain_in_file(options.chain_file, options.symbol, options.replay_date)
    if settings.market_data_provider == "replay" and options.time is None:
        return _last_recorded(options.symbol, settings)
    return asyncio.run(_provided(options.symbol, options.time, settings))


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
        raise ConfigError(["say which recorded day with --date YYYY-MM-DD"])
    return RecordedChains(BarFolder(settings.path(settings.replay_path))).last(symbol, settings.replay_date)


def _wall_time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 09:35") from None
