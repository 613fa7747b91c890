"""The goals of a report as a table for the terminal."""

from __future__ import annotations

from textwrap import fill
from typing import Final

from magic8_ml.evaluation.goals import ALL
from magic8_ml.evaluation.records import CheckRecord, EvaluationReport, GoalRecord
from magic8_ml.forecast.training.dataset import describe_dropped

_WIDTH: Final = 120


def summary(report: EvaluationReport) -> str:
    """Return the goals on all symbols together, and the failed goals of each symbol."""
    scored = report["scored"]
    symbols, span = ", ".join(scored["symbols"]), f"{scored['first']} .. {scored['last']}"
    lines = [
        f"{report['title']}: {symbols}, {span}, {scored['days']} days, {scored['rows']} forecasts",
        f"  model {report['model']['name']}; {describe_dropped(report['data'].get('days_left_out', {}))}",
        *(f"  ! {sentence}" for sentence in report["warnings"]),
        "",
        f"  {'goal':<36}{'value':>9}{'95 % interval':>20}{'wanted':>16}{'days':>6}  status",
        *(_line(record) for record in report["endpoints"] if record["symbol"] == ALL),
    ]
    each = sorted({record["symbol"] for record in report["endpoints"]} - {ALL})
    for symbol in each if len(each) > 1 else ():
        missed = [r["name"] for r in report["endpoints"] if r["symbol"] == symbol and r["passed"] is False]
        lines.append(f"  {symbol}: {'failed ' + ', '.join(missed) if missed else 'nothing failed'}")
    lines += ["", _wrapped(report["high_measured"], "  "), _wrapped(report["blend_measured"], "  ")]
    lines += [line for record in report["label_checks"] for line in _check(record)]
    return "\n".join(lines)


def outcome(report: EvaluationReport) -> str:
    """Return one line: the failed goals, and how many cannot be tested yet."""
    found = report["endpoints"]
    failed = [f"{r['name']} ({r['symbol']})" for r in found if r["passed"] is False]
    overall = [r for r in found if r["symbol"] == ALL]
    waiting = sum(r["passed"] is None for r in overall)
    untested = f"{waiting} of {len(overall)} goals not yet testable"
    return f"FAILED: {', '.join(failed)}; {untested}" if failed else f"PASSED: no goal failed; {untested}"


def _line(record: GoalRecord) -> str:
    return f"  {record['name']:<36}{_figures(record)}  {record['status']}"


def _check(record: CheckRecord) -> list[str]:
    line = f"  {record['name']:<36}{_figures(record)}  {record['status']}"
    return [line, *([_wrapped(record["reason"], "      ")] if record["reason"] else [])]


def _figures(record: GoalRecord | CheckRecord) -> str:
    wanted = f">= {record['floor']:g}" if record["ceiling"] is None else f"{record['floor']:g} .. {record['ceiling']:g}"
    interval = f"[{_number(record['low'])}, {_number(record['high'])}]"
    return f"{_number(record['value']):>9}{interval:>20}{wanted:>16}{record['n_days']:>6}"


def _wrapped(text: str, indent: str) -> str:
    return fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
