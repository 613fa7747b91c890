"""The first simulated run has no model yet: learn one from simulated history, by the command that users run."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress
from datetime import date, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from subprocess import PIPE
from typing import Final

import orjson

from magic8_companion.child_process import END_WITH_INPUT
from magic8_companion.domain.trading_day import Session, previous_session
from magic8_companion.durable import publishing
from magic8_companion.outside_files.plain_files import read_bytes
from magic8_companion.plugins import ML_SCORER
from magic8_companion.providers.bar_writer import write_bar_files
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_companion.settings.rooms import ml_folder
from magic8_companion.unified_config import Settings

logger = logging.getLogger(__name__)

_LIBRARY: Final = "xgboost"

HISTORY: Final = timedelta(days=400)
"""Calendar days of simulated history to learn from."""

OLDEST: Final = timedelta(days=45)
"""A simulated model that ends longer ago than this is learnt again."""


async def ensure_model(settings: Settings, session: Session, stop: asyncio.Event, *, verbose: bool = False) -> None:
    """Train the simulated model unless a fitting one is there; does nothing for other providers.

    ``verbose`` prints the stages and the report of the training.  A model fits when it was trained on the same
    simulated market, knows the symbols, and ends before the session.

    Raises
    ------
    PublishError
        When the simulated history cannot be written.
    """
    wants_ml = (settings.enable_ml_integration and settings.scorer == ML_SCORER) or settings.enable_ml_5min
    chosen_by_user = "ml_path" in settings.model_fields_set
    if settings.market_data_provider != "simulated" or not wants_ml or chosen_by_user or not _can_learn():
        return
    folder = ml_folder(settings)
    last = previous_session(session.day).day
    note = folder / "learnt_from.json"
    if _fits(note, settings, last):
        return
    print(f"First use: learning from simulated history up to {last} (once, some seconds).", file=sys.stderr)
    first = last - HISTORY
    bars = settings.run_output_dir / "bars"
    market = SimulatedMarket(settings.simulated_seed)
    with publishing(bars):
        files = await asyncio.to_thread(write_bar_files, bars, market, settings.supported_symbols, first, last)
    if await _train(settings, files[-1], first, last, stop, verbose=verbose):
        note.write_bytes(orjson.dumps(_origin(settings, last)))


async def _train(settings: Settings, vix: Path, first: date, last: date, stop: asyncio.Event, *, verbose: bool) -> bool:
    arguments = {
        "--bars-dir": vix.parent,
        "--vix": vix,
        "--symbols": ",".join(settings.supported_symbols),
        "--start-date": first,
        "--end-date": last,
        "--out": ml_folder(settings),
    }
    words = [str(word) for pair in arguments.items() for word in pair] + ["-v"] * verbose
    command = (sys.executable, "-m", "magic8_ml", "train", END_WITH_INPUT, "--simulated", *words)
    # in a session of its own: Ctrl-C reaches this process alone, which then ends the other with all its workers
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, start_new_session=True)
    imported = asyncio.create_task(asyncio.to_thread(_import_model_library))
    ended = asyncio.create_task(process.wait())
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not ended.done():
        with suppress(ProcessLookupError):  # it ended just now
            os.killpg(process.pid, signal.SIGKILL)
    code = await ended
    await imported
    if code and not stop.is_set():
        logger.warning("Training on simulated history ended with code %d; the run goes on with rules alone", code)
    return code == 0


def _import_model_library() -> None:
    # the day needs it as soon as the model is there, and one core is free until then
    with suppress(ImportError):
        import_module(_LIBRARY)


def _can_learn() -> bool:
    return find_spec(_LIBRARY) is not None and find_spec("magic8_ml") is not None


def _origin(settings: Settings, last: date) -> dict[str, object]:
    return {"seed": settings.simulated_seed, "symbols": list(settings.supported_symbols), "last": last.isoformat()}


def _fits(note: Path, settings: Settings, last: date) -> bool:
    try:
        origin = orjson.loads(read_bytes(note))
        age = last - date.fromisoformat(origin["last"])
        same = origin["seed"] == settings.simulated_seed
        return same and timedelta(0) <= age <= OLDEST and set(settings.supported_symbols) <= set(origin["symbols"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
