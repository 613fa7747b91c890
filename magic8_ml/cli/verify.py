"""``magic8 verify``: the frozen model on your own bars, offline."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Final

import click

from magic8_companion.command_line import DAY, DIR, DONE, FAILED, FILE, PATH, command, echo, refusal
from magic8_companion.domain.errors import PluginUnavailable
from magic8_companion.domain.trading_day import new_york_day
from magic8_ml.cli.evaluate import write
from magic8_ml.cli.options import configured_ml_path
from magic8_ml.cli.progress import ProgressBars
from magic8_ml.evaluation.external_data import (
    ExternalFormat,
    older_first,
    read_external_bars,
    read_external_vix,
    with_older,
)
from magic8_ml.evaluation.report import Reported
from magic8_ml.evaluation.summary import outcome, summary
from magic8_ml.evaluation.verify import verify
from magic8_ml.forecast.model_files import TrainedModel, load_model
from magic8_ml.forecast.training.dataset import dataset_of
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.registry.manifest import MANIFEST
from magic8_ml.registry.reloading import load_champion
from magic8_ml.registry.roles import ROLES

ABOUT: Final = """Score the frozen model on your own bars, offline.

Exit code 0: passed.  1: failed, or refused with a sentence.  2: wrong options.
"""
_BARS: Final = "5-minute bars: a CSV or parquet file, or a folder of them; open, high, low, close and a time"
_VIX: Final = "VIX file, daily or intraday: open, high, low, close and a date or time"
_FIRST: Final = "first day to score, YYYY-MM-DD; default: the session after the model was frozen"
_OLDER_BARS: Final = "older bars, read as --bars: history for features, baselines and ranks, of which no day is scored"
_OLDER_VIX: Final = "VIX rows of earlier days than those of --vix"
_MODEL: Final = "folder of the model, or one that holds models/; default: the setting M8C_ML_PATH"
_ZONE: Final = "zone of times without one, such as America/New_York; default: the one that fits the sessions"
_STAMPS: Final = "time stamp of a bar; default: its start, unless the bars show that it is their end"


@command("verify", ABOUT)
@click.option("--bars", type=PATH, required=True, help=_BARS)
@click.option("--vix", "vix_file", type=FILE, required=True, help=_VIX)
@click.option("--history-bars", type=PATH, help=_OLDER_BARS)
@click.option("--history-vix", type=FILE, help=_OLDER_VIX)
@click.option("--from", "first", type=DAY, help=_FIRST)
@click.option("--model", type=DIR, default=configured_ml_path, help=_MODEL)
@click.option("--json", "json_file", type=FILE, help="file for the report")
@click.option("--html", "page_file", type=FILE, help="file for the page with its plots")
@click.option("--rows", "rows_file", type=FILE, help="CSV or parquet file of predicted and realized outcomes")
@click.option("--symbol", help="symbol of a file that has no symbol column")
@click.option("--timezone", metavar="ZONE", help=_ZONE)
@click.option("--stamps", type=click.Choice(["start", "end"]), help=_STAMPS)
def verify_command(
    *,
    json_file: Path | None,
    page_file: Path | None,
    rows_file: Path | None,
    **asked: Any,  # noqa: ANN401  # of _verified
) -> int:
    """Verify."""
    with refusal("Verification", TrainingRefused):
        verified = _verified(**asked)
        write(verified, json_file=json_file, page_file=page_file, rows_file=rows_file)
    echo(f"{summary(verified.report)}\n\n{outcome(verified.report)}")
    return FAILED if verified.report["verdict"]["failed"] else DONE


def load_frozen(folder: Path) -> TrainedModel:
    """Load the champion of a registry, or the single model in a folder; ``models/`` below it is found too.

    Raises
    ------
    PluginUnavailable
        When there is no usable model.
    """
    direct = any((folder / name).exists() for name in (MANIFEST, ROLES))
    return load_champion(folder if direct else folder / "models", load_model).served


def _verified(
    *,
    bars: Path,
    vix_file: Path,
    history_bars: Path | None,
    history_vix: Path | None,
    first: date | None,
    model: Path,
    **form: str | None,
) -> Reported:
    try:
        frozen = load_frozen(model)
    except PluginUnavailable as error:
        raise TrainingRefused(f"{error}; choose another with --model, or train one") from error
    reading = _format(**form)
    read, vix = read_external_bars(bars, reading), read_external_vix(vix_file, reading)
    older = None if history_bars is None else read_external_bars(history_bars, reading)
    for note in (*read.notes, *(older.notes if older else ())):
        echo(note)
    series = read.bars if older is None else with_older(read.bars, older.bars)
    if history_vix is not None:
        vix = older_first(read_external_vix(history_vix, reading), vix)
    own = None if older is None else min(new_york_day(one.first_start) for one in read.bars.values() if len(one))
    with ProgressBars() as progress:
        data = dataset_of(series, vix, progress)
        return verify(frozen, data, first=first, not_before=own, progress=progress)


def _format(*, symbol: str | None, timezone: str | None, stamps: str | None) -> ExternalFormat:
    at_end = None if stamps is None else stamps == "end"
    return ExternalFormat(symbol=symbol, timezone=timezone, stamped_at_end=at_end)
