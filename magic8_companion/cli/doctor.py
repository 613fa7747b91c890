"""``magic8 doctor``: check everything once and name the fix of each problem."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Final

import click

from magic8_companion.command_line import DONE, command, echo, market_options, new_table, print_json, print_table
from magic8_companion.command_line import FAILED as EXIT_FAILED
from magic8_companion.doctor.check import FAILED, OK, WARNING, Check, is_fit
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.ports import MarketData
from magic8_companion.settings.given import command_settings
from magic8_companion.unified_config import Settings, setting_names

_GUEST_ID: Final = 100
_FEED_LIMIT_FACTOR: Final = 2
_SENTENCE: Final = "follow the sentence, then run the doctor again"
_STYLES: Final = {OK: "green", WARNING: "yellow", FAILED: "bold red"}

ABOUT: Final = """Check settings, clock, calendar, folders, model and feed; print each problem and its fix.

Exit code 0: no check failed.  1: a check failed.
"""


@command("doctor", ABOUT)
@market_options
@click.option("--no-feed", is_flag=True, help="skip the data feed")
@click.option("--json", "as_json", is_flag=True, help="print JSON instead of a table")
def doctor(*, no_feed: bool, as_json: bool, **given: str | None) -> int:
    """Examine and print."""
    logging.basicConfig(level=logging.CRITICAL)  # the findings are the output
    checks = examine(given, ask_feed=not no_feed)
    if as_json:
        found = {"fit": is_fit(checks), "checks": [asdict(check) for check in checks]}
        print_json(found)
    else:
        _print(checks)
    return DONE if is_fit(checks) else EXIT_FAILED


def _print(checks: Sequence[Check]) -> None:
    table = new_table("check", "status", "result")
    for check in checks:
        fix = f"\n-> {check.fix}" if check.fix else ""
        table.add_row(check.name, check.status, check.result + fix, style=_STYLES.get(check.status))
    print_table(table)
    failures = sum(check.status == FAILED for check in checks)
    echo(f"\n{failures} of {len(checks)} checks failed" if failures else "\nnothing failed")


def examine(given: Mapping[str, object], *, ask_feed: bool = True) -> list[Check]:
    """Return every finding for the settings of the environment and those ``given``; wrong settings end it at once."""
    try:
        settings = command_settings(given)
    except ConfigError as error:
        fix = "correct it in the environment, in .env or on the command line"
        return [Check(name="settings", status=FAILED, result=problem, fix=fix) for problem in error.problems]
    from magic8_companion.clocks import SystemClock  # noqa: PLC0415  # wrong settings need no more
    from magic8_companion.doctor.machine import machine_checks  # noqa: PLC0415  # as above
    from magic8_companion.doctor.model import model_check  # noqa: PLC0415  # as above

    changed = len(settings.model_fields_set - {"magic8_path"})
    result = f"{len(setting_names())} known, {changed} given; provider {settings.market_data_provider}"
    checks = [Check(name="settings", status=OK, result=result), *machine_checks(settings, SystemClock())]
    if settings.market_data_provider != "simulated" or "ml_path" in settings.model_fields_set:
        checks.append(model_check(settings))  # a simulated run trains its own model on first use
    if ask_feed:
        checks += asyncio.run(_feed_checks(settings, host_runs=_host_runs(checks)))
    return checks


def _host_runs(checks: Sequence[Check]) -> bool:
    return any(check.name == "second host" and check.status != OK for check in checks)


async def _feed_checks(settings: Settings, *, host_runs: bool) -> list[Check]:
    from magic8_companion.doctor.feed import FeedDoctor  # noqa: PLC0415  # see examine

    alone: dict[str, object] = {"ibkr_fallback_to_yahoo": False}
    if host_runs:  # the host has the connection with its own id
        alone["ib_client_id"] = settings.ib_client_id + _GUEST_ID
    asked = settings.model_copy(update=alone)
    limit_seconds = _FEED_LIMIT_FACTOR * asked.ib_request_timeout
    try:
        async with _provider(asked) as provider:
            return await FeedDoctor(provider, asked, limit_seconds).examine()
    except ConfigError as error:
        return [Check(name="feed", status=FAILED, result=problem, fix=_SENTENCE) for problem in error.problems]
    except DataUnavailable as error:
        return [Check(name="feed", status=FAILED, result=error.detail, fix="choose another day with M8C_REPLAY_DATE")]


@asynccontextmanager
async def _provider(settings: Settings) -> AsyncIterator[MarketData]:
    from magic8_companion.bootstrap import script_provider  # noqa: PLC0415  # see examine

    provider = script_provider(settings)
    try:
        yield provider
    finally:
        await provider.close()
