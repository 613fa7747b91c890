"""``magic8 settle``: find out what came of published entries, after their day has closed."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Final

import click

from magic8_companion.command_line import DAY, command, market_options

ABOUT: Final = """Settle the entries of past days: settlement price, result after fees, and whether the forecast held.

A live host settles by itself, after each close and, for missed days, at its start.  Without --day: every day that has
no outcomes, or some that may still become better known.

Exit code 0: done.  1: no data, or a file cannot be written.  2: wrong options or settings.  3: a host uses the folder.
"""


@command("settle", ABOUT)
@market_options
@click.option("--day", "only", type=DAY, help="settle this day only, again if it is settled already")
def settle(only: date | None, **given: object) -> None:
    """Settle and print one line for each day."""
    from magic8_companion import bootstrap  # noqa: PLC0415  # after --help
    from magic8_companion.settings.given import command_settings  # noqa: PLC0415  # after --help

    settings = command_settings(given)
    with bootstrap.output_lock(settings):
        settled = asyncio.run(bootstrap.settle_days(settings, None if only is None else [only]))
    click.echo("\n".join(map(str, settled)) or "nothing to settle")
