"""The report as one self-contained page: no script, no network, readable in print, in the dark and without eyes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from magic8_ml.evaluation import plots
from magic8_ml.evaluation.goals import ALL
from magic8_ml.evaluation.markup import Markup, card, details, section, table
from magic8_ml.evaluation.methodology import negative, protocol
from magic8_ml.evaluation.number_format import percent, plain
from magic8_ml.evaluation.page_shell import Tile, page_header, whole_page
from magic8_ml.evaluation.sections import calls, groups, leak, volatility, win_odds

Record = Mapping[str, Any]

_STATUS: Final = {"passed": ("✓", "passed"), "failed": ("✕", "failed"), "not yet testable": ("…", "wait")}


def page(report: Record) -> str:
    """Draw the page from the plain report."""
    sections = {
        ("endpoints", "Goals"): _endpoints(report),
        ("volatility", "Volatility"): volatility(report),
        ("win", "Win odds"): win_odds(report),
        ("calls", "Calls"): calls(report),
        ("where", "Where it works"): groups(report),
        ("leak", "Leak exhibit"): leak(report),
        ("negative", "Negative results"): negative(report),
        ("protocol", "Protocol"): protocol(report),
    }
    return whole_page(report["title"], _head(report), sections)


def _head(report: Record) -> str:
    scored, goals = report["scored"], [record for record in report["endpoints"] if record["symbol"] == ALL]
    lead = (
        f"{', '.join(scored['symbols'])} · {scored['first']} to {scored['last']} · {scored['days']} days,"
        f" {scored['rows']:,} forecasts · model {report['model']['name']}"
    )
    count = Counter(record["status"] for record in goals)
    tiles = [
        (count["passed"], f"of {len(goals)} goals passed", "passed"),
        (count["failed"], "failed", "failed" if count["failed"] else ""),
        (count["not yet testable"], "not yet testable", "wait"),
        (percent(scored["answered"], 0), "of the moments answered", ""),
        _last_tile(report["protocol"]),
    ]
    return page_header(report["title"], lead, tiles, report["warnings"])


def _last_tile(protocol: Record) -> Tile:
    if "frozen" in protocol:
        return protocol["frozen"], "last day the model learnt from", ""
    return protocol["configurations"], "configurations tried", ""


def _endpoints(report: Record) -> str:
    found = report["endpoints"]
    overall = [_endpoint_row(record) for record in found if record["symbol"] == ALL]
    head = ("goal", "", "value", "95 % interval", "wanted", "days", "")
    lead = (
        "Set in advance. A dot is the measured value, its line the day-clustered interval, the dotted green line the"
        " goal; proven means that the interval excludes zero. Not yet testable: fewer days (had / needed) than it"
        " takes to prove the effect, if it is there."
    )
    symbols = sorted({record["symbol"] for record in found} - {ALL})
    each = [
        (name, *(_small(record) for symbol in symbols for record in found if _is(record, name, symbol)))
        for name in dict.fromkeys(record["name"] for record in found)
    ]
    parts: list[str] = [card(table("", head, overall))]
    if len(symbols) > 1:
        parts.append(details("Each symbol", card(table("Value and status", ("goal", *symbols), each))))
    return section("endpoints", "Goals", lead, *parts)


def _is(record: Record, name: str, symbol: str) -> bool:
    return bool(record["name"] == name and record["symbol"] == symbol)


def _endpoint_row(record: Record) -> Sequence[object]:
    name = Markup(f'{escape(record["name"])}<span class="meaning">{escape(record["meaning"])}</span>')
    days = f"{record['n_days']} / {record['needs_days']}"
    return (
        name,
        Markup(plots.forest(record)),
        plain(record["value"]),
        _interval(record),
        _wanted(record),
        days,
        _mark(record),
    )


def _wanted(record: Record) -> str:
    floor = f"{record['floor']:g}".replace("-", "−")
    if record["ceiling"] is not None:
        return f"{floor} to {record['ceiling']:g}"
    return Markup(f'≥ {floor}<span class="meaning">and proven</span>') if record["above_zero"] else f"≥ {floor}"


def _mark(record: Record) -> Markup:
    sign, css = _STATUS[record["status"]]
    return Markup(f'<span class="status {css}">{sign} {record["status"]}</span>')


def _small(record: Record) -> Markup:
    sign, css = _STATUS[record["status"]]
    return Markup(f'<span class="{css}" title="{record["status"]}">{sign}</span> {plain(record["value"])}')


def _interval(record: Record) -> str:
    return f"[{plain(record['low'])}, {plain(record['high'])}]"
