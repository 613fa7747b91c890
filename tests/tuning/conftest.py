"""Rows of a drawn market, made once for the room; without the extra ``train`` its tests are skipped with the reason."""

from __future__ import annotations

import pytest

from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.training.dataset import dataset_of
from tests.ml.markets import make_market

pytest.importorskip("optuna", reason="tuning needs the extra: pip install -e '.[train]'")


@pytest.fixture(scope="session")
def rows() -> Rows:
    """Return labelled rows of 160 sessions of one symbol, five of each day."""
    drawn = make_market(160)
    made = dataset_of(drawn.bars, drawn.vix).rows
    return made[made.labelled][::5]
