"""The report as one page that needs nothing else: alerts, figures, coverage by month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1c2733}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
td,th{padding:.25rem .6rem;border-bottom:1px solid #dfe5ea;text-align:right;font-variant-numeric:tabular-nums}
td:first-child,th:first-child{text-align:left}th{color:#55636f;font-weight:600}
.alert{background:#fff3e6;border-left:4px solid #d97706;padding:.4rem .8rem;margin:.4rem 0}
.fine{background:#eaf6ee;border-left:4px solid #2f855a;padding:.4rem .8rem}
.bar{background:#e6ecf1;height:.7rem;width:9rem;display:inline-block}
.bar i{background:#2b6cb0;height:100%;display:block}
"""


def report_html(report: Mapping[str, Any]) -> str:
    """Return the page."""
    rows, labels, calendar = report["rows"], report["labels"], report["calendar"]
    sections = [
        "<h1>Magic8 history</h1>",
        f"<p>{rows['output']:,} rows of {calendar['first']} to {calendar['last']}, {labels['known']:,} labels.</p>",
        _alerts(report["alerts"]),
        _section("Rows", ("what", "count"), ((name, _number(count)) for name, count in rows.items())),
        _section("Origin of rows", ("sheets", "rows"), ((n, _number(c)) for n, c in report["source_file"].items())),
        _section("Win rates by strategy", *_rates(report["win_rates"]["by_strategy"])),
        _section("Win rates by symbol", *_rates(report["win_rates"]["by_symbol"])),
        _section("Win rates by symbol and strategy", *_rates(report["win_rates"]["by_symbol_strategy"])),
        _section("Labels by month", *_labels_by_month(labels["by_month"])),
        _section("Profit rows with a trades row", *_joins_by_month(report["joins"]["by_month"])),
        _section("Delta coverage", *_delta_by_month(report["delta"]["by_month"])),
        _section("Sheets", *_sheets(report["sheets"])),
        _section("Anomalies", ("class", "count"), _flat(report["anomalies"])),
        _section("Conflicting values", ("column", "count"), _flat(report["conflicts"])),
        _section("Sessions without a folder", ("session",), ((day,) for day in calendar["missing_sessions"])),
        _section(
            "Missing slots", ("session", "slots"), ((d, ", ".join(s)) for d, s in calendar["missing_slots"].items())
        ),
    ]
    body = "\n".join(sections)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Magic8 history</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _alerts(sentences: Sequence[str]) -> str:
    if not sentences:
        return '<p class="fine">Nothing to worry about.</p>'
    return "\n".join(f'<p class="alert">{escape(sentence)}</p>' for sentence in sentences)


def _section(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["<tr>" + "".join(f"<td>{cell}</td>" for cell in map(_cell, row)) + "</tr>" for row in rows]
    if not lines:
        return f"<h2>{escape(title)}</h2><p>None.</p>"
    header = "".join(f"<th>{escape(name)}</th>" for name in head)
    return f"<h2>{escape(title)}</h2>\n<table><tr>{header}</tr>\n" + "\n".join(lines) + "\n</table>"


def _cell(text: str) -> str:
    return text if text.startswith('<span class="bar">') else escape(text)


def _number(count: float | None) -> str:
    return "-" if count is None else f"{count:,}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def _bar(value: float | None) -> str:
    return f'<span class="bar"><i style="width:{100 * min(value or 0.0, 1.0):.1f}%"></i></span>'


def _rates(groups: Mapping[str, Any]) -> tuple[Sequence[str], list[Sequence[str]]]:
    return ("group", "rows", "labels", "wins", "win rate", "", "managed"), [
        (
            name,
            _number(row["rows"]),
            _number(row["labelled"]),
            _number(row["wins"]),
            _percent(row["win_rate"]),
            _bar(row["win_rate"]),
            _percent(row["managed_win_rate"]),
        )
        for name, row in groups.items()
    ]


def _labels_by_month(months: Mapping[str, Any]) -> tuple[Sequence[str], list[Sequence[str]]]:
    return ("month", "known", "wins", "missing", "quarantined"), [
        (
            month,
            _number(row["known"]),
            _number(row["wins"]),
            _number(row["missing"]),
            f"{sum(row['quarantined'].values()):,} ({_percent(row['quarantined_share'])})",
        )
        for month, row in months.items()
    ]


def _joins_by_month(months: Mapping[str, Any]) -> tuple[Sequence[str], list[Sequence[str]]]:
    return ("month", "profit", "trades", "joined", "rate", ""), [
        (month, _number(r["profit"]), _number(r["trades"]), _number(r["joined"]), _percent(r["rate"]), _bar(r["rate"]))
        for month, r in months.items()
    ]


def _delta_by_month(months: Mapping[str, Any]) -> tuple[Sequence[str], list[Sequence[str]]]:
    return ("month", "slots", "slots with delta", "", "rows of its symbol with delta", "all rows with delta"), [
        (
            month,
            _number(row["slots"]),
            _percent(row["slot_coverage"]),
            _bar(row["slot_coverage"]),
            _percent(row["symbol_coverage"]),
            _percent(row["row_coverage"]),
        )
        for month, row in months.items()
    ]


def _sheets(sheets: Mapping[str, Any]) -> tuple[Sequence[str], list[Sequence[str]]]:
    names = ("files", "lines", "rows", "tail", "repeated_headers")
    return ("sheet", *names, "refused lines"), [
        (kind, *(_number(sheet[name]) for name in names), _number(sum(sheet["refused"].values())))
        for kind, sheet in sheets.items()
    ]


def _flat(values: Mapping[str, Any]) -> list[Sequence[str]]:
    found: list[Sequence[str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            found += [(f"{name}: {key}", _number(count)) for key, count in value.items()]
        else:
            found.append((name, _number(value)))
    return found
