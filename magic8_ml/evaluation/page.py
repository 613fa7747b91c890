"""The two evaluations as self-contained pages, made from their JSON documents alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from magic8_companion.domain.strategy import BASE_STRATEGIES, NO_TRADE
from magic8_companion.reports.numbers import percent
from magic8_companion.reports.page import render
from magic8_ml.evaluation import plots
from magic8_ml.evaluation.baselines import CLIMATOLOGY
from magic8_ml.evaluation.goals import ALL
from magic8_ml.evaluation.records import EvaluationReport, GroupFigures, TradeReport

_PACKAGE: Final = "magic8_ml.evaluation"
_LEGEND: Final = list(zip(plots.SERIES, BASE_STRATEGIES, strict=True))
_TRIAL_FIGURES: Final = {
    "regime_rpss_vs_climatology": "regime skill",
    "qlike_gain_vs_vix_share": "variance gain",
    "direction_rpss": "direction skill",
    "win_bss_vs_climatology": "win skill",
    "sharpe_daily": "daily Sharpe",
}


def evaluation_page(report: EvaluationReport) -> str:
    """Return the page of the five-minute model."""
    overall = [record for record in report["endpoints"] if record["symbol"] == ALL]
    return render(
        _PACKAGE,
        "evaluation.html",
        title=report["title"],
        report=report,
        plots=plots,
        overall=overall,
        statuses=Counter(record["status"] for record in overall),
        symbols=sorted({record["symbol"] for record in report["endpoints"]} - {ALL}),
        climatology=CLIMATOLOGY.name,
        legend=_LEGEND,
        no_trade=NO_TRADE,
        rarest=_rarest(report["slices"]["quarter"]),
        trial_figures=_TRIAL_FIGURES,
    )


def trade_evaluation_page(report: TradeReport) -> str:
    """Return the page of the win probabilities of trades."""
    return render(_PACKAGE, "trade_evaluation.html", title=report["title"], report=report, plots=plots)


def _rarest(quarters: Sequence[GroupFigures]) -> str:
    shares = {(q["name"], name): q["shares"][name] for q in quarters for name in BASE_STRATEGIES}
    known = {key: share for key, share in shares.items() if share is not None}
    sentence = "Of all calls that did not abstain."
    if not known:
        return sentence
    quarter, name = min(known, key=known.__getitem__)
    return f"{sentence} The rarest was {name} in {quarter} with {percent(known[quarter, name])}; the aim is 10 %."
