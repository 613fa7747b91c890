"""``python -m magic8_ml parse-message FILE|-``: read one Discord message and say what it means."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson

from magic8_companion.command_line import as_path
from magic8_companion.options.order_line import written_strikes
from magic8_ml.messages.parser import EnhancedDiscordParser
from magic8_ml.messages.values import Message, Trade


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("file", type=as_path, help="file that holds the message, or - for standard input")
    parser.add_argument("--json", action="store_true", help="print metadata, predictions, trades and errors as JSON")
    parser.add_argument(
        "--at",
        type=instant,
        help="when the message was sent, ISO 8601 (UTC unless it says otherwise): completes dates without a year and"
        " refuses expired orders",
    )


def run(args: argparse.Namespace) -> int:
    """Run it; return 0, or 2 if there is no such file.  Refused lines are part of the answer."""
    if args.file == Path("-"):
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
    elif args.file.is_file():
        text = args.file.read_bytes().decode("utf-8", "replace")
    else:
        print(f"{args.file} is no file", file=sys.stderr)
        return 2
    message = EnhancedDiscordParser().parse(text, time=args.at)
    print(
        orjson.dumps(message.as_dict(), option=orjson.OPT_NON_STR_KEYS | orjson.OPT_INDENT_2).decode()
        if args.json
        else _readable(message)
    )
    return 0


def instant(text: str) -> datetime:
    """Read the time of an option: ISO 8601, UTC unless it says otherwise."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time in ISO 8601") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _readable(message: Message) -> str:
    said = [f"{name} {value:g}" for name, value in message.predictions.as_dict().items() if value is not None]
    lines = [f"symbol       {message.metadata.symbol or '-'}", f"predictions  {', '.join(said) or '-'}"]
    lines += [f"position     {position['text']} ({position['strategy']})" for position in message.metadata.positions]
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
