"""Chain work over a whole day: each observed chain is cleaned once and fitted once, whoever reads it."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from magic8_companion.bootstrap import build_service, run_session
from magic8_companion.options.chain_quotes import clean_chain
from magic8_companion.options.smile import fit_smile
from magic8_companion.unified_config import load_settings

WATCHED: dict[CodeType, str] = {function.__code__: function.__name__ for function in (clean_chain, fit_smile)}
CHECKPOINTS = 4


@contextmanager
def counted_chain_work() -> Iterator[Counter[tuple[str, str, str]]]:
    """Count the calls of the watched functions in threads that begin now, by function, symbol and time of the chain."""
    calls: Counter[tuple[str, str, str]] = Counter()

    def observe(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and (name := WATCHED.get(frame.f_code)) is not None:
            given = frame.f_locals.get("chain", frame.f_locals.get("quotes"))
            calls[name, given.symbol, given.as_of.isoformat()] += 1

    threading.setprofile(observe)
    try:
        yield calls
    finally:
        threading.setprofile(None)


def test_a_whole_day_does_no_chain_work_twice(tmp_path: Path) -> None:
    """In mode enhanced gamma, Greeks and tickets of each symbol and checkpoint share one cleaning and one fit."""
    settings = load_settings(
        overrides={
            "market_data_provider": "simulated",
            "replay_date": "2025-06-26",
            "supported_symbols": "SPX,SPY",
            "system_complexity": "enhanced",
            "enable_ml_integration": False,
            "enable_ml_5min": False,
            "nonlive_output_dir": tmp_path,
        }
    )

    async def play() -> int:
        service = build_service(settings, asyncio.Event())
        async with service.engine:
            outcomes = await service.engine.run_day(run_session(settings))
        return sum(len(outcome.result.recommendations) for outcome in outcomes if outcome.result is not None)

    with counted_chain_work() as calls:
        assert asyncio.run(play()) == CHECKPOINTS * len(settings.supported_symbols)
    assert set(calls.values()) == {1}
    assert Counter(name for name, _, _ in calls) == dict.fromkeys(
        WATCHED.values(), CHECKPOINTS * len(settings.supported_symbols)
    )
