"""Write the table of IB's codes of docs/interactive_brokers.md.

python -m benchmarks.ib_codes
"""

from __future__ import annotations

import sys
from typing import Final

from benchmarks.ib_faults import PAGE, replace_table
from magic8_companion.providers.ib.codes import HISTORY_FAILED, MESSAGES, Effect, IBMessage
from tests.providers.ib.drawn_codes import ENDING, FLOWING

BEGIN: Final = "<!-- codes: written by benchmarks/ib_codes.py -->"
END: Final = "<!-- end of codes -->"

_ACTIONS: Final = {
    Effect.NOTHING: "nothing",
    Effect.LINK_LOST: "requests wait, quotes become stale",
    Effect.LINK_BACK_EMPTY: "subscribes again, drops the day's bars",
    Effect.LINK_BACK: "live after a fresh tick",
    Effect.QUOTES_BROKEN: "`quotes_broken` until 2104",
    Effect.QUOTES_REPAIRED: "quotes count again",
    Effect.BARS_BROKEN: "`history_broken` until 2106",
    Effect.BARS_REPAIRED: "bars count again",
    Effect.CONTRACTS_BROKEN: "waits with definitions of contracts until 2158",
    Effect.CONTRACTS_REPAIRED: "requests definitions of contracts again",
    Effect.BARS_STOPPED: "ends the request",
    Effect.CLIENT_ID_TAKEN: "stops connecting, needs a human",
    Effect.COMPETING_SESSION: "ends the request, repeats it every minute",
    Effect.NOT_SUBSCRIBED: "requests delayed data if that is allowed",
    Effect.DELAYED: "keeps the line, data are delayed",
    Effect.PARTIAL: "keeps the line",
    Effect.TOO_MANY_MESSAGES: "ends the request, slows down",
    Effect.TOO_MANY_LINES: "ends the request, releases lines",
    Effect.REFUSED: "ends the request",
}

_CONNECTION: Final = {
    326: "`client_id_in_use`",
    1100: "`link_lost`",
    1101: "`link_lost`",
    1102: "`link_lost`",
    2103: "`farm_broken`",
    2104: "`farm_broken`",
    2105: "`farm_broken`",
    2106: "`farm_broken`",
    10182: "`link_lost`",
    **dict.fromkeys((1300, 2107, 2108, 2110, 2157, 2158), "`notice`"),
}
"""Codes without a request, and the fault of the simulated gateway that sends them."""

_FLOWING: Final = {165: "`refused`", 10167: "`delayed_only`"} | dict.fromkeys((10090, 10091), "`no_permission`")


def code_table() -> str:
    """Return the rows of the table in Markdown: codes with the same row are in one."""
    groups: dict[tuple[IBMessage, str], list[int]] = {}
    for code in sorted(MESSAGES):
        groups.setdefault((MESSAGES[code], _fault(code)), []).append(code)
    rows = [
        "| Codes | Reason | What the host does | Sentence | Fault of the simulated gateway |",
        "|---|---|---|---|---|",
    ]
    for (row, fault), codes in groups.items():
        reason = "by its text" if codes == [HISTORY_FAILED] else f"`{row.reason}`" if row.reason else ""
        rows.append(f"| {', '.join(map(str, codes))} | {reason} | {_ACTIONS[row.effect]} | {row.remedy} | {fault} |")
    return "\n".join(rows)


def _fault(code: int) -> str:
    kinds = [kind for kind, codes in ENDING.items() if code in codes]
    if kinds:
        return f"`refused` of {', '.join(f'`{kind}`' for kind in kinds)}"
    return _CONNECTION.get(code) or (_FLOWING[code] if code in FLOWING else "")


def main() -> int:
    """Write the table into the page."""
    PAGE.write_text(replace_table(PAGE.read_text(encoding="utf-8"), code_table(), BEGIN, END), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
