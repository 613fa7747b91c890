"""One sample and one fit for all tests of the models: both are made once."""

from __future__ import annotations

from magic8_ml.trades.sample import Sample
from magic8_ml.trades.training.fit import WinModelFit, fit_win_model
from magic8_ml.trades.training.tree_tasks import run_in_process
from tests.trades.made_trades import made_sample, with_thin_pair


def draw_sample() -> Sample:
    """Draw 160 days of nine pairs, one of which was traded on a few days only."""
    return with_thin_pair(made_sample(160, per_day=3, forecast=False))


def fit_models(sample: Sample) -> WinModelFit:
    """Learn it in this process."""
    return fit_win_model(sample, run_in_process)
