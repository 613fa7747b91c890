"""``magic8 tickets --symbol SPX``: every structure of a chain, ranked by expected value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time
from math import inf, nan
from pathlib import Path
from textwrap import fill
from typing import Any, Final

import click

from magic8_companion.cli.chain_source import JSON_HELP, ChainRequest, chain_options, load_chain
from magic8_companion.command_line import (
    FILE,
    PLAIN_WIDTH,
    TextType,
    command,
    echo,
    json_bytes,
    new_table,
    print_table,
    write_file,
)
from magic8_companion.domain.market_state import SIMULATED, SIMULATED_NOTE
from magic8_companion.domain.option_chain import OptionChain

ABOUT: Final = """Rank every butterfly, condor and vertical of a chain by expected value.

Exit code 0: done.  1: no such chain, or a file cannot be written.  2: wrong options or settings.
"""


def _number(low: float, high: float) -> TextType[float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = nan
        if not low <= value <= high:
            raise ValueError(f"{text!r} is not a number from {low:g} to {high:g}")
        return value

    return TextType("number", read)


_DEVIATION: Final = "your view: the market's standard deviation to the close times this (default 1)"
_MARGIN: Final = "largest risk per unit in dollars (default: the setting)"


@command("tickets", ABOUT)
@chain_options
@click.option("--deviation", "ratio", metavar="RATIO", type=_number(0.1, 10), default=1.0, help=_DEVIATION)
@click.option(
    "--max-width", metavar="POINTS", type=_number(0.01, 1e6), help="widest wing in points (default: the setting)"
)
@click.option("--max-margin", metavar="DOLLARS", type=_number(1, 1e9), help=_MARGIN)
@click.option("--min-win", metavar="P", type=_number(0, 1), default=0.0, help="least win probability, 0..1 (default 0)")
@click.option("--top", metavar="N", type=_number(0, 1e6), default=10, help="number of ranks to list (default 10)")
@click.option("--json", "json_path", metavar="[FILE]", type=FILE, is_flag=False, flag_value="-", help=JSON_HELP)
def tickets(
    ratio: float,
    max_width: float | None,
    max_margin: float | None,
    min_win: float,
    top: float,
    json_path: Path | None,
    **chosen: Any,  # noqa: ANN401  # the options of ChainRequest
) -> None:
    """Rank the structures of a chain."""
    own = OwnLimits(ratio=ratio, max_width=max_width, max_margin=max_margin, min_win=min_win, ranks=int(top))
    sheet = _sheet(ChainRequest(**chosen), own)
    text = json_bytes(sheet)
    if json_path == Path("-"):
        click.echo(text.decode(), nl=False)
        return
    if json_path is not None:
        write_file(json_path, text)
    _print(sheet)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLimits:
    """The user's view and limits; None leaves a limit to the settings."""

    ratio: float
    max_width: float | None
    max_margin: float | None
    min_win: float
    ranks: int


def _sheet(request: ChainRequest, own: OwnLimits) -> dict[str, Any]:
    from magic8_companion.engine.config import TicketConfig  # noqa: PLC0415  # after --help
    from magic8_companion.engine.ticket_search import fees_under, limits_of  # noqa: PLC0415  # after --help
    from magic8_companion.options.candidates import StructureType  # noqa: PLC0415  # after --help
    from magic8_companion.options.fitted_chain import fit_chain  # noqa: PLC0415  # after --help
    from magic8_companion.options.ticket_sheet import SheetRequest, ticket_sheet  # noqa: PLC0415  # after --help
    from magic8_companion.settings.rooms import config_of  # noqa: PLC0415  # after --help

    settings = request.settings()
    chain, usual = load_chain(request, settings), config_of(TicketConfig, settings)
    quotes, smile = fit_chain(chain).require_fit()
    limits = limits_of(chain.spot, quotes.forward * smile.atm_total_vol, None, usual)
    width = own.max_width or limits.max_width
    limits = replace(
        limits,
        min_width=min(limits.min_width, width),
        max_width=width,
        max_margin=own.max_margin or usual.max_margin or width * quotes.product.multiplier,
        min_win_probability=own.min_win,
        max_body_distance=inf,
        kinds=tuple(StructureType),
    )
    view = SheetRequest(
        limits=limits,
        fees=fees_under(usual, chain.symbol),
        ratio=own.ratio,
        ranks=own.ranks,
        variance_left=_variance_left(chain),
    )
    return {"source": chain.source, **ticket_sheet(quotes, smile, view)}


