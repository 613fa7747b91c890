"""Fill the figures of docs/evaluation.md and docs/model.md: ``python docs/make_figures.py [--evaluation JSON ...]``.

The pages hold marked blocks.  Each is made from the figures in ``docs/figures/skill.json``, an extract of the reports
of ``magic8 evaluate`` and ``magic8 verify``; with ``--evaluation`` and ``--verify`` the extract is made anew.  A test
makes the blocks again and compares.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

DOCS: Final = Path(__file__).resolve().parent
FIGURES: Final = DOCS / "figures" / "skill.json"
PAGES: Final = (DOCS / "evaluation.md", DOCS / "model.md")
BLOCK: Final = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)
ALL: Final = "ALL"
DECIMALS: Final = 4
ERAS: Final = {"2020-12-31": "2021, SPY", "2025-03-31": "April to August 2025, SPY, QQQ and AAPL"}
POINTS: Final = frozenset({"reliability_slope", "reliability_intercept"})
MODEL_GOALS: Final = {
    "regime_rpss_vs_climatology": "volatility regime: ranked probability skill over climatology",
    "regime_rpss_vs_today_price": "the same against a price that knows today's pace",
    "qlike_gain_vs_vix_share": "variance of the rest of the day: QLIKE saved of VIX x share",
    "qlike_gain_vs_har_today": "the same, saved of a regression with today's variance and the events",
    "qlike_gain_vs_best_baseline": "the same, saved of the best baseline of all",
    "direction_rpss": "direction: ranked probability skill over climatology",
    "win_bss_vs_recalibrated_price": "win probability: Brier skill over the recalibrated price",
    "reliability_slope": "slope of the recalibration of win probabilities",
    "coverage_80": "coverage of the 80 % interval",
    "high_share": "share of HIGH in all answers",
}

Row = Sequence[str]


def main() -> int:
    """Make the extract if reports are given, fill the pages, and return 0."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--evaluation", help="report of magic8 evaluate on several symbols")
    words.add_argument("--verify", nargs="*", default=[], help="reports of magic8 verify with models frozen earlier")
    given = words.parse_args()
    if given.evaluation:
        FIGURES.parent.mkdir(exist_ok=True)
        extracted = extract(_read(given.evaluation), [_read(path) for path in given.verify])
        FIGURES.write_text(json.dumps(extracted, indent=1) + "\n", encoding="utf-8")
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8"), _read(FIGURES)), encoding="utf-8")
    return 0


