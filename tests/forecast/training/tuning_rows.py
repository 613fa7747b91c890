"""Labelled rows of a drawn market for the tests of tuning."""

from __future__ import annotations

from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.training.dataset import dataset_of
from tests.forecast.markets import make_market


def draw_tuning_rows() -> Rows:
    """Return labelled rows of 160 sessions of one symbol, five of each day."""
    drawn = make_market(160)
    made = dataset_of(drawn.bars, drawn.vix).rows
    return made[made.labelled][::5]
