"""``magic8 evaluate-trades``: history or ledger in; a JSON report, a page and a line per trial out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from magic8_companion.command_line import DIR, command, echo, refusal
from magic8_ml.cli.options import DAYS, bars_options, exactly_one, require_folder
from magic8_ml.cli.progress import ProgressBars
from magic8_ml.evaluation.designs import DEFAULT_TRADE_DESIGN, TRADE_DESIGNS
from magic8_ml.evaluation.page import trade_evaluation_page
from magic8_ml.evaluation.records import TradeReport
from magic8_ml.evaluation.report import as_json
from magic8_ml.evaluation.trade_evaluate import TradeEvaluationConfig, evaluate_trades
from magic8_ml.evaluation.trade_leakage_demo import ROUNDS
from magic8_ml.evaluation.trade_summary import summary
from magic8_ml.forecast.training.walk_forward import TRAINING_DAYS, WalkForwardConfig
from magic8_ml.forecast.training.workers import ProgressCallback
from magic8_ml.history.ledger_report import LIMITS as LEDGER_LIMITS
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.dataset import MarketFiles, TradeData, history_data, ledger_data

JSON: Final = "win_probability.json"
PAGE: Final = "win_probability.html"
REFIT_DAYS: Final = 60
"""Days between two fits: a fit of all pooled models takes half a minute, and its figures change little in a quarter."""

HISTORY_LIMITS: Final = (
    "Premia are those of the signals: what a fill would have cost beyond them is not known.",
    "Without recorded bars the prices of the sheets stand in for them, without range and volume.",
)

PINNED: Final = "In this evaluation pinned trades stay in, at the settlement of the ledger."


ABOUT: Final = "Evaluate win probabilities of trades, walking forward by day."
_TRAINING: Final = "training days before the first prediction"
_NO_FORECASTS: Final = "skip the 5-minute model: much faster, only for --model price or a history without bars"


@command("evaluate-trades", ABOUT)
@click.option("--history", type=DIR, help="folder of an ingested history (magic8 ingest)")
@click.option("--ledger", type=DIR, help="folder of a simulated ledger (magic8 ledger)")
@bars_options(required=False)
@click.option("--price-maker", default="today", show_default=True, help="premia of the ledger: today or naive")
@click.option("--scenario", default="base", show_default=True, help="costs of the ledger: low, base or high")
@click.option("--gross", is_flag=True, help="score the history before fees; default: after the usual opening fees")
@click.option(
    "--model",
    type=click.Choice(list(TRADE_DESIGNS)),
    default=DEFAULT_TRADE_DESIGN,
    show_default=True,
    help="model to score",
)
@click.option("--training-days", type=DAYS, default=TRAINING_DAYS, show_default=True, help=_TRAINING)
@click.option("--refit-days", type=DAYS, default=REFIT_DAYS, show_default=True, help="days between two fits")
@click.option("--no-forecasts", is_flag=True, help=_NO_FORECASTS)
@click.option("--no-demo", "--no-exhibit", "no_demo", is_flag=True, help="skip the demonstration of a random split")
@click.option("--out", type=DIR, required=True, help=f"folder of {JSON}, {PAGE} and trials.jsonl")
def evaluate_trades_command(
    *,
    out: Path,
    model: str,
    training_days: int,
    refit_days: int,
    no_demo: bool,
    **source: Any,  # noqa: ANN401  # of TradeSource
) -> None:
    """Evaluate."""
    asked = TradeSource(**source)
    require_folder(out)
    question = TradeEvaluationConfig(
        model=TRADE_DESIGNS[model],
        others=[design for name, design in TRADE_DESIGNS.items() if name != model],
        plan=WalkForwardConfig(training_days=training_days, refit_days=refit_days),
        demo_rounds=0 if no_demo else ROUNDS,
    )
    with refusal("Evaluation", TrainingRefused):
        report = _report(asked, question, out)
        _write(report, out)
    echo(f"{summary(report)}\n\n{out / PAGE}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeSource:
    """The trades to score and the market files they need, as on the command line."""

    history: Path | None
    ledger: Path | None
    bars_dir: Path | None
    vix_file: Path | None
    price_maker: str
    scenario: str
    gross: bool
    no_forecasts: bool

    def __post_init__(self) -> None:
        exactly_one(history=self.history, ledger=self.ledger)

    def data(self, progress: ProgressCallback) -> TradeData:
        """Return the rows of the trades."""
        files = MarketFiles(bars=self.bars_dir, vix=self.vix_file, forecasts=not self.no_forecasts)
        if self.history is not None:
            return history_data(self.history, files, with_fees=not self.gross, progress=progress)
        folder = Path() if self.ledger is None else self.ledger
        return ledger_data(folder, files, price_maker=self.price_maker, scenario=self.scenario, progress=progress)

    def facts(self) -> Mapping[str, Any]:
        """Return the source for the report."""
        if self.ledger is None:
            return {"source": "history", "results": "before fees" if self.gross else "after opening fees"}
        return {"source": "simulated ledger", "price_maker": self.price_maker, "costs": self.scenario}


def _report(asked: TradeSource, question: TradeEvaluationConfig, out: Path) -> TradeReport:
    with ProgressBars() as progress:
        data = asked.data(progress)
        facts = {
            **asked.facts(),
            "rows": len(data.rows),
            "days": data.rows.n_days,
            "trades_left_out": dict(data.dropped_trades),
            "sessions_without_market": dict(data.sessions_without_market),
        }
        limits = HISTORY_LIMITS if asked.ledger is None else (*LEDGER_LIMITS, PINNED)
        return evaluate_trades(data.rows, question, out, facts=facts, limits=limits, progress=progress)


def _write(report: TradeReport, out: Path) -> None:
    try:
        (out / JSON).write_bytes(as_json(report))
        (out / PAGE).write_text(trade_evaluation_page(report), encoding="utf-8")
    except OSError as error:
        raise TrainingRefused(f"the report cannot be written: {error}") from error
