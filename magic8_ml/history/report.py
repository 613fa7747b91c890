"""Sum the figures of all months into one report: alerts first, every class of anomaly counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from magic8_companion.domain.trading_day import sessions_between
from magic8_ml.history.alerts import alerts
from magic8_ml.history.dataset import MonthState
from magic8_ml.history.folders import Download
from magic8_ml.history.ingest_records import (
    Anomalies,
    Calendar,
    CheckedFigures,
    Delta,
    Folders,
    IngestFigures,
    IngestReport,
    Joins,
    LabelCounts,
    LabelMonth,
    Sheet,
    UnreadableColumn,
    WinRate,
    WinRatesByGroup,
)
from magic8_ml.history.layouts import DELTA, KINDS, PREDICTION, PROFIT, TRADES
from magic8_ml.history.text_columns import is_negative

States = Mapping[str, MonthState]
Figures = Mapping[str, Any]

_SLOT_SHARES: Final = {
    "slot_coverage": ("slots_with_delta", "slots"),
    "symbol_coverage": ("rows_with_delta", "delta_symbol_rows"),
    "row_coverage": ("rows_with_delta", "rows"),
}


def build_report(download: Download, states: States) -> IngestReport:
    """Return the report as plain JSON values in a fixed order."""
    months = {month: state.figures for month, state in states.items()}
    everything = months.values()
    rows, duplicates = _sum(everything, "rows"), _sum(everything, "duplicates")
    quarantined = _sum(everything, "labels", "quarantined")
    refused = Counter[str]()
    for kind in KINDS:
        refused += _sum(everything, "sheets", kind, "refused")
    figures: IngestFigures = {
        "rows": {
            **{kind: _sum(everything, "sheets", kind)["rows"] for kind in (PROFIT, TRADES, DELTA, PREDICTION)},
            "output": rows["output"],
            "duplicates": duplicates[PROFIT],
            "quarantined": quarantined.total() + refused.total(),
        },
        "labels": _labels(months, quarantined),
        "joins": _joins(months, rows),
        "source_file": _plain(_sum(everything, "source_file")),
        "delta": _delta(months),
        "win_rates": _win_rates(everything),
        "folders": _folders(download, states),
        "sheets": {kind: _sheet(everything, kind) for kind in KINDS},
        "calendar": _calendar(everything),
        "conflicts": _plain(_sum(everything, "conflicts")),
        "unreadable_columns": _unreadable_columns(everything),
    }
    checked: CheckedFigures = {**figures, "anomalies": _anomalies(download, everything, figures, duplicates, refused)}
    return {"alerts": alerts(checked), **checked}


def add_pairs(months: Iterable[Figures]) -> dict[str, Counter[str]]:
    """Return the sums of each symbol and strategy over the months, sorted by name."""
    pairs: dict[str, Counter[str]] = {}
    for figures in months:
        for name, sums in figures["by_pair"].items():
            pairs.setdefault(name, Counter()).update(sums)
    return dict(sorted(pairs.items()))


def share(part: float, whole: float) -> float | None:
    """Return part/whole to six digits, None if the whole is 0.

    >>> share(1, 3), share(0, 0)
    (0.333333, None)
    """
    return round(part / whole, 6) if whole else None


def _sum(months: Iterable[Figures], *path: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for figures in months:
        value: Any = figures
        for key in path:
            value = value[key]
        total.update({key: count for key, count in value.items() if isinstance(count, int)})
    return total


def _plain(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _labels(months: Mapping[str, Figures], quarantined: Counter[str]) -> LabelCounts:
    by_month: dict[str, LabelMonth] = {}
    for month, figures in months.items():
        sums, removed = _all_pairs([figures]), sum(figures["labels"]["quarantined"].values())
        by_month[month] = {
            "known": int(sums["labelled"]),
            "wins": int(sums["wins"]),
            "missing": figures["labels"]["missing"],
            "quarantined": figures["labels"]["quarantined"],
            "quarantined_share": share(removed, figures["labels"]["checked"]),
        }
    sums, totals = _all_pairs(months.values()), _sum(months.values(), "labels")
    return {
        "known": int(sums["labelled"]),
        "wins": int(sums["wins"]),
        "win_rate": share(sums["wins"], sums["labelled"]),
        "missing": totals["missing"],
        "quarantined": _plain(quarantined),
        "checked_against_payoff": totals["checked"],
        "not_checkable": totals["not_checkable"],
        "by_month": by_month,
    }


def _all_pairs(months: Iterable[Figures]) -> Counter[str]:
    total: Counter[str] = Counter()
    for sums in add_pairs(months).values():
        total.update(sums)
    return total


def _joins(months: Mapping[str, Figures], rows: Counter[str]) -> Joins:
    return {
        "profit_and_trades": rows["profit_and_trades"],
        "profit_alone": rows["profit"] - rows["profit_and_trades"],
        "trades_alone": rows["trades"] - rows["profit_and_trades"],
        "by_month": {
            month: {
                "profit": figures["rows"]["profit"],
                "trades": figures["rows"]["trades"],
                "joined": figures["rows"]["profit_and_trades"],
                "rate": share(figures["rows"]["profit_and_trades"], figures["rows"]["profit"]),
            }
            for month, figures in months.items()
        },
    }


def _delta(months: Mapping[str, Figures]) -> Delta:
    total = _sum(months.values(), "delta_coverage")
    shares = _shares(total)
    return {
        "matched": total["rows_with_delta"],
        "coverage": share(total["rows_with_delta"], total["delta_symbol_rows"]),
        "slot_coverage": shares["slot_coverage"],
        "symbol_coverage": shares["symbol_coverage"],
        "row_coverage": shares["row_coverage"],
        "by_month": {
            month: figures["delta_coverage"] | _shares(figures["delta_coverage"]) for month, figures in months.items()
        },
    }


def _shares(counts: Mapping[str, int]) -> dict[str, float | None]:
    return {name: share(counts[part], counts[whole]) for name, (part, whole) in _SLOT_SHARES.items()}


def _win_rates(months: Iterable[Figures]) -> WinRatesByGroup:
    pairs = add_pairs(months)
    by_symbol: dict[str, Counter[str]] = {}
    by_strategy: dict[str, Counter[str]] = {}
    total: Counter[str] = Counter()
    for name, sums in pairs.items():
        symbol, strategy = name.split(" ")
        by_symbol.setdefault(symbol, Counter()).update(sums)
        by_strategy.setdefault(strategy, Counter()).update(sums)
        total.update(sums)
    return {
        "all": _rates(total),
        "by_strategy": {name: _rates(sums) for name, sums in sorted(by_strategy.items())},
        "by_symbol": {name: _rates(sums) for name, sums in sorted(by_symbol.items())},
        "by_symbol_strategy": {name: _rates(sums) for name, sums in pairs.items()},
    }


def _rates(sums: Counter[str]) -> WinRate:
    return {
        "rows": int(sums["rows"]),
        "labelled": int(sums["labelled"]),
        "wins": int(sums["wins"]),
        "win_rate": share(sums["wins"], sums["labelled"]),
        "managed_win_rate": share(sums["managed_wins"], sums["managed_rows"]),
    }


def _folders(download: Download, states: States) -> Folders:
    present = {month.key for month in download.months}
    return {
        "found": download.folders,
        "read": sum(month.folders for month in download.months),
        "refused": [finding.where for finding in download.findings if finding.reason == "folder_refused"],
        "months": list(states),
        "months_no_longer_in_download": [month for month in states if month not in present],
        "findings": [
            {"where": finding.where, "reason": finding.reason, "detail": finding.detail}
            for finding in download.findings
        ],
        "refused_files": [refused for state in states.values() for refused in state.figures["refused_files"]],
    }


def _sheet(months: Iterable[Figures], kind: str) -> Sheet:
    totals = _sum(months, "sheets", kind)
    return {
        "files": totals["files"],
        "lines": totals["lines"],
        "rows": totals["rows"],
        "tail": totals["tail"],
        "repeated_headers": totals["repeated_headers"],
        "undecodable_files": totals["undecodable_files"],
        "refused": _plain(_sum(months, "sheets", kind, "refused")),
    }


def _calendar(months: Iterable[Figures]) -> Calendar:
    sessions = {day: seen for figures in months for day, seen in figures["sessions"].items()}
    first, last = min(sessions, default=None), max(sessions, default=None)
    open_days = sessions_between(date.fromisoformat(first), date.fromisoformat(last)) if first and last else ()
    expected = [session.day.isoformat() for session in open_days]
    return {
        "first": first,
        "last": last,
        "sessions": len(sessions),
        "missing_sessions": [day for day in expected if day not in sessions],
        "closed_days": [day for day, seen in sessions.items() if not seen["exchange_open"]],
        "missing_slots": {day: seen["missing_slots"] for day, seen in sessions.items() if seen["missing_slots"]},
        "loop_ran_twice": [day for day, seen in sessions.items() if seen["delta_rows"] > seen["slots"]],
    }


def _unreadable_columns(months: Iterable[Figures]) -> list[UnreadableColumn]:
    by_column: dict[tuple[str, str], list[str]] = {}
    for figures in months:
        for cell in figures["unreadable_numbers"]:
            by_column.setdefault((cell["sheet"], cell["column"]), []).append(cell["text"])
    return [
        UnreadableColumn(
            sheet=sheet, column=column, cells=len(texts), negative=sum(map(is_negative, texts)), example=texts[0]
        )
        for (sheet, column), texts in sorted(by_column.items())
    ]


def _anomalies(
    download: Download,
    months: Iterable[Figures],
    report: IngestFigures,
    duplicates: Counter[str],
    refused: Counter[str],
) -> Anomalies:
    single = _sum([{"all": figures} for figures in months], "all")
    sheets, calendar = report["sheets"].values(), report["calendar"]
    return {
        "zero_premiums": single["zero_premiums"],
        "negative_premiums": single["negative_premiums"],
        "missing_premiums": single["missing_premiums"],
        "rows_with_control_characters": single["rows_with_control_characters"],
        "rows_without_readable_sentence": single["rows_without_readable_sentence"],
        "unreadable_numbers": sum(len(figures["unreadable_numbers"]) for figures in months),
        "repeated_headers": sum(sheet["repeated_headers"] for sheet in sheets),
        "tail_lines": sum(sheet["tail"] for sheet in sheets),
        "undecodable_files": sum(sheet["undecodable_files"] for sheet in sheets),
        "refused_lines": _plain(refused),
        "refused_files": len(report["folders"]["refused_files"]),
        "findings": _plain(Counter(finding.reason for finding in download.findings)),
        "quarantined_labels": report["labels"]["quarantined"],
        "labels_not_checkable": report["labels"]["not_checkable"],
        "repeated_rows": _plain(duplicates),
        "conflicting_values": sum(report["conflicts"].values()),
        "trades_rows_without_profit": report["joins"]["trades_alone"],
        "sessions_without_folder": len(calendar["missing_sessions"]),
        "folders_on_closed_days": len(calendar["closed_days"]),
        "sessions_whose_loop_ran_twice": len(calendar["loop_ran_twice"]),
        "missing_slots": sum(len(slots) for slots in calendar["missing_slots"].values()),
    }
