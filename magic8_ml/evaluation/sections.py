"""The sections that show figures: volatility, win odds, calls, groups, the leak exhibit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from magic8_companion.domain.strategy import BASE_STRATEGIES, NO_TRADE
from magic8_ml.evaluation import plots
from magic8_ml.evaluation.baselines import CLIMATOLOGY
from magic8_ml.evaluation.markup import Markup, card, details, figure, grid, section, table, text
from magic8_ml.evaluation.number_format import percent, plain, triple

Record = Mapping[str, Any]

_UNFOLDED: Final = ("regime RPS", "remaining variance QLIKE", "win Brier", "half hour", "regime forecast", "quarter")
"""Tables that are seen at first; the others are a click away."""

_STRATEGY_LEGEND: Final = tuple(zip(("one", "two", "three"), BASE_STRATEGIES, strict=True))


def volatility(report: Record) -> str:
    """Show how well the rest of the day was forecast, by hour and beside every baseline."""
    hours = report["slices"]["half hour"]
    parts: list[str] = [
        grid(
            figure(
                "Skill by hour",
                plots.skill_chart("regime skill (RPSS)", hours, "regime_rpss", 0.15),
                "Skill of the volatility regime over climatology, by the half hour of entry (New York).",
            ),
            figure(
                "Variance gain by hour",
                plots.skill_chart("QLIKE saved", hours, "qlike_gain", 0.10),
                "QLIKE of the remaining variance saved against VIX × time-of-day share.",
            ),
        )
    ]
    if report["sigma"]["cells"]:
        parts.append(
            grid(
                figure(
                    "Sigma forecast against realised",
                    plots.sigma_chart(report["sigma"]),
                    "Darker cells hold more rows; the orange line is the median of what came.",
                ),
                figure(
                    "Coverage by hour",
                    plots.coverage_chart(hours),
                    "Share of remaining moves inside the 80 % interval; the band is the goal of 75 to 85 %.",
                ),
            )
        )
    parts += [_comparison(report, score) for score in report["comparisons"] if not score.startswith("win")]
    lead = "The part of the market that can be forecast: how much the rest of the day will move against its price."
    return section("volatility", "Volatility, move and direction", lead, *parts)


def _comparison(report: Record, score: str) -> str:
    lines = report["comparisons"][score]
    rows = [
        (
            line["name"],
            plain(line["loss"], 4),
            f"{line['days']}",
            "reference" if line["name"] == CLIMATOLOGY.name else triple(line["skill"]),
            "" if line["name"] == report["model"]["name"] else triple(line["model_gain"]),
            _p(line["p_value"]),
            _p(line["p_holm"]),
        )
        for line in lines
    ]
    head = ("forecaster", "mean loss", "days", "skill over climatology", "model's gain over it", "p", "p, Holm")
    silent = report["silent"].get(score)
    note = Markup(f"<p>Without an answer to this: {text(', '.join(silent))}.</p>") if silent else ""
    shown = card(table("", head, rows, [report["model"]["name"]]), note)
    return details(f"{score[:1].upper()}{score[1:]}", shown, unfolded=score in _UNFOLDED)


def _p(value: float | None) -> str:
    return "" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def win_odds(report: Record) -> str:
    """Show whether odds mean what they say."""
    charts = [
        figure(record["name"], plots.reliability_chart(record["name"], record), _reliability_words(record))
        for record in report["reliability"]
    ]
    lead = (
        "Of all trades given 70 %, did 70 % win? The band is where a perfect forecaster would lie on as few days;"
        " every day counts once, however many rows it has."
    )
    tables = [_comparison(report, score) for score in report["comparisons"] if score.startswith("win")]
    parts = [
        (r["name"], *(plain(r["brier"][key], 4) for key in ("reliability", "resolution", "uncertainty", "within")))
        for r in report["reliability"]
    ]
    taken_apart = table(
        "Brier = reliability − resolution + uncertainty + what binning hides",
        ("strategy", "reliability", "resolution", "uncertainty", "within bins"),
        parts,
    )
    return section(
        "win", "Win odds", lead, grid(*charts), *tables, details("Brier score taken apart", card(taken_apart))
    )


def _reliability_words(record: Record) -> str:
    inside = "inside" if record["ece"] <= record["ece_band"] else "outside"
    slope, intercept = (f"{plain(v[0])} [{plain(v[1])}, {plain(v[2])}]" for v in (record["slope"], record["intercept"]))
    return (
        f"Slope {slope}, intercept {intercept}; ECE {record['ece']:.3f}, {inside} the band of a perfect forecaster"
        f" ({record['ece_band']:.3f})."
    )


def calls(report: Record) -> str:
    """Show what was called, how confidently, and what came of it."""
    quarters = report["slices"]["quarter"]
    legend = (*_STRATEGY_LEGEND, ("none", NO_TRADE))
    rows = [
        (
            line["name"],
            f"{line['calls']:,}",
            percent(line["high_share"]),
            triple(line["high_won"]),
            percent(line["high_forecast"]),
            percent(line["high_implied"]),
            triple(line["other_won"]),
        )
        for line in report["high"]
    ]
    head = ("calls of", "calls", "HIGH", "HIGH won", "forecast", "price", "others won")
    lead = (
        "Confidence is a rank, not a probability: HIGH means among the top fifth of the last year for this strategy at"
        " this hour. What HIGH was worth stands in the table."
    )
    return section(
        "calls",
        "Calls and confidence",
        lead,
        grid(
            figure(
                "Confidence",
                plots.confidence_chart(report["confidence"]),
                "Calls by confidence rank and strategy.",
                _STRATEGY_LEGEND,
            ),
            figure("Calls by quarter", plots.shares_chart(quarters), _rarest(quarters), legend),
        ),
        card(table("What came of HIGH calls and of the others", head, rows), _results(report)),
        details(
            "Edge quintiles: does a larger edge win more than priced?",
            *map(_quintiles, report["edge_quintiles"].items()),
        ),
        details("Accuracy, beside always naming the commoner outcome", _accuracy(report)),
    )


def _rarest(quarters: Sequence[Record]) -> str:
    shares = {(q["name"], name): q["shares"][name] for q in quarters for name in BASE_STRATEGIES}
    known = {key: share for key, share in shares.items() if share is not None}
    words = "Of all calls that did not abstain."
    if not known:
        return words
    quarter, name = min(known, key=known.__getitem__)
    return f"{words} The rarest was {name} in {quarter} with {percent(known[quarter, name])}; the aim is 10 %."


def _results(report: Record) -> str:
    rows = [
        (
            f"{line['name']}, {words}",
            triple(line[f"{kind}_net"]),
            *(percent(line[f"{kind}_net_by_cost"][scenario]) for scenario in ("low", "base", "high")),
        )
        for line in report["high"]
        for kind, words in (("high", "HIGH"), ("other", "others"))
    ]
    caption = "Result per largest loss, at premia that paid nothing on average on the training days"
    return table(caption, ("calls of", "net, base costs", "low costs", "base costs", "high costs"), rows)


def _quintiles(item: tuple[str, Sequence[Record]]) -> str:
    strategy, lines = item
    rows = [
        (
            f"{r['quintile']}",
            plain(r["edge"]),
            percent(r["won"]),
            percent(r["implied"]),
            triple(r["won_less_implied"]),
            triple(r["net"]),
        )
        for r in lines
    ]
    return card(table(strategy, ("quintile", "edge", "won", "price said", "difference", "net / risk"), rows))


def _accuracy(report: Record) -> str:
    rows = [(r["name"], percent(r["accuracy"]), percent(r["majority"])) for r in report["accuracy"]]
    return card(table("", ("what", "accuracy", "commoner outcome"), rows))


def groups(report: Record) -> str:
    """Show every group in one table per grouping."""
    head = ("group", "days", "rows", "regime skill", "variance gain", "win skill", "coverage 80 %", "HIGH")
    parts = []
    for grouping, groups in report["slices"].items():
        rows = [
            (
                g["name"],
                f"{g['days']}",
                f"{g['rows']:,}",
                triple(g["regime_rpss"]),
                triple(g["qlike_gain"]),
                triple(g["win_skill"]),
                triple(g["coverage"]),
                percent(g["high_share"], 0),
            )
            for g in groups
        ]
        parts.append(details(f"By {grouping}", card(table("", head, rows)), unfolded=grouping in _UNFOLDED))
    lead = "Groups are made by what was known at entry, never by what came afterwards."
    return section("where", "Where it works", lead, *parts)


def leak(report: Record) -> str:
    """Show what a random split of rows pretends; nothing where the exhibit was not drawn."""
    lines = report["leak"]
    if not lines:
        return ""
    rows = [
        (r["protocol"], percent(r["accuracy"]), percent(r["majority"]), f"{r['auc']:.3f}", percent(r["brier_skill"]))
        for r in lines
    ]
    lead = (
        "One and the same classifier on the same rows. Split at random, it looks the answer up in other rows of that"
        " day. Only the figures by day mean anything; the others are the mistake this report exists to avoid."
    )
    head = ("protocol", "accuracy", "commoner outcome", "AUC", "Brier skill over base rates")
    return section(
        "leak",
        "Leak exhibit",
        lead,
        grid(
            figure("Skill it seems to have", plots.leak_chart(lines), "Higher is not better here: orange is the leak."),
            figure(
                "Accuracy", plots.accuracy_chart(lines), "The dash is what always naming the commoner outcome gives."
            ),
        ),
        card(table("", head, rows)),
    )
