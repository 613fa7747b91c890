"""``python -m magic8_companion gamma --symbol SPX``: the gamma exposure of a chain, as JSON and as a picture."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from magic8_companion.command_line import day
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.strategy import canonical_symbol

if TYPE_CHECKING:  # --help must not load numpy
    from magic8_companion.unified_config import Settings


def gamma(argv: Sequence[str]) -> int:
    """Write the gamma object of a chain and its picture; return 0, or 2 with one sentence."""
    options = parser().parse_args(argv)
    try:
        for line in _written(options):
            print(line)
    except DataUnavailable as error:
        print(error.detail or error.reason, file=sys.stderr)
        return 2
    except ConfigError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    words = argparse.ArgumentParser(
        prog="python -m magic8_companion gamma",
        description="Show the gamma exposure of a chain: JSON and a picture, by default in the run's output folder.  "
        "Exit code 0: done, 2: no such chain or a wrong setting, said in one sentence.",
    )
    words.add_argument("--symbol", default="SPX", type=canonical_symbol, help="underlying (default SPX)")
    words.add_argument("--provider", dest="market_data_provider", metavar="NAME", help="ib, yahoo, replay or simulated")
    words.add_argument("--date", dest="replay_date", metavar="DAY", type=day, help="recorded or simulated day")
    words.add_argument(
        "--time", metavar="HH:MM", type=time.fromisoformat, help="New York time of that day; recorded: the last chain"
    )
    words.add_argument(
        "--replay-dir", dest="replay_path", metavar="DIR", help="folder of recordings for provider replay"
    )
    words.add_argument("--chain-file", metavar="FILE", type=Path, help="one parquet or CSV file of recorded chains")
    words.add_argument("--json", metavar="FILE", type=Path, help="where the JSON goes; - prints it")
    picture = "where the picture goes: .html or .png"
    words.add_argument("--picture", metavar="FILE", type=Path, action="append", help=picture)
    return words


def _written(options: argparse.Namespace) -> list[str]:
    from magic8_companion.output.gamma_picture import picture_of  # noqa: PLC0415  # after --help
    from magic8_companion.unified_config import load_settings  # noqa: PLC0415  # after --help

    given = {name: getattr(options, name) for name in ("market_data_provider", "replay_date", "replay_path")}
    settings = load_settings(overrides={name: value for name, value in given.items() if value is not None})
    shown = _shown(asyncio.run(_chain(options, settings)), settings)
    text = orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if options.json == Path("-"):
        return [text.decode().rstrip()]
    json_path, pictures = options.json, options.picture or []
    if json_path is None and not pictures:
        name = f"{options.symbol}_{shown['as_of'].replace(':', '').replace('-', '')}"
        folder = settings.run_output_dir / "gamma"
        json_path, pictures = folder / f"{name}.json", [folder / f"{name}.html"]
    files = {path: picture_of(shown, path.suffix.lower()) for path in pictures}
    if json_path is not None:
        files = {json_path: text, **files}
    for path, data in files.items():
        _write(path, data)
    return [_sentence(shown), *(f"written: {path}" for path in files)]


async def _chain(options: argparse.Namespace, settings: Settings) -> OptionChain:
    from magic8_companion.recordings.chains import chain_in_file  # noqa: PLC0415  # after --help

    if options.chain_file is not None:
        if not options.chain_file.is_file():
            raise DataUnavailable("no_chain_recorded", f"{options.chain_file} is no file")
        return chain_in_file(options.chain_file, options.symbol, options.replay_date)
    if settings.market_data_provider == "replay" and options.time is None:
        return _last_recorded(options.symbol, settings)
    from magic8_companion.bootstrap import SCRIPT_TIME, script_provider  # noqa: PLC0415  # a file needs no provider

    provider = script_provider(settings, options.time or SCRIPT_TIME)
    try:
        return OptionChain.from_envelope(await provider.get_option_chain(options.symbol))
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


def _shown(chain: OptionChain, settings: Settings) -> dict[str, Any]:
    from magic8_companion.analysis.gamma import gamma_profile  # noqa: PLC0415  # after --help
    from magic8_companion.domain.trading_day import require_session  # noqa: PLC0415  # after --help

    minutes = require_session(chain.expiry).minutes_to_close(chain.as_of)
    profile = gamma_profile(chain, minutes, settings.gamma_regime_thresholds)
    if profile is None:
        raise DataUnavailable("no_open_interest", f"no option of {chain.symbol} has open interest and a volatility")
    head = {"symbol": chain.symbol, "spot": chain.spot, "source": chain.source, "minutes_to_close": round(minutes, 2)}
    return {**head, **profile.as_dict()}


def _sentence(shown: dict[str, Any]) -> str:
    flip = "no flip within 3 %" if shown["gamma_flip"] is None else f"flip {shown['gamma_flip']:.2f}"
    walls = f"walls {shown['put_wall'] or 'none'} / {shown['call_wall'] or 'none'}"
    return (
        f"{shown['symbol']} {shown['as_of']} spot {shown['spot']:g}: net {shown['net_gex'] / 1e9:+.2f} bn $ per 1 %"
        f" ({shown['regime']}, {shown['magnitude']}), {flip}, {walls}, assuming {shown['convention']}"
    )


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise ConfigError([f"{path} cannot be written: {error.strerror or error}"]) from error
