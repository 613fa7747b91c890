"""Time of everything a checkpoint adds to a chain: tickets with and without a model, measures, gamma, recording.

python benchmarks/tickets.py
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from datetime import date, time, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from magic8_companion.analysis import analyse
from magic8_companion.clocks import ReplayClock
from magic8_companion.domain.ml_result import Prediction, RemainingMove
from magic8_companion.domain.trading_day import require_session
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.engine.ticket_search import search_tickets
from magic8_companion.providers.simulated import SimulatedProvider
from magic8_companion.publishing.chain_recorder import ChainRecorder
from magic8_companion.scoring import create_scorer

REPEATS = 15


def milliseconds(work: Callable[[], object]) -> float:
    """Return the median time of some runs."""
    taken = []
    for _ in range(REPEATS):
        start = perf_counter()
        work()
        taken.append(1e3 * (perf_counter() - start))
    return median(taken)


def main() -> None:
    """Print one line a step and strike count."""
    for each_side in (20, 40):
        _show(each_side)


def _show(each_side: int) -> None:
    clock = ReplayClock(require_session(date(2025, 6, 26)).at(time(10, 30)) + timedelta(seconds=5))
    options = EngineConfig(symbols=("SPX",), kill_switch_file=Path("KILL"))
    provider = SimulatedProvider(clock, strikes_each_side=each_side)
    state = asyncio.run(MarketObserver(provider, clock, options).observe("SPX", with_chain=True))
    assert state.chain is not None  # noqa: S101 - the simulated market always has one
    view, chain = analyse(state, "enhanced"), state.chain
    model = _model(0.7 * view.expected_range_pct)
    enhanced, standard = create_scorer("enhanced"), create_scorer("standard")
    with TemporaryDirectory() as folder:
        recorder = ChainRecorder(Path(folder))
        steps = {
            "tickets, market's odds": lambda: search_tickets(view, None),
            "tickets, model": lambda: search_tickets(view, model),
            "analysis with gamma": lambda: analyse(state, "enhanced"),
            "rules, standard": lambda: standard.score(view),
            "rules, enhanced": lambda: enhanced.score(view),
            "recording": lambda: recorder.record([chain]),
        }
        for name, work in steps.items():
            print(f"{len(chain.rows):3} strikes  {name:24} {milliseconds(work):7.1f} ms")


def _model(scale: float) -> Prediction:
    residuals = tuple(np.random.default_rng(8).standard_normal(4000).tolist())
    return Prediction(
        strategy="Iron_Condor",
        confidence=0.8,
        direction="neutral",
        direction_probabilities={},
        volatility_regime="low",
        regime_probabilities={},
        model_version="benchmark",
        move=RemainingMove(scale=scale, residuals=residuals),
    )


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
