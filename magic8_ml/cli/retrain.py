"""``magic8 retrain``: fit a new version at low priority, and promote it if it is not worse."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Final

import click

from magic8_companion.command_line import DAY, DIR, command, echo, print_json, refusal
from magic8_ml.cli.options import bars_options, end_with_input_option, symbols_option
from magic8_ml.cli.progress import ProgressBars
from magic8_ml.evaluation.external_data import read_any_bars
from magic8_ml.forecast.training.bar_files import read_vix_daily
from magic8_ml.forecast.training.retrain import RetrainingResult, count_new_sessions, retrain
from magic8_ml.forecast.training.workers import lower_priority
from magic8_ml.metrics.refusal import TrainingRefused

_AGE: Final = "do nothing while the champion lacks fewer sessions of the data than this"
ABOUT: Final = """Fit a new version at low priority; promote it if it is not worse.

Exit code 0: done, or nothing to do.  1: refused.  2: wrong options.  3: another retraining uses the folder.
"""


@command("retrain", ABOUT)
@bars_options()
@symbols_option
@click.option("--from", "--start-date", "first_day", type=DAY, help="first day to train on, YYYY-MM-DD")
@click.option("--out", type=DIR, required=True, help="folder that M8C_ML_PATH names; models/ in it gets the version")
@click.option("--if-older-than-sessions", type=int, default=1, show_default=True, metavar="N", help=_AGE)
@end_with_input_option
@click.option("--json", "as_json", is_flag=True, help="print the decision as one JSON object")
def retrain_command(*, as_json: bool, **asked: Any) -> None:  # noqa: ANN401  # the options of _run
    """Retrain."""
    lower_priority()
    with refusal("Retraining", TrainingRefused):
        _print(*_run(**asked), as_json=as_json)


def _run(
    *,
    bars_dir: Path,
    vix_file: Path,
    symbols: tuple[str, ...] | None,
    first_day: date | None,
    out: Path,
    if_older_than_sessions: int,
) -> tuple[RetrainingResult | None, str]:
    bars = read_any_bars(bars_dir, symbols).bars
    unseen = count_new_sessions(bars, out)
    if unseen is not None and unseen < if_older_than_sessions:
        return None, f"the champion lacks {unseen} sessions of the data: nothing to do"
    with ProgressBars() as progress:
        found = retrain(bars, read_vix_daily(vix_file), out, progress, first_day=first_day)
    moved = "is champion now" if found.promoted else "stays challenger"
    return found, f"{found.version} {moved}: {found.why}"


def _print(found: RetrainingResult | None, sentence: str, *, as_json: bool) -> None:
    if not as_json:
        echo(sentence)
        return
    facts = {"version": None, "promoted": False, "why": sentence} if found is None else asdict(found)
    print_json(facts)
