"""An example order bot: place the orders of a Magic8 message that the published file approves.

    python order_bot.py message.txt --file data/practice/recommendations.json --practice

Copy reader_kit.py next to it.  ``place`` writes to orders.txt; your bot calls its broker there.
"""

import argparse
import re
import sys
from pathlib import Path
from threading import Event

from reader_kit import Decision, Document, load

ORDER = re.compile(
    r"(?P<action>BUY|SELL) [+-]?\d+ (?P<strategy>Butterfly|Iron Condor|Sonar|Vertical) (?P<symbol>[A-Z]+) 100 .*"
    r" (?P<right>CALL/PUT|CALL|PUT) @-?[\d.]+ LMT"
)
SIDES = {("BUY", "CALL"): "bull", ("SELL", "PUT"): "bull", ("BUY", "PUT"): "bear", ("SELL", "CALL"): "bear"}


def ask(document: Document, order: re.Match) -> Decision:
    """Ask whether an order is approved now; a vertical is asked with its side."""
    is_vertical = order["strategy"] == "Vertical"
    side = SIDES.get((order["action"], order["right"]), "unknown") if is_vertical else None
    return document.is_actionable(order["symbol"], order["strategy"], side=side)


def place(line: str, decision: Decision) -> None:
    """Place an order: here, write it down."""
    with Path("orders.txt").open("a", encoding="utf-8") as orders:
        orders.write(f"{line}  # seq {decision.seq}, {decision.structure}, before {decision.valid_until}\n")


def main() -> int:
    """Ask until every order line is approved or the time is over; return 0 when all orders were placed."""
    parser = argparse.ArgumentParser(description="Place the approved orders of a Magic8 message.")
    parser.add_argument("message", type=Path, help="file with the message")
    parser.add_argument("--file", default="data/recommendations.json", help="the host's published file")
    parser.add_argument("--practice", action="store_true", help="accept a practice run and nothing else")
    parser.add_argument("--wait", type=int, default=0, metavar="SECONDS", help="ask every second for so long")
    options = parser.parse_args()
    document = load(options.file, practice=options.practice)  # once: it notices a file that goes back
    orders = list(ORDER.finditer(options.message.read_text(encoding="utf-8")))
    for _ in range(options.wait + 1):
        for order in list(orders):
            decision = ask(document, order)  # right before placing
            print(f"{order[0]}: {decision.reason}", flush=True)
            if decision:
                place(order[0], decision)
                orders.remove(order)
        if not orders or not options.wait:
            break
        Event().wait(1)
    return 1 if orders else 0


if __name__ == "__main__":
    sys.exit(main())
