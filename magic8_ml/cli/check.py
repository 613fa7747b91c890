"""``magic8 check``: load the model as the host does, and say whether it answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from magic8_companion.command_line import DIR, command, echo
from magic8_companion.ports import plugin_config
from magic8_ml.cli.options import elsewhere
from magic8_ml.forecast.guarded_predictor import GuardedPredictor

ABOUT = """Check the ML integration: load the model as the host does.

Exit code 0: a model is usable.  1: none is, and the sentence says why.  2: wrong options or settings.
"""


@command("check", ABOUT)
@click.option("--models", type=DIR, help="folder that holds models/; default: the setting M8C_ML_PATH")
def check_command(models: Path | None) -> None:
    """Check."""
    check(plugin_config().path if models is None else models)


def check(folder: Path) -> None:
    """Print that the model in ``folder`` is usable.

    Raises
    ------
    click.ClickException
        When there is none.
    """
    predictor = GuardedPredictor.load(replace(plugin_config(), path=folder.absolute()))
    if predictor.ml_system is None:
        why = predictor.why_not.detail or predictor.why_not.reason
        raise click.ClickException(f"ML Integration: FAILED: {folder}: {why}{elsewhere(folder, '--models')}")
    health = predictor.health()
    version, until = health.get("model_version", "a model"), health.get("model_valid_until")
    echo(f"ML Integration: SUCCESS: {version} in {folder}{'' if until is None else f', valid until {until}'}")
