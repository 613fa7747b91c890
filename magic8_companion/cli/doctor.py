"""``python -m magic8_companion doctor``: look at everything once and say what to repair."""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Final

import orjson

from magic8_companion.command_line import add_market_options
from magic8_companion.doctor.check import FAILED, OK, Check, is_fit, table
from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.ports import MarketData
from magic8_companion.unified_config import Settings, load_settings, setting_names

FIT: Final = 0
UNFIT: Final = 1

_GUEST_ID: Final = 100
_FEED_LIMIT_FACTOR: Final = 2
_SENTENCE: Final = "do what the sentence says, then ask the doctor again"


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    words = argparse.ArgumentParser(
        prog="python -m magic8_companion doctor",
        description="Check settings, clock, calendar, folders, model and feed; print what is wrong and how to repair "
        "it.  Exit code 0: nothing failed, 1: something did.",
    )
    add_market_options(words)
    words.add_argument("--no-feed", action="store_true", help="leave the feed alone")
    words.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return words


def doctor(argv: Sequence[str]) -> int:
    """Examine and print; return the exit code."""
    given = {name: value for name, value in vars(parser().parse_args(argv)).items() if value is not None}
    as_json, no_feed = given.pop("json"), given.pop("no_feed")
    logging.basicConfig(level=logging.CRITICAL)  # the findings are the output
    checks = examine(given, ask_feed=not no_feed)
    if as_json:
        print(orjson.dumps({"fit": is_fit(checks), "checks": [asdict(check) for check in checks]}).decode())
    else:
        print(table(checks))
        failures = sum(check.status == FAILED for check in checks)
        print(f"\n{failures} of {len(checks)} checks failed" if failures else "\nnothing failed")
    return FIT if is_fit(checks) else UNFIT


def examine(overrides: dict[str, object], *, ask_feed: bool = True) -> list[Check]:
    """Return every finding for the settings of the environment and ``overrides``; wrong settings end it at once."""
    try:
        settings = load_settings(overrides=overrides)
    except ConfigError as error:
        fix = "correct it in the environment, in .env or on the command line"
        return [Check(name="settings", status=FAILED, result=problem, fix=fix) for problem in error.problems]
    from magic8_companion.clocks import SystemClock  # noqa: PLC0415  # wrong settings are told without the rest
    from magic8_companion.doctor.machine import machine_checks  # noqa: PLC0415  # as above
    from magic8_companion.doctor.model import model_check  # noqa: PLC0415  # as above

    changed = len(settings.model_fields_set - {"magic8_path"})
    told = f"{len(setting_names())} known, {changed} given; provider {settings.market_data_provider}"
    checks = [Check(name="settings", status=OK, result=told), *machine_checks(settings, SystemClock())]
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
