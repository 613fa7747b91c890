"""The goals and the comparison as a table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from magic8_ml.evaluation.records import (
    GoalRecord,
    LeakageRecord,
    RuleRecord,
    ScoreRecord,
    TargetRecord,
    TradeReport,
)


def summary(report: TradeReport) -> str:
    """Return goals, forecasters on the same rows, rules, former targets and the leakage demo."""
    scored = report["scored"]
    head = f"{scored['first']} .. {scored['last']}, {scored['days']} days, {scored['rows']:,} trades"
    return "\n".join(
        (
            f"{report['title']}: {report['model']['name']}",
            f"  {', '.join(scored['symbols'])}, {head}",
            *(f"  ! {sentence}" for sentence in report["alarms"]),
            "",
            f"  {'goal':<44}{'value':>8}{'95 % interval':>20}{'wanted':>14}  status",
            *(_goal(record) for record in report["goals"]),
            "",
            f"  {'on the same rows':<44}{'Brier':>8}{'skill over the base rate':>28}",
            *(_line(record) for record in report["comparisons"]["Brier"]),
            "",
            f"  {'taken by':<44}{'share':>8}{'won':>8}  net per risk",
            *(_rule(record) for record in report["rules"]),
            "",
            *(_target(record) for record in report["hopes"]),
            *_leakage(report["leakage_demo"]),
        )
    )


def _goal(record: GoalRecord) -> str:
    wanted = f"> {record['floor']:g}" if record["ceiling"] is None else f"{record['floor']:g} .. {record['ceiling']:g}"
    value, interval = _triple((record["value"], record["low"], record["high"]))
    return f"  {record['name']:<44}{value:>8}{interval:>20}{wanted:>14}  {record['status']}"


def _line(record: ScoreRecord) -> str:
    value, interval = _triple(record["skill"])
    return f"  {record['name']:<44}{record['loss']:>8.4f}{value:>9}{interval:>19}"


def _rule(record: RuleRecord) -> str:
    value, interval = _triple(record["net_per_risk"])
    return f"  {record['name']:<44}{record['share']:>8.1%}{record['won'][0] or 0:>8.1%}  {value} {interval}"


def _target(record: TargetRecord) -> str:
    value, interval = _triple(record["found"])
    return f"  {record['name']}: {value} {interval}; target {record['hoped']}; {record['remark']}"


def _leakage(lines: Sequence[LeakageRecord]) -> list[str]:
    if not lines:
        return []
    head = f"  {'leakage demo':<50}{'accuracy':>9}{'majority':>9}{'AUC':>7}{'over base':>10}{'over price':>11}"
    rows = [""]
    for n, line in enumerate(lines):
        if not n or line["recipe"] != lines[n - 1]["recipe"]:
            rows += [f"  {line['recipe']}", head]
        rows.append(
            f"  {line['protocol']:<50}{line['accuracy']:>9.3f}{line['majority']:>9.3f}{line['auc']:>7.3f}"
            f"{line['brier_skill']:>+10.1%}{line['price_skill']:>+11.1%}"
        )
    return rows


def _triple(values: Sequence[float | None]) -> tuple[str, str]:
    shown = ["-" if value is None else f"{value:+.3f}" for value in values]
    return shown[0], "" if values[1] is None else f"[{shown[1]}, {shown[2]}]"
