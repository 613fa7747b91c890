"""``python -m magic8_ml risk-reward``: what an order can lose and win, and where it breaks even."""

from __future__ import annotations

import argparse
import sys

import orjson

from magic8_companion.domain.errors import OrderRefused
from magic8_companion.options.risk_reward import RiskReward, calculate_risk_reward


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--strategy", required=True, help="Butterfly, Iron_Butterfly, Iron_Condor (or Sonar), Vertical")
    parser.add_argument("--strikes", required=True, help="in any order, such as 5905,5855,5805")
    parser.add_argument("--premium", required=True, type=float, help="net price per unit in points")
    parser.add_argument("--action", required=True, help="BUY pays the premium, SELL receives it")
    parser.add_argument("--quantity", type=int, default=1, help="units (default 1)")
    parser.add_argument("--right", default="CALL", help="CALL (default) or PUT, for butterflies and verticals")
    parser.add_argument("--multiplier", type=float, default=100, help="dollars per point (default 100)")
    parser.add_argument("--fees", type=float, default=0.0, help="dollars per contract and leg (default 0)")
    effects = ("debit", "credit")
    parser.add_argument("--price-effect", choices=effects, help="overrides the action; a premium of 0 needs it")
    parser.add_argument("--json", action="store_true", help="print JSON instead of sentences")


def run(options: argparse.Namespace) -> int:
    """Run it; return 0, or 2 with one sentence when the order makes no sense."""
    try:
        answer = calculate_risk_reward(
            options.strategy,
            _strikes(options.strikes),
            options.premium,
            options.action,
            options.quantity,
            options.right,
            options.multiplier,
            options.fees,
            price_effect=options.price_effect,
        )
    except OrderRefused as refusal:
        print(refusal, file=sys.stderr)
        return 2
    print(
        orjson.dumps(answer.as_dict(), option=orjson.OPT_NON_STR_KEYS | orjson.OPT_INDENT_2).decode()
        if options.json
        else _readable(answer)
    )
    return 0


def _strikes(text: str) -> list[float]:
    try:
        return [float(strike) for strike in text.replace("/", ",").split(",")]
    except ValueError:
        raise OrderRefused("bad_number", f"strikes are numbers between commas, not {text!r}") from None


def _readable(answer: RiskReward) -> str:
    ratio = "-" if answer.risk_reward is None else f"{answer.risk_reward:.2f}"
    levels = ", ".join(f"{level:.10g}" for level in answer.breakevens)
    return (
        f"max loss    {answer.max_loss:,.2f} $\nmax profit  {answer.max_profit:,.2f} $\nreward/risk {ratio}\n"
        f"break-even  {levels or '-'}\nfees        {answer.fees:,.2f} $ (contained above)"
    )