def _variance_left(chain: OptionChain) -> dict[str, float]:
    # at each full hour to come, as a share of what is left now
    from magic8_companion.analysis.volatility import variance_share_left  # noqa: PLC0415  # after --help
    from magic8_companion.domain.trading_day import require_session  # noqa: PLC0415  # after --help

    session = require_session(chain.expiry)
    now = variance_share_left(session, chain.as_of)
    hours = {f"{hour}:00": session.at(time(hour)) for hour in range(10, 16)}
    later = {wall: at for wall, at in hours.items() if chain.as_of < at < session.close_at}
    return {wall: variance_share_left(session, at) / now for wall, at in later.items()}


def _print(sheet: Mapping[str, Any]) -> None:
    lines = [*_head(sheet), ""]
    for name, found in sheet["tickets"].items():
        lines += [f"{name}: {found['ticket'] or 'no ticket'}", f"  {found['reason']}"]
        lines += [] if found["ticket"] is None else [f"  {_odds(found)}", *(f"  {text}" for text in found["warnings"])]
    echo("\n".join(fill(line, PLAIN_WIDTH, subsequent_indent="    ") for line in lines))
    pareto = {row["ticket"] for row in sheet["pareto"]}
    echo(f"\n{sheet['passing']:,} of {sheet['candidates']:,} candidates pass; * is on the Pareto front")
    if not sheet["ranked"]:
        return
    heads = ("win", "expected value", "CVaR 5 %", "max loss", "max profit")
    table = new_table("", "ticket", *heads, right=heads)
    for row in sheet["ranked"]:
        marked = row["ticket"] in pareto
        table.add_row("*" if marked else "", row["ticket"], *_cells(row), style="bold" if marked else None)
    print_table(table)


def _head(sheet: Mapping[str, Any]) -> list[str]:
    move = sheet["expected_move"]
    market = f"{sheet['symbol']} {sheet['as_of']}  spot {sheet['spot']:g}  forward {sheet['forward']:g}"
    moves = f"expected move {move['straddle']:.2f} (straddle), {move['smile']:.2f} (smile)"
    later = ", ".join(f"{points:.2f} at {wall}" for wall, points in sheet["expected_move_later"].items())
    view = f"view: {sheet['deviation_ratio']:g} x the market's deviation"
    return [
        f"{market}  {sheet['minutes_to_settlement']:g} minutes to settlement",
        f"{moves}  at-the-money volatility {sheet['atm_vol']:.1%}  {view}",
        *([f"expected move remaining: {later}"] if later else []),
        *([SIMULATED_NOTE] if sheet["source"] == SIMULATED else []),
        *(f"problem: {problem}" for problem in sheet["problems"]),
        *(f"stale: {leg}" for leg in sheet["stale"]),
    ]


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    value = " / ".join(f"{'-' if value < 0 else ''}${abs(value):.2f}" for value in row["expected_value"].values())
    risk = (f"${row[name]:.0f}" for name in ("cvar", "max_loss", "max_profit"))
    return (f"{row['win_probability']:.1%}", value, *risk)


def _odds(row: Mapping[str, Any]) -> str:
    win, value, cvar, loss, profit = _cells(row)
    return f"win {win}, expected value {value}, CVaR 5 % {cvar}, max loss {loss}, max profit {profit}"
