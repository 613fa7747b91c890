"""``python -m magic8_companion tickets --symbol SPX``: every structure of a chain, ranked by what it earns."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import time
from math import inf, nan
from pathlib import Path
from typing import Any

import orjson

from magic8_companion.cli.chain_source import add_chain_options, chosen_chain, settings_of
from magic8_companion.command_line import as_path
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.domain.option_chain import OptionChain


def tickets(argv: Sequence[str]) -> int:
    """Rank every butterfly, condor and vertical of a chain; return 0, or 2 with one sentence."""
    options = parser().parse_args(argv)
    try:
        sheet = _sheet(options)
        if options.json is not None and options.json != Path("-"):
            options.json.write_bytes(_json(sheet))
    except DataUnavailable as error:
        print(error, file=sys.stderr)
        return 2
    except ConfigError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{options.json} cannot be written: {error.strerror or error}", file=sys.stderr)
        return 2
    print(_json(sheet).decode().rstrip() if options.json == Path("-") else "\n".join(_lines(sheet)))
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    words = argparse.ArgumentParser(
        prog="python -m magic8_companion tickets",
        description="Rank every butterfly, condor and vertical of a chain.  "
        "Exit code 0: done, 2: no such chain or a wrong setting, said in one sentence.",
    )
    add_chain_options(words)
    numbers = (
        ("--deviation", "RATIO", (0.1, 10), 1.0, "your view: the market's deviation to the close times this (1)"),
        ("--max-width", "POINTS", (0.01, 1e6), None, "widest wing in points (default: the setting)"),
        ("--max-margin", "DOLLARS", (1, 1e9), None, "most dollars at risk per unit (default: the setting)"),
        ("--min-win", "P", (0, 1), 0.0, "least win probability, 0..1 (default 0)"),
        ("--top", "N", (0, 1e6), 10, "how many ranks are listed (default 10)"),
    )
    for name, metavar, bounds, default, meaning in numbers:
        words.add_argument(name, metavar=metavar, type=_number(*bounds), default=default, help=meaning)
    words.add_argument("--json", metavar="FILE", type=as_path, help="where everything goes as JSON; - prints it")
    return words


def _number(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {low:g} to {high:g}")
        return value

    return read


def _sheet(options: argparse.Namespace) -> dict[str, Any]:
    from magic8_companion.engine.config import TicketConfig  # noqa: PLC0415  # after --help
    from magic8_companion.engine.ticket_search import fees_under, limits_of  # noqa: PLC0415  # after --help
    from magic8_companion.options.candidates import Kind  # noqa: PLC0415  # after --help
    from magic8_companion.options.chain_quotes import clean_chain  # noqa: PLC0415  # after --help
    from magic8_companion.options.smile import fit_smile  # noqa: PLC0415  # after --help
    from magic8_companion.options.ticket_sheet import View, ticket_sheet  # noqa: PLC0415  # after --help
    from magic8_companion.settings.rooms import config_of  # noqa: PLC0415  # after --help

    settings = settings_of(options)
    chain, usual = chosen_chain(options, settings), config_of(TicketConfig, settings)
    quotes = clean_chain(chain)
    smile = fit_smile(quotes)
    limits = limits_of(chain.spot, quotes.forward * smile.atm_total_vol, None, usual)
    width = options.max_width or limits.max_width
    limits = replace(
        limits,
        min_width=min(limits.min_width, width),
        max_width=width,
        max_margin=options.max_margin or usual.max_margin or width * quotes.product.multiplier,
        min_win_probability=options.min_win,
        max_body_distance=inf,
        kinds=tuple(Kind),
    )
    view = View(
        limits=limits,
        fees=fees_under(usual, chain.symbol),
        ratio=options.deviation,
        ranks=int(options.top),
        variance_left=_variance_left(chain),
    )
    return ticket_sheet(quotes, smile, view)


def _variance_left(chain: OptionChain) -> dict[str, float]:
    # at each full hour to come, as a share of what is left now
    from magic8_companion.analysis.volatility import variance_share_left  # noqa: PLC0415  # after --help
    from magic8_companion.domain.trading_day import require_session  # noqa: PLC0415  # after --help

    session = require_session(chain.expiry)
    now = variance_share_left(session, chain.as_of)
    hours = {f"{hour}:00": session.at(time(hour)) for hour in range(10, 16)}
    later = {wall: at for wall, at in hours.items() if chain.as_of < at < session.close_at}
    return {wall: variance_share_left(session, at) / now for wall, at in later.items()}


def _json(sheet: Mapping[str, Any]) -> bytes:
    return orjson.dumps(sheet, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _lines(sheet: Mapping[str, Any]) -> list[str]:
    best = {row["ticket"] for row in sheet["pareto"]}
    lines = [*_head(sheet), ""]
    for name, found in sheet["tickets"].items():
        lines.append(f"{name}: {found['ticket'] or 'no ticket'}  ({found['reason']})")
        lines += [] if found["ticket"] is None else [f"  {_odds(found)}", *(f"  {said}" for said in found["warnings"])]
    lines += ["", f"{sheet['passing']:,} of {sheet['candidates']:,} candidates pass; * is not beaten in every respect"]
    marked = (("*" if row["ticket"] in best else " ", row) for row in sheet["ranked"])
    return [*lines, *(f"{mark} {row['ticket']:70} {_odds(row)}" for mark, row in marked)]


def _head(sheet: Mapping[str, Any]) -> list[str]:
    move = sheet["expected_move"]
    where = f"{sheet['symbol']} {sheet['as_of']}  spot {sheet['spot']:g}  forward {sheet['forward']:g}"
    moves = f"expected move {move['straddle']:.2f} (straddle), {move['smile']:.2f} (smile)"
    later = ", ".join(f"{points:.2f} from {wall}" for wall, points in sheet["expected_move_later"].items())
    view = f"view: {sheet['deviation_ratio']:g} x the market's deviation"
    return [
        f"{where}  {sheet['minutes_to_settlement']:g} minutes to settlement",
        f"{moves}  at-the-money volatility {sheet['atm_vol']:.1%}  {view}",
        *([f"of which will be left: {later}"] if later else []),
        *(f"problem: {problem}" for problem in sheet["problems"]),
        *(f"stale: {leg}" for leg in sheet["stale"]),
    ]


def _odds(row: Mapping[str, Any]) -> str:
    value = " / ".join(f"{value:+.2f}" for value in row["expected_value"].values())
    bounds = f"loses {row['max_loss']:.0f} $, wins {row['max_profit']:.0f} $"
    return f"win {row['win_probability']:.1%}, expected {value} $, worst 5 % {row['cvar']:.0f} $, {bounds}"
