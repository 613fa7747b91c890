"""Clock steps and suspends at random moments of a session: nothing decided under the other clock stays tradable.

Steps of -1 h, -120 s, -5 s, +5 s and +1 h, out and back ten minutes later, and a suspend of ten minutes, at ten random
moments each.  The day runs on virtual time through the engine of a live host, with symbols whose condor is tradable
after every checkpoint.  The table gives the longest time, over all moments, until the published file refused what was
decided before; after a suspend, how long a document of before the sleep still lived.

    python -m benchmarks.clock_steps
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.engine.stepped_day import HOUR, SECOND, SteppedDay, at, tradable

STEPS: Final = {"-1 h": -HOUR, "-120 s": -120 * SECOND, "-5 s": -5 * SECOND, "+5 s": 5 * SECOND, "+1 h": HOUR}
SUSPEND: Final = "suspend of 10 minutes"
BACK: Final = timedelta(minutes=10)
MOMENTS: Final = 10
BOUND: Final = 60
"""Seconds until the file must refuse."""

CHECKPOINTS: Final = tuple(at(hour, minute) for hour, minute in ((10, 30), (11, 0), (12, 30), (14, 45)))
LIFE_S: Final = 25 * 60
"""The moments lie so long after a checkpoint: then its entries are tradable, and no other checkpoint is near."""


async def stepped(step: timedelta, moment: datetime) -> tuple[float, int]:
    """Return the longest time until what was decided before was refused, and documents that were tradable wrongly."""
    changes = [(moment, step), (moment + BACK, -step)]
    day = SteppedDay(changes, _start(moment), moment + BACK + timedelta(minutes=2))
    await day.run()
    found = [_time_to_refusal(day, changed) for changed, _ in changes]
    return max(wait for wait, _ in found), sum(wrong for _, wrong in found)


async def suspended(moment: datetime) -> tuple[float, int]:
    """Return how long after waking a document of before the sleep lives, and such documents that come later."""
    day = SteppedDay([], _start(moment), moment + BACK + timedelta(minutes=2))
    sleeper = asyncio.create_task(day.suspend_at(moment, BACK))
    await day.run()
    await sleeper
    woken = moment + BACK
    before = [document for at, document in day.published if at < moment]
    alive = max(0.0, (before[-1].valid_until - woken).total_seconds()) if tradable(before[-1]) else 0.0
    live = [(at, document) for at, document in day.published if at >= woken and document.valid_until > at]
    return alive, sum(tradable(document) and document.published_at < woken for _, document in live)


def _start(moment: datetime) -> datetime:
    return max(checkpoint for checkpoint in CHECKPOINTS if checkpoint <= moment) - timedelta(minutes=1)


def _time_to_refusal(day: SteppedDay, changed: datetime) -> tuple[float, int]:
    # a document is of the new time once the scorer has been asked again
    decided = min((scored for scored in day.scored if scored >= changed), default=day.end)
    before = [document for at, document in day.published if at < changed]
    if not tradable(before[-1]):
        return 0.0, 0
    first = min([*(at for at, document in day.published if at >= changed and not tradable(document)), decided])
    wrong = [document for at, document in day.published if first < at < decided and tradable(document)]
    return (first - changed).total_seconds(), len(wrong)


def main() -> int:
    """Print the table; return 1 when a bound is missed."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--moments", type=int, default=MOMENTS, help=f"random moments for each step, default {MOMENTS}")
    words.add_argument("--seed", type=int, default=8)
    given, begun = words.parse_args(), time.process_time()
    draws, worst, wrong = random.Random(given.seed), 0.0, 0
    print("| step | moments | longest time to a refusal | wrongly tradable |")
    print("|---|---|---|---|")
    for name, step in (*STEPS.items(), (SUSPEND, None)):
        moments = [draws.choice(CHECKPOINTS) + draws.randrange(60, LIFE_S) * SECOND for _ in range(given.moments)]
        found = [asyncio.run(suspended(one) if step is None else stepped(step, one)) for one in moments]
        longest, bad = max(wait for wait, _ in found), sum(count for _, count in found)
        worst, wrong = max(worst, longest), wrong + bad
        print(f"| {name} | {len(found)} | {longest:.1f} s | {bad} |", flush=True)
    print(f"\n{time.process_time() - begun:.0f} s of CPU")
    return 0 if worst <= BOUND and wrong == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
