"""Messages of every kind a second, and a million damaged ones: no exception but the parser's own refusals.

Every message is another one, so nothing is remembered between them.  Run it with ``python benchmarks/messages.py``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from magic8_ml.messages import EnhancedDiscordParser
from tests.messages.fuzz import nonsense
from tests.messages.messages_of_the_contract import ALERT, BUTTERFLY, CONDOR, OBJECT, ORDERS, POSITIONS, SEED

MIN_PER_SECOND = 20_000
FUZZED = 1_000_000


def per_second(messages: list[str]) -> float:
    """Return messages a second of CPU time, the best of three passes over distinct messages."""
    passes = []
    for number in range(3):
        parser = EnhancedDiscordParser()
        own = messages[number::3]
        begin = time.process_time()
        for message in own:
            parser.parse_magic8_message(message)
        passes.append(len(own) / (time.process_time() - begin))
    return max(passes)


def main() -> int:
    """Measure, print one line for each promise, return 1 if one is broken."""
    prices = [f"{5 + number / 1000:.3f}" for number in range(30_000)]
    levels = [f"{5800 + number / 100:.2f}" for number in range(30_000)]
    kinds = {
        "text": [f"good morning, the market opens at {price}" for price in prices],
        "positions": [f"{POSITIONS} C{price}/C{level}" for price, level in zip(prices, levels, strict=True)],
        "alert of six numbers": [ALERT.replace("5875", level).replace("5,860", level) for level in levels],
        "butterfly": [BUTTERFLY.replace("24.82", price) for price in prices],
        "iron condor": [CONDOR.replace("0.43", f"{float(price) / 10:.4f}") for price in prices],
        "short form": [ORDERS[-1].line.replace("1.5", price) for price in prices],
        "block and order, 7 lines": [
            SEED.replace("24.82", price).replace("5862", level).replace("5855.50", level)
            for price, level in zip(prices, levels, strict=True)
        ],
        "object of three orders": [OBJECT.replace("24.82", price) for price in prices],
        "damaged messages": list(nonsense(60_000, seed=1)),
    }
    speeds = {name: per_second(messages) for name, messages in kinds.items()}
    for name, speed in speeds.items():
        print(f"{name:26} {speed:>9,.0f} messages/s")
    parser, codes, trades, slowest = EnhancedDiscordParser(), Counter[str](), 0, 0.0
    begin = time.process_time()
    for text in nonsense(FUZZED, seed=8):
        started = time.process_time()
        message = parser.parse(text)
        slowest = max(slowest, time.process_time() - started)
        codes.update(error.code for error in message.errors)
        trades += len(message.trades)
    spent = time.process_time() - begin
    refused = codes.total()
    print(f"{FUZZED:,} damaged messages: no exception, {trades:,} trades, {refused:,} refusals in {spent:.0f} CPU s")
    print(f"slowest {1000 * slowest:.1f} ms")
    for code, count in codes.most_common():
        print(f"  {code:22} {count:>9,}")
    return 0 if min(speeds.values()) >= MIN_PER_SECOND else 1


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    sys.exit(main())
