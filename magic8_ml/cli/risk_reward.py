"""``magic8 risk-reward``: max loss, max profit and break-evens of an order."""

from __future__ import annotations

from typing import Any, Final

import click

from magic8_companion.command_line import command, echo, print_json
from magic8_companion.domain.errors import OrderRefused
from magic8_companion.options.risk_reward import RiskReward, calculate_risk_reward

_STRATEGIES: Final = "Butterfly, Iron_Butterfly, Iron_Condor (or Sonar), Vertical, Call_Spread, Put_Spread"
_EFFECT: Final = "overrides the action; a premium of 0 needs it"


@command("risk-reward", "Calculate max loss, max profit and break-evens of an order.")
@click.option(
    "--strategy",
    required=True,
    help="Butterfly, Iron_Butterfly, Iron_Condor (or Sonar), Vertical, Call_Spread, Put_Spread",
)
@click.option("--strikes", required=True, help="in any order, such as 5905,5855,5805")
@click.option("--premium", required=True, type=float, help="net price per unit in points")
@click.option("--action", required=True, help="BUY pays the premium, SELL receives it")
@click.option("--quantity", type=int, default=1, show_default=True, help="units")
@click.option("--right", help="CALL or PUT, for verticals and butterflies of unequal wings")
@click.option("--multiplier", type=float, default=100, show_default=True, help="dollars per point")
@click.option("--fees", type=float, default=0.0, show_default=True, help="dollars per contract and leg")
@click.option("--price-effect", type=click.Choice(["debit", "credit"]), help=_EFFECT)
@click.option("--json", "as_json", is_flag=True, help="print JSON instead of text")
def risk_reward_command(
    *,
    strategy: str,
    strikes: str,
    premium: float,
    action: str,
    quantity: int,
    right: str | None,
    as_json: bool,
    **terms: Any,  # noqa: ANN401  # of calculate_risk_reward
) -> None:
    """Calculate and print."""
    answer = calculate_risk_reward(strategy, _strikes(strikes), premium, action, quantity, right, **terms)
    if as_json:
        print_json(answer.as_dict())
    else:
        echo(_readable(answer))


def _strikes(text: str) -> list[float]:
    try:
        return [float(strike) for strike in text.replace("/", ",").split(",")]
    except ValueError:
        raise OrderRefused("bad_number", f"strikes are numbers separated by commas, not {text!r}") from None


def _readable(answer: RiskReward) -> str:
    ratio = "-" if answer.risk_reward is None else f"{answer.risk_reward:.2f}"
    levels = ", ".join(f"{level:.10g}" for level in answer.breakevens)
    return (
        f"max loss    {answer.max_loss:,.2f} $\nmax profit  {answer.max_profit:,.2f} $\nreward/risk {ratio}\n"
        f"break-even  {levels or '-'}\nfees        {answer.fees:,.2f} $ (included above)"
    )
