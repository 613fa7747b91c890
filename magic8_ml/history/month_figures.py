"""Compute the figures of a month: every count of the report, as sums that can be added over months."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.strategy import HISTORY_STRATEGIES, MAGIC8_SYMBOLS
from magic8_companion.domain.trading_day import session_on
from magic8_ml.history.clock_columns import new_york_clock
from magic8_ml.history.csv_sheet import SheetRefused
from magic8_ml.history.delta_join import own_symbol
from magic8_ml.history.folders import SheetFile
from magic8_ml.history.joined import Joined, Sheets, at
from magic8_ml.history.labels import QUARANTINE_REASONS
from magic8_ml.history.layouts import KINDS
from magic8_ml.history.output_table import ORIGINS, origins
from magic8_ml.history.rows import Ledger
from magic8_ml.history.text_columns import MISSING

SLOT_MIN: Final = 5
FIRST_SLOT: Final = 9 * 60 + 35
LAST_SLOT: Final = 15 * 60 + 55
LAST_HALF_DAY_SLOT: Final = 13 * 60
_EPOCH: Final = date(1970, 1, 1).toordinal()
PAIRS: Final = tuple(f"{symbol} {strategy}" for symbol in MAGIC8_SYMBOLS for strategy in HISTORY_STRATEGIES)


@dataclass(slots=True, kw_only=True)
class MonthNotes:
    """Notes from reading a month: lines by kind of sheet, rejected files, repeated rows and conflicts."""

    ledgers: dict[str, Ledger] = field(default_factory=lambda: {kind: Ledger() for kind in KINDS})
    refused_files: list[SheetRefused] = field(default_factory=list)
    duplicates: dict[str, int] = field(default_factory=dict)
    conflicts: Counter[str] = field(default_factory=Counter)


def month_figures(
    files: Sequence[SheetFile], sheets: Sheets, joined: Joined, notes: MonthNotes, rows_read: dict[str, int]
) -> dict[str, Any]:
    """Return the figures as plain JSON values with keys in a fixed order."""
    pairs, labels = joined.pairs, joined.labels
    day, minute = new_york_clock(joined.seconds)
    premium = joined.merged["premium"]
    return {
        "sheets": _sheets(notes, rows_read),
        "refused_files": [
            {"file": refused.file, "reason": refused.reason, "detail": refused.detail}
            for refused in notes.refused_files
        ],
        "rows": {
            "output": len(joined.seconds),
            "profit": len(sheets.profit),
            "trades": len(sheets.trades),
            "delta": len(sheets.delta),
            "profit_and_trades": int(((pairs.profit != MISSING) & (pairs.trades != MISSING)).sum()),
            "with_delta": int((joined.delta_at != MISSING).sum()),
        },
        "duplicates": dict(sorted(notes.duplicates.items())),
        "source_file": _counts(origins(joined), ORIGINS),
        "labels": {
            "missing": int(np.isnan(labels.reported).sum()),
            "checked": int((labels.checked & ~np.isnan(labels.reported)).sum()),
            "not_checkable": int((~labels.checked & ~np.isnan(labels.reported)).sum()),
            "quarantined": _counts(labels.reason, QUARANTINE_REASONS),
        },
        "by_pair": _by_pair(joined),
        "delta_coverage": _delta_coverage(sheets, joined, day, minute),
        "sessions": _sessions(files, sheets, day, minute),
        "zero_premiums": int((premium == 0).sum()),
        "negative_premiums": int((premium < 0).sum()),
        "missing_premiums": int(np.isnan(premium).sum()),
        "rows_with_control_characters": int(np.append(sheets.profit.has_control, False)[pairs.profit].sum()),
        "rows_without_readable_sentence": int((at(sheets.sentences.right, joined.sentence) == MISSING).sum()),
        "conflicts": dict(sorted(notes.conflicts.items())),
        "quarantined_rows": _quarantined_rows(sheets, joined, day, minute),
        "refused_lines": [asdict(line) for ledger in notes.ledgers.values() for line in ledger.refused],
        "unreadable_numbers": list(_unreadable(notes, sheets.files)),
    }


def _unreadable(notes: MonthNotes, files: Sequence[str]) -> Iterator[dict[str, Any]]:
    for kind, ledger in notes.ledgers.items():
        for cell in ledger.unreadable:
            place = {"file": files[cell.file], "line": cell.line, "column": cell.column}
            yield {"sheet": kind, **place, "text": cell.text}


def _sheets(notes: MonthNotes, rows_read: dict[str, int]) -> dict[str, Any]:
    return {
        kind: {
            "files": ledger.counts["files"],
            "lines": ledger.counts["lines"],
            "rows": rows_read[kind],
            "tail": ledger.counts["tail"],
            "repeated_headers": ledger.counts["repeated_headers"],
            "undecodable_files": ledger.counts["undecodable"],
            "refused": dict(sorted(Counter(line.reason for line in ledger.refused).items())),
        }
        for kind, ledger in notes.ledgers.items()
    }


def _counts(places: Integers, names: Sequence[str]) -> dict[str, int]:
    counted = np.bincount(places[places != MISSING], minlength=len(names))
    return {name: int(count) for name, count in zip(names, counted, strict=True) if count}


def _by_pair(joined: Joined) -> dict[str, dict[str, float]]:
    """Return sums by symbol and strategy: rows, labels, wins, dollars won and lost, managed rows and wins."""
    pair = joined.symbol * len(HISTORY_STRATEGIES) + joined.strategy
    profit, managed = joined.labels.profit, joined.merged["managed"]
    known, stopped = ~np.isnan(profit), ~np.isnan(managed)
    won = known & (profit > 0)

    def total(weights: Floats | npt.NDArray[np.bool_]) -> Floats:
        return np.bincount(pair, weights=weights, minlength=len(PAIRS)).astype(np.float64)

    sums = {
        "rows": np.bincount(pair, minlength=len(PAIRS)),
        "labelled": total(known),
        "wins": total(won),
        "won_usd": total(np.where(won, profit, 0.0)),
        "lost_usd": total(np.where(known & ~won, profit, 0.0)),
        "managed_rows": total(stopped),
        "managed_wins": total(stopped & (managed > 0)),
    }
    return {
        name: {key: _plain(values[place]) for key, values in sums.items()}
        for place, name in enumerate(PAIRS)
        if sums["rows"][place]
    }


def _plain(value: float) -> float:
    return int(value) if float(value).is_integer() else round(float(value), 2)


def _delta_coverage(sheets: Sheets, joined: Joined, day: Integers, minute: Integers) -> dict[str, int]:
    delta_day, delta_minute = new_york_clock(sheets.delta.seconds)
    slots = np.unique(_slot(day, minute))
    with_delta = np.isin(slots, _slot(delta_day, delta_minute))
    own = own_symbol(joined.symbol, day, sheets.delta, delta_day)
    found = joined.delta_at != MISSING
    return {
        "slots": len(slots),
        "slots_with_delta": int(with_delta.sum()),
        "rows": len(day),
        "rows_with_delta": int(found.sum()),
        "delta_symbol_rows": int(own.sum()),
    }


def _slot(day: Integers, minute: Integers) -> Integers:
    return day * (24 * 60 // SLOT_MIN) + minute // SLOT_MIN


def _sessions(files: Sequence[SheetFile], sheets: Sheets, day: Integers, minute: Integers) -> dict[str, dict[str, Any]]:
    """Return for each day with a folder its rows, delta rows, slots with rows, and slots without."""
    delta_day, _ = new_york_clock(sheets.delta.seconds)
    sessions = {}
    for on in sorted({file.day for file in files}):
        number = on.toordinal() - _EPOCH
        delta_rows = int((delta_day == number).sum())
        sessions[on.isoformat()] = _session(on, minute[day == number]) | {"delta_rows": delta_rows}
    return sessions


def _session(on: date, minutes: Integers) -> dict[str, Any]:
    session = session_on(on)
    seen = set((minutes // SLOT_MIN * SLOT_MIN).tolist())
    last = LAST_SLOT if session is None or not session.is_half_day else LAST_HALF_DAY_SLOT
    expected = range(FIRST_SLOT, last + 1, SLOT_MIN) if session else ()
    missing = [f"{slot // 60:02d}:{slot % 60:02d}" for slot in expected if slot not in seen]
    return {"rows": len(minutes), "slots": len(seen), "exchange_open": session is not None, "missing_slots": missing}


def _quarantined_rows(sheets: Sheets, joined: Joined, day: Integers, minute: Integers) -> list[dict[str, Any]]:
    labels, profit = joined.labels, sheets.profit
    found = []
    for row in np.flatnonzero(labels.reason != MISSING).tolist():
        source = int(joined.pairs.profit[row])
        found.append(
            {
                "row": f"{sheets.files[profit.file[source]]}:{profit.line[source]}",
                "date": date.fromordinal(int(day[row]) + _EPOCH).isoformat(),
                "time": f"{minute[row] // 60:02d}:{minute[row] % 60:02d}",
                "symbol": MAGIC8_SYMBOLS[joined.symbol[row]],
                "strategy": HISTORY_STRATEGIES[joined.strategy[row]],
                "shown_usd": round(float(labels.reported[row]), 2),
                "recomputed_usd": None if not labels.checked[row] else round(float(labels.recomputed[row]), 2),
                "reason": QUARANTINE_REASONS[labels.reason[row]],
            }
        )
    return found
