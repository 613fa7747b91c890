"""Checkpoint calls of the host's blend, settled: what HIGH has meant there."""

from __future__ import annotations

import numpy as np
import pytest

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.blend import blend
from magic8_companion.domain.measured import Measured, read_measured
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_ml.forecast.blended_trades import CHECKPOINT_BARS, Blending, blended_calls, measure_blend
from magic8_ml.forecast.called_trades import settled_wins
from magic8_ml.forecast.forecaster import Forecast, Rows
from tests.evaluation.rows import make_rows


def _forecast(rows: Rows, chosen: int = 1, confidence: float = 0.9) -> Forecast:
    three = np.ones((len(rows), 3))
    return Forecast.partial(
        len(rows),
        chosen=np.full(len(rows), chosen),
        vertical=np.zeros(len(rows), dtype=np.int64),
        call_confidence=confidence * three[:, 0],
        implied=three * (0.3, 0.6, 0.5),
    )


def _points(rows: Rows, *each: float) -> Floats:
    return np.tile(np.array(each), (len(rows), 1))


def test_only_checkpoints_count() -> None:
    """Rows at the default checkpoints, one call each: the strategy with the highest blended score."""
    rows = make_rows(20)
    calls = blended_calls(rows, _forecast(rows), _points(rows, 70.0, 60.0, 10.0), Blending())
    use = np.isin(rows.bars_done, CHECKPOINT_BARS)
    assert 0 < len(calls) == use.sum() < len(rows)
    assert calls.chosen.tolist() == [1] * len(calls)  # 0.65 x 60 + 0.35 x 90 = 70.5, above 0.65 x 70 = 45.5
    assert calls.confidence == pytest.approx(0.705)
    assert calls.high.all()
    assert calls.won.tolist() == settled_wins(rows, _forecast(rows))[use, 1].tolist()
    assert set(calls.implied.tolist()) == {0.6}


def test_the_scores_are_those_that_the_host_publishes() -> None:
    """The same function blends here and in the host, its rounding included."""
    rows = make_rows(20)
    calls = blended_calls(rows, _forecast(rows, 2, 0.8377), _points(rows, 50.0, 20.0, 63.3), Blending(weight=0.3))
    published = blend(
        dict(zip(BASE_STRATEGIES, (50.0, 20.0, 63.3), strict=True)),
        {"Butterfly": 0.0, "Iron_Condor": 0.0, "Vertical": 83.77},
        0.3,
    )
    assert calls.confidence[0] == pytest.approx(max(published.values()) / 100)


def test_no_trade_takes_off_every_score_and_the_threshold_is_that_of_the_settings() -> None:
    """A model that answers No_Trade leaves 65 % of the rules: 80 becomes 52, HIGH only from a threshold below it."""
    rows = make_rows(20)
    forecast, points = _forecast(rows, 3), _points(rows, 80.0, 20.0, 10.0)
    assert not blended_calls(rows, forecast, points, Blending()).high.any()
    low = Blending(high_score=50.0)
    calls = blended_calls(rows, forecast, points, low)
    assert calls.high.all()
    assert calls[calls.day >= 0].threshold == 0.5
    found = measure_blend(calls, low)
    assert found is not None
    assert (found.high.share, found.weight, found.high_score) == (1.0, 0.35, 50.0)
    assert found.high.rest is None
    note = Measured(blend=found).checkpoint_note
    assert note.startswith("HIGH at a checkpoint: HIGH calls won")
    assert note.endswith("at ML weight 0.35 and HIGH from 50")
    assert read_measured(Measured(blend=found).as_json()).blend == found


def test_rows_without_a_rule_score_or_an_answer_are_left_out() -> None:
    """One unknown score of three is enough; nothing known is not measured."""
    rows = make_rows(20)
    unknown = _points(rows, 80.0, np.nan, 10.0)
    calls = blended_calls(rows, _forecast(rows), unknown, Blending())
    assert len(calls) == 0
    assert measure_blend(calls, Blending()) is None
    assert len(blended_calls(rows, _forecast(rows, -1), _points(rows, 80.0, 1.0, 1.0), Blending())) == 0
