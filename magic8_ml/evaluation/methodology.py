"""The end of the page: what did not work, how it was measured, everything that was tried, and the limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from magic8_ml.evaluation import plots
from magic8_ml.evaluation.markup import Markup, bullets, card, details, figure, grid, section, table, text
from magic8_ml.evaluation.number_format import percent, plain

Record = Mapping[str, Any]

_SHOWN: Final = 12
_DIGEST: Final = 16
_TRIED: Final = {
    "regime_rpss_vs_climatology": "regime skill",
    "qlike_gain_vs_vix_share": "variance gain",
    "direction_rpss": "direction skill",
    "win_bss_vs_climatology": "win skill",
    "sharpe_daily": "daily Sharpe",
}


def negative(report: Record) -> str:
    """List the findings against the model."""
    found = report["negatives"]
    missing = [f"{name}: not available, {reason}." for name, reason in report["unavailable"].items()]
    lead = f"{len(found)} findings against the model, listed because they are as true as the others."
    rest = found[_SHOWN:]
    more = details(f"{len(rest)} more", bullets(rest)) if rest else ""
    return section("negative", "Negative results", lead, bullets([*missing, *found[:_SHOWN]]), more)


def protocol(report: Record) -> str:
    """Show folds, trials, facts and limits."""
    protocol = report["protocol"]
    facts = [(_words(key), _fact(value)) for key, value in protocol.items() if key not in {"folds", "luck"}]
    facts += [(_words(key), _fact(value)) for key, value in report["data"].items()]
    facts += [(f"model: {_words(key)}", _fact(value)) for key, value in report["model"].items()]
    folds = protocol.get("folds") or []
    pictures = [figure("Fold map", plots.fold_chart(folds), "Grey was learnt from, blue was tested.")] if folds else []
    beside = _luck(protocol) if "luck" in protocol else _frozen(report["model"])
    return section(
        "protocol",
        "Protocol and limits",
        "",
        grid(*pictures, beside),
        _trials(report),
        details("Facts", card(table("", ("what", "value"), ((name, _long(fact)) for name, fact in facts)))),
        Markup("<h3>Limits</h3>"),
        bullets(report["limits"]),
    )


def _frozen(model: Record) -> str:
    rows = [
        ("version", model["version"]),
        ("learnt from", f"{model['first_day']} to {model['last_day']}"),
        ("symbols", _fact(model["symbols"])),
        ("features", Markup(f"<code>{str(model['feature_digest'])[:_DIGEST]}</code>")),
        *((name, Markup(f"<code>{digest[:_DIGEST]}</code>")) for name, digest in (model["files"] or {}).items()),
    ]
    note = (
        "The model was not touched; only the baselines learnt from the days given, as the fold map shows. Digests are"
        f" the first {_DIGEST} digits of SHA-256; the facts below have all of them."
    )
    return card(Markup("<h3>The frozen model</h3>"), table("", ("what", "value"), rows), Markup(f"<p>{note}</p>"))


def _luck(protocol: Record) -> str:
    luck = protocol["luck"]
    rows = [
        ("configurations tried", _fact(protocol["configurations"])),
        ("of these before there was a log", _fact(protocol["tried_before_the_log"])),
        ("runs", _fact(protocol["runs"])),
        ("final segment", " to ".join(protocol["final_segment"])),
        ("opened before", f"{protocol['final_segment_opened_before']} times"),
        ("daily Sharpe ratio of HIGH calls", plain(luck["sharpe_daily"])),
        ("probability that it is above luck", percent(luck["deflated_sharpe"], 0)),
        ("overfitting (PBO), regime", percent(luck["pbo_regime"], 0)),
        ("overfitting (PBO), variance", percent(luck["pbo_variance"], 0)),
    ]
    note = (
        "The more is tried, the better the best looks by luck. The Sharpe ratio is deflated by the trials (Bailey and"
        " Lopez de Prado); PBO is how often the best design of one half of the days is below the median in the other."
    )
    return card(Markup("<h3>Trials and luck</h3>"), table("", ("what", "value"), rows), Markup(f"<p>{note}</p>"))


def _trials(report: Record) -> str:
    if not report["trials"]:
        return ""
    rows = [
        (
            trial["configuration"],
            f"{trial['first']} to {trial['last']}",
            *(plain(trial["figures"].get(key)) for key in _TRIED),
            Markup(f"<code>{trial['identity']}</code>"),
        )
        for trial in report["trials"]
    ]
    head = ("configuration", "scored", *_TRIED.values(), "identity")
    caption = "The newest run of each; settings stand in the JSON under the identity"
    return details(
        f"Every configuration in the log ({len(rows)})", card(table(caption, head, rows)), unfolded=len(rows) < 9
    )


def _long(fact: str) -> Markup:
    return Markup(f'<span class="long">{text(fact)}</span>')


def _words(key: str) -> str:
    return key.replace("_", " ")


def _fact(value: Any) -> str:  # noqa: ANN401 - facts are plain JSON of any kind
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(str(key))} {_fact(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_fact, value)) or "none"
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