def extract(evaluation: Mapping[str, Any], frozen: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the pages need of the reports, rounded."""
    kept = ("scored", "high", "label_checks", "edge_quintiles", "endpoints", "leakage_demo", "negatives")
    found = {name: evaluation[name] for name in kept}
    found["scored"]["trials"] = evaluation["protocol"]["configurations"]
    found["comparisons"] = {
        name: evaluation["comparisons"][name] for name in ("regime RPS", "direction RPS", "remaining variance QLIKE")
    }
    found["quarters"] = evaluation["slices"]["quarter"]
    found["frozen"] = [
        {"model": report["model"]["last_day"], "scored": report["scored"], "endpoints": report["endpoints"]}
        for report in frozen
    ]
    rounded: dict[str, Any] = _rounded(found)
    return rounded


def filled(page: str, figures: Mapping[str, Any]) -> str:
    """Return a page with its blocks made anew."""
    return BLOCK.sub(lambda match: f"{match[1]}{BLOCKS[match[2]](figures)}\n{match[3]}", page)


def _scored(figures: Mapping[str, Any]) -> str:
    scored = figures["scored"]
    return (
        f"{', '.join(scored['symbols'])}, {scored['first']} to {scored['last']}: {scored['days']} days,"
        f" {scored['rows']:,} forecasts. {scored['trials']} configurations were tried in all."
    )


def _goals(figures: Mapping[str, Any]) -> str:
    symbols = [ALL, *figures["scored"]["symbols"]]
    by_name = _by_name(figures["endpoints"])
    lines = []
    for name, found in by_name.items():
        overall = found[ALL]
        lines.append(
            [
                f"`{name}`",
                *(_interval(found[symbol], name) for symbol in symbols),
                _wanted(overall, name),
                f"{overall['n_days']} / {overall['needs_days']}",
                _status([found[symbol]["status"] for symbol in symbols]),
            ]
        )
    return _table(["goal", *(f"{symbol}" for symbol in symbols), "wanted", "days had / needed", ""], lines)


def _model_goals(figures: Mapping[str, Any]) -> str:
    by_name = _by_name(figures["endpoints"])
    lines = [
        [
            meaning,
            _interval(by_name[name][ALL], name),
            _interval(by_name[name]["SPY"], name),
            _wanted(by_name[name][ALL], name),
        ]
        for name, meaning in MODEL_GOALS.items()
    ]
    return _table(["", "all symbols", "SPY", "wanted"], lines)


def _quarters(figures: Mapping[str, Any]) -> str:
    quarters = figures["quarters"]
    strategies = list(quarters[0]["shares"])
    lines = [[name, *(f"{quarter['shares'][name]:.0%}" for quarter in quarters)] for name in strategies]
    return _table(["", *(f"{quarter['name']} ({quarter['days']} days)" for quarter in quarters)], lines)


def _high(figures: Mapping[str, Any]) -> str:
    lines = [
        [
            part["name"],
            f"{part['high_share']:.1%}",
            _percent(part["high_won"]),
            f"{part['high_implied']:.1%}",
            _percent(part["other_won"]),
            f"{part['other_implied']:.1%}",
            _percent(part["high_net"], signed=True),
            _percent(part["other_net"], signed=True),
        ]
        for part in figures["high"]
    ]
    head = ["calls of", "share of HIGH", "HIGH won", "implied", "others won", "implied", "net of HIGH", "net of others"]
    return _table(head, lines)


def _label_checks(figures: Mapping[str, Any]) -> str:
    lines = [
        [
            f"`{check['name']}`",
            _percent([check["value"], check["low"], check["high"]], signed="less" in check["name"]),
            _wanted(check, check["name"]),
            check["status"],
            check["reason"].split(". ")[0].rstrip("."),
        ]
        for check in figures["label_checks"]
    ]
    return _table(["check", "value", "wanted", "", "why not"], lines)


def _quintiles(figures: Mapping[str, Any]) -> str:
    by_strategy = figures["edge_quintiles"]
    count = len(next(iter(by_strategy.values())))
    names = ["lowest edge", *(str(n) for n in range(2, count)), "highest edge"]
    lines = [
        [name, *(_percent(parts[n]["won_less_implied"], signed=True) for parts in by_strategy.values())]
        for n, name in enumerate(names)
    ]
    return _table(["fifth", *by_strategy], lines)


def _leakage(figures: Mapping[str, Any]) -> str:
    lines = [
        [
            line["protocol"],
            f"{line['accuracy']:.1%}",
            f"{line['majority']:.1%}",
            f"{line['auc']:.3f}",
            f"{line['brier_skill']:+.0%}",
        ]
        for line in figures["leakage_demo"]
    ]
    return _table(["protocol", "accuracy", "always the commoner outcome", "AUC", "Brier skill over base rates"], lines)


def _baselines(figures: Mapping[str, Any]) -> str:
    scores = figures["comparisons"]
    names = list(dict.fromkeys(line["name"] for lines in scores.values() for line in lines))[1:]
    gains = {score: {line["name"]: line["model_gain"] for line in lines} for score, lines in scores.items()}
    lines = [[name, *(_percent(gains[score].get(name), signed=True) for score in scores)] for name in names]
    return _table(["saved of the loss of", *scores], lines)


def _frozen(figures: Mapping[str, Any]) -> str:
    runs = figures["frozen"]
    goals = [_by_name(run["endpoints"]) for run in runs]
    lines = [
        [f"`{name}`", *(f"{_interval(found[name][ALL], name)} {found[name][ALL]['status']}" for found in goals)]
        for name in goals[0]
        if name in MODEL_GOALS or name == "value_high_minus_rest"
    ]
    head = [f"frozen at {run['model']}, scored on {ERAS[run['model']]} ({run['scored']['days']} days)" for run in runs]
    return _table(["goal", *head], lines)


def _negatives(figures: Mapping[str, Any]) -> str:
    return "\n".join(f"- {sentence}" for sentence in figures["negatives"])


BLOCKS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "scored": _scored,
    "goals": _goals,
    "model_goals": _model_goals,
    "quarters": _quarters,
    "high": _high,
    "label_checks": _label_checks,
    "quintiles": _quintiles,
    "leakage": _leakage,
    "baselines": _baselines,
    "frozen": _frozen,
    "negatives": _negatives,
}


def _by_name(goals: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Mapping[str, Any]]]:
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for goal in goals:
        found.setdefault(goal["name"], {})[goal["symbol"]] = goal
    return found


def _interval(record: Mapping[str, Any], name: str) -> str:
    values = [record["value"], record["low"], record["high"]]
    if name in POINTS:
        return "-" if values[0] is None else f"{values[0]:.2f} [{values[1]:.2f}, {values[2]:.2f}]"
    return _percent(values, signed=not name.startswith(("share", "coverage", "high")))


def _percent(values: Sequence[float | None] | None, *, signed: bool = False) -> str:
    if values is None or values[0] is None:
        return "-"
    if values[1] is None or values[2] is None:
        return f"{100 * values[0]:{'+' if signed else ''}.1f} %"
    return f"{100 * values[0]:{'+' if signed else ''}.1f} % [{100 * values[1]:.1f}, {100 * values[2]:.1f}]"


def _wanted(record: Mapping[str, Any], name: str) -> str:
    if name in POINTS:
        return f"{record['floor']:g} to {record['ceiling']:g}"
    if record["ceiling"] is not None:
        return f"{100 * record['floor']:g} to {100 * record['ceiling']:g} %"
    if record.get("above_zero") or "less" in name:
        return f">= {100 * record['floor']:g} %, interval above 0"
    return f">= {100 * record['floor']:g} %"


def _status(found: Sequence[str]) -> str:
    return (
        found[0]
        if len(set(found)) == 1
        else f"{found[0]}; " + ", ".join(sorted(set(found[1:]) - {found[0]})) + " for some"
    )


def _table(head: Row, lines: Iterable[Row]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _rounded(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, float):
        return round(value, DECIMALS)
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value


def _read(path: Path | str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    sys.exit(main())
