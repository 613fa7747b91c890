"""The pictures of a report, each from the plain figures that its JSON holds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from magic8_ml.evaluation.number_format import percent
from magic8_ml.evaluation.svg import Axis, Chart, round_ticks

Record = Mapping[str, Any]

_SERIES: Final = ("one", "two", "three")
_NAN: Final = float("nan")
_HOURS: Final = "half hour of entry, New York"
_PROTOCOLS: Final = ("random", "random + close", "by day", "walk-forward")
_PERCENT: Final = tuple((n / 5, f"{20 * n} %") for n in range(6))


def known(value: float | None) -> float:
    """Return the number, NaN for null."""
    return _NAN if value is None else float(value)


def reliability_chart(title: str, record: Record) -> str:
    """Draw what came against what was said, beside the band of a perfect forecaster."""
    said = record["said"]
    low, high = _span((*said, *record["came"], *record["band_low"], *record["band_high"]), least=0.1)
    low, high = max(low, 0.0), min(high, 1.0)
    ticks = round_ticks(low, high, about=5)
    axis = [(value, percent(value, 0)) for value, _ in ticks]
    summary = (
        f"ECE {record['ece']:.3f}; a perfect forecaster stays below {record['ece_band']:.3f} on 95 % of such data."
    )
    chart = Chart(
        f"Reliability, {title}",
        summary,
        Axis(label="win probability said", low=low, high=high, ticks=axis),
        Axis(label="share that won", low=low, high=high, ticks=axis),
    )
    chart.area(said, record["band_low"], record["band_high"], "band")
    chart.line((low, high), (low, high), "rule")
    chart.line(said, record["came"], "line one")
    for x, y, n in zip(said, record["came"], record["count"], strict=True):
        chart.dot(x, y, "dot one", f"said {percent(x)}, won {percent(y)}, {n:,} rows")
    return chart.svg()


def skill_chart(title: str, records: Sequence[Record], key: str, floor: float | None = None) -> str:
    """Draw one skill with its interval for each group."""
    triples = [[known(v) for v in record[key]] for record in records]
    goals = [] if floor is None else [floor]
    low, high = _span([0.0, *goals, *(v for triple in triples for v in triple)], least=0.04)
    chart = Chart(
        title,
        "; ".join(f"{record['name']}: {percent(record[key][0])}" for record in records),
        _names([record["name"] for record in records], _HOURS),
        Axis(label=title, low=low, high=high, ticks=[(v, percent(v, 0)) for v, _ in round_ticks(low, high)]),
    )
    chart.rule(y=0.0)
    for n, (record, (value, bottom, top)) in enumerate(zip(records, triples, strict=True)):
        chart.whisker(n + 0.5, bottom, top, "whisker one")
        span = f"[{percent(record[key][1])}, {percent(record[key][2])}]"
        chart.dot(
            n + 0.5, value, "dot one", f"{record['name']}: {percent(record[key][0])} {span}, {record['days']} days"
        )
    if floor is not None:
        chart.rule(y=floor, css="goal", text=f"goal {percent(floor, 0)}")
    return chart.svg()


def coverage_chart(records: Sequence[Record]) -> str:
    """Draw the coverage of the 80 % interval for each half hour, beside its goal of 75 to 85 %."""
    triples = [[known(v) for v in record["coverage"]] for record in records]
    low, high = _span([0.7, 0.9, *(v for triple in triples for v in triple)], least=0.1)
    low, high = max(0.0, low), min(1.0, high)
    chart = Chart(
        "Coverage of the 80 % interval",
        "; ".join(f"{record['name']}: {percent(record['coverage'][0])}" for record in records),
        _names([record["name"] for record in records], _HOURS),
        Axis(label="moves inside", low=low, high=high, ticks=[(v, percent(v, 0)) for v, _ in round_ticks(low, high)]),
    )
    chart.area((0, len(records)), (0.75, 0.75), (0.85, 0.85), "band")
    chart.rule(y=0.8)
    for n, (record, (value, bottom, top)) in enumerate(zip(records, triples, strict=True)):
        chart.whisker(n + 0.5, bottom, top, "whisker one")
        chart.dot(n + 0.5, value, "dot one", f"{record['name']}: {percent(record['coverage'][0])}")
    return chart.svg()


def sigma_chart(record: Record) -> str:
    """Draw the density of forecast against realised sigma, with the median of what came."""
    edges = record["edges"]
    low, high = edges[0], edges[-1]
    ticks = [(v, f"{v:g}") for v in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10) if low <= v <= high]
    chart = Chart(
        "Sigma forecast against realised",
        "Density of rows; points on the dashed line were forecast exactly; the line is the median of what came.",
        Axis(label="forecast, % of spot", low=low, high=high, ticks=ticks, log=True),
        Axis(label="realised, % of spot", low=low, high=high, ticks=ticks, log=True),
    )
    most = max(count for _, _, count in record["cells"])
    for x, y, count in record["cells"]:
        shade = 0.08 + 0.87 * (count / most) ** 0.6
        chart.box((edges[x], edges[x + 1]), (edges[y], edges[y + 1]), "cell", f"{count:,} rows", shade)
    chart.line((low, high), (low, high), "rule")
    middles = [(left * right) ** 0.5 for left, right in pairwise(edges)]
    chart.line(middles, [known(v) for v in record["median"]], "line two")
    return chart.svg()


def confidence_chart(record: Record) -> str:
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
        for css, (name, column) in zip(_SERIES, counts.items(), strict=True):
            share = column[n] / total
            tip = f"{name}, {edges[n]:.2f} to {edges[n + 1]:.2f}: {column[n]:,} calls"
            chart.box((edges[n] + 0.004, edges[n + 1] - 0.004), (base, base + share), f"fill {css}", tip)
            base += share
    chart.rule(x=0.65, text="MEDIUM")
    chart.rule(x=0.80, text="HIGH")
    return chart.svg()


def shares_chart(records: Sequence[Record]) -> str:
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
        for css, name in zip((*_SERIES, "none"), names, strict=True):
            share = record["shares"][name] or 0.0
            tip = f"{record['name']}, {name}: {percent(share)}"
            chart.box((n + 0.12, n + 0.88), (base, base + share), f"fill {css}", tip)
            base += share
    return chart.svg()


def leak_chart(lines: Sequence[Record]) -> str:
    """Draw the Brier skill that each protocol pretends or shows."""
    values = [line["brier_skill"] for line in lines]
    low, high = _span([0.0, *values], least=0.1)
    ticks = [(v, percent(v, 0)) for v, _ in round_ticks(low, high)]
    chart = Chart(
        "One classifier, four protocols",
        "; ".join(f"{line['protocol']}: {percent(line['brier_skill'])}" for line in lines),
        _names(_PROTOCOLS[: len(lines)], "protocol"),
        Axis(label="Brier skill it seems to have", low=low, high=high, ticks=ticks),
    )
    for n, line in enumerate(lines):
        bottom, top = sorted((0.0, line["brier_skill"]))
        chart.box((n + 0.2, n + 0.8), (bottom, top), _leak_css(line), f"{line['protocol']}: {percent(values[n])}")
    chart.rule(y=0.0)
    return chart.svg()


def accuracy_chart(lines: Sequence[Record]) -> str:
    """Draw the accuracy of each protocol beside that of always naming the commoner outcome."""
    chart = Chart(
        "Accuracy of the same classifier",
        "; ".join(f"{line['protocol']}: {percent(line['accuracy'])}" for line in lines),
        _names(_PROTOCOLS[: len(lines)], "protocol"),
        Axis(label="accuracy", low=0, high=1, ticks=_PERCENT),
    )
    for n, line in enumerate(lines):
        tip = f"{line['protocol']}: {percent(line['accuracy'])}, commoner outcome {percent(line['majority'])}"
        chart.box((n + 0.2, n + 0.8), (0, line["accuracy"]), _leak_css(line), tip)
        chart.line((n + 0.12, n + 0.88), (line["majority"], line["majority"]), "rule strong")
    return chart.svg()


def _leak_css(line: Record) -> str:
    return "fill three" if line["honest"] else "fill two"


def fold_chart(folds: Sequence[Record]) -> str:
    """Draw which days each fold learnt from and which it tested, counted in days that have rows."""
    total = max(fold["tested_days"][1] for fold in folds) + 1
    chart = Chart(
        "Fold map",
        f"{len(folds)} folds; the training window grows, one day of embargo, then the tested block.",
        Axis(label="days with rows", low=0, high=total, ticks=round_ticks(0, total, "{:.0f}")),
        Axis(label="fold", low=len(folds), high=0, ticks=((0.5, "1"), (len(folds) - 0.5, str(len(folds))))),
        height=220,
    )
    for n, fold in enumerate(folds):
        row, tested = (n + 0.9, n + 0.1), fold["tested_days"]
        tip = f"learnt to {fold['learnt'][1]}, tested {fold['tested'][0]} to {fold['tested'][1]}"
        chart.box((0, fold["learnt_days"]), row, "fill faint", tip)
        chart.box((tested[0], tested[1] + 1), row, "fill one", tip)
    return chart.svg()


def forest(record: Record) -> str:
    """Draw an endpoint's interval beside its goal, small enough for a table cell; nothing where nothing is known."""
    value, low, high = (known(record[name]) for name in ("value", "low", "high"))
    if not math.isfinite(value):
        return ""
    goals = [goal for goal in (record["floor"], record["ceiling"]) if goal is not None]
    left, right = _span([value, low, high, *goals], least=1e-6)

    def place(v: float) -> float:
        return round(4 + 192 * (v - left) / (right - left), 1)

    marks = [f'<line class="goal" x1="{place(goal)}" x2="{place(goal)}" y1="3" y2="21"/>' for goal in goals]
    if len(goals) == 2:
        start, end = map(place, goals)
        marks.insert(0, f'<rect class="band" x="{start}" y="3" width="{end - start:.1f}" height="18"/>')
    if math.isfinite(low) and math.isfinite(high):
        marks.append(f'<line class="whisker" x1="{place(low)}" x2="{place(high)}" y1="12" y2="12"/>')
    dot = f'<circle class="dot" cx="{place(value)}" cy="12" r="4.5"/>'
    return f'<svg class="forest" viewBox="0 0 200 24" aria-hidden="true">{"".join(marks)}{dot}</svg>'


def _span(values: Sequence[float], least: float) -> tuple[float, float]:
    # room around what is known
    shown = [value for value in values if math.isfinite(value)]
    low, high = min(shown), max(shown)
    middle, half = (low + high) / 2, max(high - low, least) / 2
    return middle - 1.16 * half, middle + 1.16 * half


def _names(names: Sequence[str], label: str) -> Axis:
    every = 1 if len(names) <= 7 else 2
    ticks = [(n + 0.5, name) for n, name in enumerate(names) if n % every == 0]
    return Axis(label=label, low=0, high=len(names), ticks=ticks)
