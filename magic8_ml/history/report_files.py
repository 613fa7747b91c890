"""Write the report as JSON and as a page, and the four files that readers of the old data set use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from magic8_companion.reports.page import render
from magic8_ml.history.dataset import HistoryStore, MonthState
from magic8_ml.history.ingest_records import IngestReport
from magic8_ml.history.report import add_pairs, share


def ingest_page(report: IngestReport) -> str:
    """Return the page: alerts, figures, coverage by month."""
    return render("magic8_ml.history", "ingest_report.html", title="Magic8 history", report=report)


def write_report_files(store: HistoryStore, report: IngestReport, states: Mapping[str, MonthState]) -> None:
    """Write all report files of a data set."""
    store.write_json("ingest_report.json", report)
    store.write_bytes("ingest_report.html", ingest_page(report).encode())
    store.write_json("processing_stats.json", _processing(report))
    store.write_json("data_quality_report.json", _quality(report, states))
    rates = report["win_rates"]
    store.write_json("strategy_analysis.json", {name: row["rows"] for name, row in rates["by_strategy"].items()})
    store.write_json("symbol_analysis.json", {name: row["rows"] for name, row in rates["by_symbol"].items()})
    store.write_json("symbol_statistics.json", _symbols(states))


def _processing(report: IngestReport) -> dict[str, Any]:
    return {
        "folders": report["folders"]["found"],
        "folders_read": report["folders"]["read"],
        "files": sum(sheet["files"] for sheet in report["sheets"].values()),
        "lines": sum(sheet["lines"] for sheet in report["sheets"].values()),
        "rows": report["rows"],
        "source_file": report["source_file"],
    }


def _quality(report: IngestReport, states: Mapping[str, MonthState]) -> dict[str, Any]:
    def listed(name: str) -> list[Any]:
        return [item for state in states.values() for item in state.figures[name]]

    return {
        "summary": {"alerts": report["alerts"], "anomalies": report["anomalies"], "conflicts": report["conflicts"]},
        "details": {
            "quarantined_rows": listed("quarantined_rows"),
            "refused_lines": listed("refused_lines"),
            "unreadable_numbers": listed("unreadable_numbers"),
            "refused_files": report["folders"]["refused_files"],
            "findings": report["folders"]["findings"],
            "missing_sessions": report["calendar"]["missing_sessions"],
            "missing_slots": report["calendar"]["missing_slots"],
        },
    }


def _symbols(states: Mapping[str, MonthState]) -> dict[str, Any]:
    symbols: dict[str, Any] = {}
    for name, sums in add_pairs(state.figures for state in states.values()).items():
        symbol, strategy = name.split(" ")
        entry = symbols.setdefault(symbol, {"total_trades": 0, "labelled": 0, "profit_usd": 0.0, "strategies": {}})
        profit = sums["won_usd"] + sums["lost_usd"]
        losses = sums["labelled"] - sums["wins"]
        entry["total_trades"] += int(sums["rows"])
        entry["labelled"] += int(sums["labelled"])
        entry["profit_usd"] += profit
        entry["strategies"][strategy] = {
            "count": int(sums["rows"]),
            "avg_profit": share(profit, sums["labelled"]),
            "win_rate": share(sums["wins"], sums["labelled"]),
            "avg_win": share(sums["won_usd"], sums["wins"]),
            "avg_loss": share(sums["lost_usd"], losses),
        }
    for entry in symbols.values():
        entry["avg_profit"] = share(entry.pop("profit_usd"), entry["labelled"])
    return symbols
