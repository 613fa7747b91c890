"""Draw the charts of the evaluation pages from the rows of their JSON documents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal

from markupsafe import Markup

from magic8_companion.reports.chart import Axis, Chart, Frame, log_scale, padded_range, round_ticks
from magic8_companion.reports.numbers import percent
from magic8_ml.evaluation.records import (
    ConfidenceRecord,
    FoldRecord,
    GoalRecord,
    GroupFigures,
    LeakageRecord,
    ReliabilityRecord,
    SigmaRecord,
)

SERIES: Final = ("one", "two", "three")
_NAN: Final = float("nan")
_HOURS: Final = "half hour of entry, New York"
_PROTOCOLS: Final = ("random", "random + close", "by day", "walk-forward")
_ENDS: Final[tuple[Literal["value", "low", "high"], ...]] = ("value", "low", "high")
_PERCENT: Final = tuple((n / 5, f"{20 * n} %") for n in range(6))


def _known(value: float | None) -> float:
    """Return the number, NaN for null."""
    return _NAN if value is None else float(value)


def reliability_plot(title: str, record: ReliabilityRecord) -> Markup:
    """Draw realized against predicted shares, with the band of a perfect forecaster."""
    predicted = record["predicted"]
    low, high = padded_range((*predicted, *record["realised"], *record["band_low"], *record["band_high"]), least=0.1)
    low, high = max(low, 0.0), min(high, 1.0)
    ticks = round_ticks(low, high, about=5)
    axis = [(value, percent(value, 0)) for value, _ in ticks]
    summary = (
        f"ECE {record['ece']:.3f}; a perfect forecaster stays below {record['ece_band']:.3f} on 95 % of such data."
    )
    chart = Chart(
        f"Reliability, {title}",
        summary,
        Axis(label="predicted win probability", low=low, high=high, ticks=axis),
        Axis(label="share that won", low=low, high=high, ticks=axis),
    )
    chart.band(predicted, record["band_low"], record["band_high"], "band")
    chart.line((low, high), (low, high), "rule")
    chart.line(predicted, record["realised"], "line one")
    for x, y, n in zip(predicted, record["realised"], record["count"], strict=True):
        chart.point(x, y, "point", f"predicted {percent(x)}, won {percent(y)}, {n:,} rows")
    return chart.svg()


def skill_plot(
    title: str, records: Sequence[GroupFigures], key: Literal["regime_rpss", "qlike_gain"], floor: float | None = None
) -> Markup:
    """Draw one skill with its interval for each group."""
    triples = [[_known(v) for v in record[key]] for record in records]
    goals = [] if floor is None else [floor]
    low, high = padded_range([0.0, *goals, *(v for triple in triples for v in triple)], least=0.04)
    chart = Chart(
        title,
        "; ".join(f"{record['name']}: {percent(record[key][0])}" for record in records),
        _names([record["name"] for record in records], _HOURS),
        Axis(label=title, low=low, high=high, ticks=[(v, percent(v, 0)) for v, _ in round_ticks(low, high)]),
    )
    chart.horizontal(0.0)
    for n, (record, (value, bottom, top)) in enumerate(zip(records, triples, strict=True)):
        chart.segment((n + 0.5, bottom), (n + 0.5, top), "interval")
        span = f"[{percent(record[key][1])}, {percent(record[key][2])}]"
        chart.point(
            n + 0.5, value, "point", f"{record['name']}: {percent(record[key][0])} {span}, {record['days']} days"
        )
    if floor is not None:
        chart.horizontal(floor, "goal", f"goal {percent(floor, 0)}")
    return chart.svg()


def coverage_plot(records: Sequence[GroupFigures]) -> Markup:
    """Draw the coverage of the 80 % interval for each half hour, with its goal of 75 to 85 %."""
    triples = [[_known(v) for v in record["coverage"]] for record in records]
    low, high = padded_range([0.7, 0.9, *(v for triple in triples for v in triple)], least=0.1)
    low, high = max(0.0, low), min(1.0, high)
    chart = Chart(
        "Coverage of the 80 % interval",
        "; ".join(f"{record['name']}: {percent(record['coverage'][0])}" for record in records),
        _names([record["name"] for record in records], _HOURS),
        Axis(label="moves inside", low=low, high=high, ticks=[(v, percent(v, 0)) for v, _ in round_ticks(low, high)]),
    )
    chart.band((0, len(records)), (0.75, 0.75), (0.85, 0.85), "band")
    chart.horizontal(0.8)
    for n, (record, (value, bottom, top)) in enumerate(zip(records, triples, strict=True)):
        chart.segment((n + 0.5, bottom), (n + 0.5, top), "interval")
        chart.point(n + 0.5, value, "point", f"{record['name']}: {percent(record['coverage'][0])}")
    return chart.svg()


def sigma_plot(record: SigmaRecord) -> Markup:
    """Draw the density of forecast against realized sigma, with the median of the realized values."""
    edges = record["edges"]
    low, high = edges[0], edges[-1]
    ticks = [(v, f"{v:g}") for v in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10) if low <= v <= high]
    chart = Chart(
        "Sigma forecast against realized",
        "Density of rows. Points on the dashed line were forecast exactly; the line is the median of the realized.",
        Axis(label="forecast, % of spot", low=low, high=high, ticks=ticks, transform=log_scale),
        Axis(label="realized, % of spot", low=low, high=high, ticks=ticks, transform=log_scale),
    )
    most = max(count for _, _, count in record["cells"])
    for x, y, count in record["cells"]:
        shade = 0.08 + 0.87 * (count / most) ** 0.6
        chart.bar((edges[x], edges[x + 1]), (edges[y], edges[y + 1]), "cell", f"{count:,} rows", shade)
    chart.line((low, high), (low, high), "rule")
    middles = [(left * right) ** 0.5 for left, right in pairwise(edges)]
    chart.line(middles, [_known(v) for v in record["median"]], "line two")
    return chart.svg()


def confidence_plot(record: ConfidenceRecord) -> Markup:
    """Draw how often calls of each strategy had which confidence, stacked."""
    edges, counts = record["edges"], record["counts"]
    total = max(sum(map(sum, counts.values())), 1)
    heights = [sum(column) / total for column in zip(*counts.values(), strict=True)]
    top = max(*heights, 0.01) * 1.1
    chart = Chart(
        "Confidence of the calls",
        "Share of calls by confidence rank; HIGH begins at 0.80, MEDIUM at 0.65.",
        Axis(label="confidence (a rank)", low=0, high=1, ticks=round_ticks(0, 1)),
        Axis(label="share of calls", low=0, high=top, ticks=[(v, percent(v, 0)) for v, _ in round_ticks(0, top)]),
    )
    for n in range(len(heights)):
        base = 0.0
        for css, (name, column) in zip(SERIES, counts.items(), strict=True):
            share = column[n] / total
            tip = f"{name}, {edges[n]:.2f} to {edges[n + 1]:.2f}: {column[n]:,} calls"
            chart.bar((edges[n] + 0.004, edges[n + 1] - 0.004), (base, base + share), f"fill {css}", tip)
            base += share
    chart.vertical(0.65, label="MEDIUM")
    chart.vertical(0.80, label="HIGH")
    return chart.svg()


def shares_plot(records: Sequence[GroupFigures]) -> Markup:
    """Draw the share of each call per quarter, stacked to one."""
    names = list(records[0]["shares"])
    chart = Chart(
        "Calls by quarter",
        "; ".join(
            f"{r['name']}: " + ", ".join(f"{k} {percent(v, 0)}" for k, v in r["shares"].items()) for r in records
        ),
        _names([record["name"] for record in records], "quarter"),
        Axis(label="share of the calls", low=0, high=1, ticks=_PERCENT),
    )
    for n, record in enumerate(records):
        base = 0.0
        for css, name in zip((*SERIES, "none"), names, strict=True):
            share = record["shares"][name] or 0.0
            tip = f"{record['name']}, {name}: {percent(share)}"
            chart.bar((n + 0.12, n + 0.88), (base, base + share), f"fill {css}", tip)
            base += share
    return chart.svg()


def leakage_plot(lines: Sequence[LeakageRecord]) -> Markup:
    """Draw the apparent Brier skill under each protocol."""
    values = [line["brier_skill"] for line in lines]
    low, high = padded_range([0.0, *values], least=0.1)
    ticks = [(v, percent(v, 0)) for v, _ in round_ticks(low, high)]
    chart = Chart(
        "One classifier, four protocols",
        "; ".join(f"{line['protocol']}: {percent(line['brier_skill'])}" for line in lines),
        _names(_PROTOCOLS[: len(lines)], "protocol"),
        Axis(label="apparent Brier skill", low=low, high=high, ticks=ticks),
    )
    for n, line in enumerate(lines):
        bottom, top = sorted((0.0, line["brier_skill"]))
        chart.bar((n + 0.2, n + 0.8), (bottom, top), _leakage_css(line), f"{line['protocol']}: {percent(values[n])}")
    chart.horizontal(0.0)
    return chart.svg()


def accuracy_plot(lines: Sequence[LeakageRecord]) -> Markup:
    """Draw the accuracy of each protocol next to that of always naming the more common outcome."""
    chart = Chart(
        "Accuracy of the same classifier",
        "; ".join(f"{line['protocol']}: {percent(line['accuracy'])}" for line in lines),
        _names(_PROTOCOLS[: len(lines)], "protocol"),
        Axis(label="accuracy", low=0, high=1, ticks=_PERCENT),
    )
    for n, line in enumerate(lines):
        tip = f"{line['protocol']}: {percent(line['accuracy'])}, more common outcome {percent(line['majority'])}"
        chart.bar((n + 0.2, n + 0.8), (0, line["accuracy"]), _leakage_css(line), tip)
        chart.line((n + 0.12, n + 0.88), (line["majority"], line["majority"]), "rule strong")
    return chart.svg()


def _leakage_css(line: LeakageRecord) -> str:
    return "fill three" if line["is_out_of_sample"] else "fill two"


def fold_plot(folds: Sequence[FoldRecord]) -> Markup:
    """Draw training and test days of each fold, counted in days that have rows."""
    total = max(fold["test_days"][1] for fold in folds) + 1
    chart = Chart(
        "Fold map",
        f"{len(folds)} folds; the training window grows, one day of embargo, then the test block.",
        Axis(label="days with rows", low=0, high=total, ticks=round_ticks(0, total, "{:.0f}")),
        Axis(label="fold", low=len(folds), high=0, ticks=((0.5, "1"), (len(folds) - 0.5, str(len(folds))))),
        Frame(height=220),
    )
    for n, fold in enumerate(folds):
        row, test = (n + 0.9, n + 0.1), fold["test_days"]
        tip = f"training to {fold['train'][1]}, test {fold['test'][0]} to {fold['test'][1]}"
        chart.bar((0, fold["train_days"]), row, "fill faint", tip)
        chart.bar((test[0], test[1] + 1), row, "fill one", tip)
    return chart.svg()


def interval_plot(record: GoalRecord) -> Markup:
    """Draw a goal's interval next to the goal, small enough for a table cell; nothing for an unknown value."""
    value, low, high = (_known(record[name]) for name in _ENDS)
    if not math.isfinite(value):
        return Markup("")
    goals = [goal for goal in (record["floor"], record["ceiling"]) if goal is not None]
    left, right = padded_range((value, low, high, *goals), least=1e-6)
    x, y = Axis(label="", low=left, high=right), Axis(label="", low=0, high=24)
    chart = Chart(record["name"], "", x, y, Frame(width=200, height=24, left=4, right=4, top=0, bottom=0))
    if len(goals) == 2:
        chart.bar((goals[0], goals[1]), (3, 21), "band")
    for goal in goals:
        chart.segment((goal, 3), (goal, 21), "goal")
    chart.segment((low, 12), (high, 12), "interval")
    chart.point(value, 12, "point", radius=4.5)
    return chart.decoration("forest")


def _names(names: Sequence[str], label: str) -> Axis:
    every = 1 if len(names) <= 7 else 2
    ticks = [(n + 0.5, name) for n, name in enumerate(names) if n % every == 0]
    return Axis(label=label, low=0, high=len(names), ticks=ticks)
