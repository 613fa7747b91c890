"""The report as one self-contained page, of the same cloth as that of the five-minute model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from magic8_ml.evaluation import plots
from magic8_ml.evaluation.markup import Markup, bullets, card, details, figure, grid, section, table
from magic8_ml.evaluation.number_format import percent, plain, triple
from magic8_ml.evaluation.page_shell import page_header, whole_page

Record = Mapping[str, Any]

_STATUS: Final = {"passed": ("✓", "passed"), "failed": ("✕", "failed")}
_WAIT: Final = ("…", "wait")


def page(report: Record) -> str:
    """Draw the page from the plain report."""
    sections = {
        ("goals", "Goals"): _goals(report),
        ("same", "On the same rows"): _comparisons(report),
        ("calibration", "Calibration"): _calibration(report),
        ("money", "Taken and skipped"): _money(report),
        ("pairs", "Symbols and strategies"): _pairs(report),
        ("exhibit", "Exhibit"): _exhibit(report["exhibit"]),
        ("hopes", "Former hopes"): _hopes(report),
        ("protocol", "Protocol and limits"): _protocol(report),
    }
    return whole_page(report["title"], _head(report), sections)


def _head(report: Record) -> str:
    scored, overall = report["scored"], report["overall"]
    lead = (
        f"{', '.join(scored['symbols'])} · {scored['first']} to {scored['last']} · {scored['days']} days,"
        f" {scored['rows']:,} trades · {report['model']['name']}"
    )
    tiles = (
        (percent(overall["skill_base"][0]), "Brier skill over the base rate", ""),
        (percent(overall["skill_premium"][0]), "over the recalibrated premium", ""),
        (percent(overall["skill_lognormal"][0]), "over the recalibrated lognormal", ""),
        (plain(overall["slope"][0], 2), "reliability slope", ""),
        (percent(overall["taken"]["net_per_risk"][0]), "net per risk of trades taken", ""),
        (percent(overall["skipped"]["net_per_risk"][0]), "of trades skipped", ""),
    )
    return page_header(report["title"], lead, tiles, report["alarms"])


def _goals(report: Record) -> str:
    rows = []
    for record in report["goals"]:
        meaning = Markup(f'{escape(record["name"])}<span class="meaning">{escape(record["meaning"])}</span>')
        floor, ceiling = record["floor"], record["ceiling"]
        wanted = f"> {floor:g}" if ceiling is None else f"{floor:g} to {ceiling:g}"
        sign, css = _STATUS.get(record["status"], _WAIT)
        status = Markup(f'<span class="status {css}">{sign} {record["status"]}</span>')
        interval = f"[{plain(record['low'])}, {plain(record['high'])}]"
        picture = Markup(plots.forest(record))
        rows.append((meaning, picture, plain(record["value"]), interval, wanted, record["n_days"], status))
    head = ("goal", "", "value", "95 % interval", "wanted", "days", "")
    lead = "Set in advance. Intervals draw blocks of days, because trades of one day share its close."
    return section("goals", "Goals", lead, card(table("", head, rows)))


def _comparisons(report: Record) -> str:
    head = ("who", "loss", "skill over base rate", "the model's gain over it", "p", "rows")
    parts = []
    for score, lines in report["comparisons"].items():
        rows = [
            (
                line["name"],
                plain(line["loss"], 4),
                triple(line["skill"]),
                triple(line["model_gain"]),
                plain(line["p_value"]),
                f"{line['rows']:,}",
            )
            for line in lines
        ]
        parts.append(card(table(score, head, rows, marked=[report["model"]["name"]])))
    missing = [f"{name}: not available, {reason}." for name, reason in report["unavailable"].items()]
    lead = (
        "Each compared with the model on the rows of which both spoke. p: Diebold and Mariano, one-sided, that the"
        " model loses less."
    )
    return section("same", "On the same rows", lead, *parts, bullets(missing) if missing else "")


def _calibration(report: Record) -> str:
    charts = [
        figure(
            record["name"],
            plots.reliability_chart(record["name"], record),
            f"Slope {_spread(record['slope'])}, intercept {_spread(record['intercept'])}; the band is where a perfect"
            " forecaster would lie.",
        )
        for record in report["reliability"]
    ]
    lead = "Does what is said to win in 70 % of the cases win in 70 % of the cases?"
    return section("calibration", "Calibration", lead, grid(*charts))


def _spread(values: Sequence[float | None]) -> str:
    return f"{plain(values[0], 2)} [{plain(values[1], 2)}, {plain(values[2], 2)}]"


def _money(report: Record) -> str:
    rows = [
        (
            record["name"],
            f"{record['trades']:,}",
            percent(record["share"], 0),
            triple(record["won"]),
            triple(record["net_per_risk"]),
            plain(record["net_usd"][0], 2),
            percent(record["recall"], 0),
            plain(record["f1"], 2),
        )
        for record in report["rules"]
    ]
    head = ("rule", "trades", "share", "won", "net per risk", "USD a trade", "recall", "F1")
    rules = card(table("What each rule would have taken, on the rows for which all have a threshold", head, rows))
    lead = (
        "The product takes a trade where its expected value after costs is above zero. The thresholds of F1 and recall,"
        " chosen on earlier days, stand beside it to show what they lead to."
    )
    return section("money", "Taken and skipped", lead, rules, _thresholds(report["thresholds"]))


def _thresholds(found: Record) -> str:
    kinds = list(found)
    rows = [
        (f"{symbol} {strategy}", *(plain(found[kind][symbol][strategy], 2) for kind in kinds))
        for symbol, strategies in found[kinds[0]].items()
        for strategy in strategies
    ]
    head = ("symbol and strategy", *(kind.replace("_", " ") for kind in kinds))
    return details("Thresholds for days to come", card(table("", head, rows)))


def _pairs(report: Record) -> str:
    lines = [report["overall"], *report["strategies"], *report["pairs"]]
    rest = details("Accuracy and F1, beside always naming the commoner outcome", _appendix(lines))
    return section("pairs", "Symbols and strategies", "", _skill(lines), _earned(lines), rest)


def _skill(lines: Sequence[Record]) -> Markup:
    rows = [
        (
            line["name"],
            f"{line['rows']:,}",
            line["days"],
            percent(line["base_rate"]),
            plain(line["brier"], 4),
            triple(line["skill_base"]),
            triple(line["skill_premium"]),
            triple(line["skill_lognormal"]),
            plain(line["slope"][0], 2),
            plain(line["auc"]),
        )
        for line in lines
    ]
    head = ("", "trades", "days", "won", "Brier", "over base rate", "over premium", "over lognormal", "slope", "AUC")
    return card(table("Skill", head, rows, marked=[lines[0]["name"]]))


def _earned(lines: Sequence[Record]) -> Markup:
    rows = [
        (
            line["name"],
            percent(line["taken"]["share"], 0),
            *(triple(line[kind]["net_per_risk"]) for kind in ("taken", "skipped", "all")),
            plain(line["taken"]["net_usd"][0], 2),
            plain(line["taken"]["expected_usd"], 2),
        )
        for line in lines
    ]
    head = ("", "taken", "taken: net per risk", "skipped", "all", "taken: USD a trade", "expected USD")
    return card(table("Taken where the expected value was above zero", head, rows, marked=[lines[0]["name"]]))


def _appendix(lines: Sequence[Record]) -> Markup:
    rows = [
        (
            line["name"],
            percent(line["accuracy"]),
            percent(line["majority"]),
            plain(line["f1"], 2),
            plain(line["average_precision"], 2),
            plain(line["log_loss"]),
            plain(line["intercept"][0], 2),
        )
        for line in lines
    ]
    head = ("", "accuracy", "commoner outcome", "F1", "average precision", "log loss", "intercept")
    return card(table("", head, rows))


def _exhibit(lines: Sequence[Record]) -> str:
    if not lines:
        return ""
    parts: list[str] = []
    head = ("protocol", "accuracy", "commoner outcome", "AUC", "Brier skill over base rates", "over the premium")
    for recipe in dict.fromkeys(line["recipe"] for line in lines):
        mine = [line for line in lines if line["recipe"] == recipe]
        rows = [
            (
                line["protocol"],
                percent(line["accuracy"]),
                percent(line["majority"]),
                plain(line["auc"]),
                percent(line["brier_skill"]),
                percent(line["price_skill"]),
            )
            for line in mine
        ]
        pictures = grid(
            figure("Skill it seems to have", plots.leak_chart(mine), "Higher is not better: orange is the leak."),
            figure("Accuracy", plots.accuracy_chart(mine), "The dash: always naming the commoner outcome."),
        )
        parts += [Markup(f"<h3>{escape(recipe)}</h3>"), pictures, card(table("", head, rows))]
    lead = (
        "One recipe, one set of rows. Split at random, trees look up how a day ended in its other trades. Only the"
        " figures by day mean anything; the others are the mistake this report exists to avoid."
    )
    return section("exhibit", "Exhibit: what a random split pretends", lead, *parts)


def _hopes(report: Record) -> str:
    rows = [(record["name"], record["hoped"], _spread(record["found"]), record["remark"]) for record in report["hopes"]]
    head = ("figure", "hoped for", "found", "remark")
    lead = "Success figures of the former plan, reported as they come out. None of them is a goal here."
    return section("hopes", "Former hopes", lead, card(table("", head, rows)))


def _protocol(report: Record) -> str:
    protocol = report["protocol"]
    facts = [(key.replace("_", " "), _fact(value)) for key, value in protocol.items() if key != "folds"]
    facts += [(key.replace("_", " "), _fact(value)) for key, value in report["data"].items()]
    facts += [("columns", _fact(report["model"]["columns"])), ("digest of the columns", report["model"]["digest"])]
    chart = figure("Fold map", plots.fold_chart(protocol["folds"]), "Grey was learnt from, blue was tested.")
    return section(
        "protocol",
        "Protocol and limits",
        "",
        chart,
        details("Facts", card(table("", ("what", "value"), facts))),
        Markup("<h3>Limits: what is not claimed</h3>"),
        bullets(report["limits"]),
    )


def _fact(value: Any) -> str:  # noqa: ANN401 - facts are plain JSON of any kind
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_fact(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_fact, value)) or "none"
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
