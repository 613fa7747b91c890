"""``python -m magic8_companion gamma --symbol SPX``: the gamma exposure of a chain, as JSON and as a picture."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from magic8_companion.cli.chain_source import add_chain_options, chosen_chain, settings_of
from magic8_companion.command_line import as_path
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.domain.option_chain import OptionChain

if TYPE_CHECKING:  # --help must not load numpy
    from magic8_companion.reports.gamma_page import GammaReport
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
    add_chain_options(words)
    words.add_argument("--json", metavar="FILE", type=as_path, help="where the JSON goes; - prints it")
    picture = "where the picture goes: .html or .svg"
    words.add_argument("--picture", metavar="FILE", type=as_path, action="append", help=picture)
    return words


def _written(options: argparse.Namespace) -> list[str]:
    from magic8_companion.reports.gamma_page import picture_of  # noqa: PLC0415  # after --help

    settings = settings_of(options)
    report = _report(chosen_chain(options, settings), settings)
    shown = report.as_dict()
    text = orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if options.json == Path("-"):
        return [text.decode().rstrip()]
    json_path, pictures = options.json, options.picture or []
    if json_path is None and not pictures:
        name = f"{options.symbol}_{shown['as_of'].replace(':', '').replace('-', '')}"
        folder = settings.run_output_dir / "gamma"
        json_path, pictures = folder / f"{name}.json", [folder / f"{name}.html"]
    files = {path: picture_of(report, path.suffix.lower()) for path in pictures}
    if json_path is not None:
        files = {json_path: text, **files}
    for path, data in files.items():
        _write(path, data)
    return [_sentence(shown), *(f"written: {path}" for path in files)]


def _report(chain: OptionChain, settings: Settings) -> GammaReport:
    from magic8_companion.analysis.gamma import gamma_profile  # noqa: PLC0415  # after --help
    from magic8_companion.domain.trading_day import require_session  # noqa: PLC0415  # after --help
    from magic8_companion.reports.gamma_page import GammaReport  # noqa: PLC0415  # after --help

    minutes = require_session(chain.expiry).minutes_to_close(chain.as_of)
    profile = gamma_profile(chain, minutes, settings.gamma_regime_thresholds)
    if profile is None:
        raise DataUnavailable("no_open_interest", f"no option of {chain.symbol} has open interest and a volatility")
    return GammaReport(
        symbol=chain.symbol,
        spot=chain.spot,
        source=chain.source,
        minutes_to_close=round(minutes, 2),
        profile=profile,
    )


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
