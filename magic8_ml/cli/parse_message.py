"""``magic8 parse-message FILE|-``: predictions and orders of a Discord message."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import click

from magic8_companion.command_line import DONE, FAILED, FILE, command, echo, print_json
from magic8_companion.options.order_line import written_strikes
from magic8_ml.cli.options import INSTANT, read_message
from magic8_ml.messages.parser import EnhancedDiscordParser
from magic8_ml.messages.values import Message, Trade

_AT: Final = "time of the message, ISO 8601, UTC by default; completes dates without a year and rejects expired orders"


ABOUT: Final = """Read predictions, orders and risk of a Discord message in FILE (- is standard input).

Exit code 0: done.  1: a line was refused (every other line is read), or there is no such file.
"""


@command("parse-message", ABOUT)
@click.argument("file", type=FILE)
@click.option("--at", type=INSTANT, help=_AT)
@click.option("--json", "as_json", is_flag=True, help="print metadata, predictions, trades and errors as JSON")
def parse_message_command(file: Path, at: datetime | None, *, as_json: bool) -> int:
    """Read one message; rejected lines are part of the answer, and of the exit code."""
    message = EnhancedDiscordParser().parse(read_message(file), time=at)
    if as_json:
        print_json(message.as_dict())
    else:
        echo(_readable(message))
    return FAILED if message.errors else DONE


def _readable(message: Message) -> str:
    predictions = [f"{name} {value:g}" for name, value in message.predictions.as_dict().items() if value is not None]
    lines = [f"symbol       {message.metadata.symbol or '-'}", f"predictions  {', '.join(predictions) or '-'}"]
    lines += [f"position     {position.text} ({position.strategy})" for position in message.metadata.positions]
    lines += [_trade(trade) for trade in message.trades]
    lines += [f"line {error.line}: {error.code}: {error.message}: {error.text}" for error in message.errors]
    return "\n".join(lines)


def _trade(trade: Trade) -> str:
    order, risk = trade.order, trade.risk
    strikes = written_strikes(risk.legs)
    return (
        f"line {trade.line}: {order.action} {order.quantity} {order.strategy} {order.symbol} {strikes}"
        f" {order.option_type or ''} {order.premium:g} {order.price_effect}:"
        f" risk {risk.max_loss:,.2f} $, reward {risk.max_profit:,.2f} $,"
        f" break-even {', '.join(f'{level:g}' for level in risk.breakevens)}"
    )
