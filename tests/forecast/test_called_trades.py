"""Settled calls: HIGH against the rest, by day, and the classes of agreement with rules."""

from __future__ import annotations

import numpy as np
import pytest

from magic8_ml.forecast.called_trades import CalledTrades, measure_agreement, measure_high, settled_wins
from magic8_ml.forecast.forecaster import Forecast, Rows
from tests.evaluation.rows import make_rows

FIRST = 2000  # a position on the exchange calendar


def calls(n_days: int = 40) -> CalledTrades:
    """Return four answers a day: a HIGH butterfly that wins, a HIGH one that loses, a lower one that wins, No_Trade."""
    each = np.ones(n_days)
    return CalledTrades(
        day=np.repeat(np.arange(n_days) + FIRST, 4),
        chosen=np.tile([0, 0, 0, 3], n_days),
        confidence=np.outer(each, [0.9, 0.8, 0.7999, np.nan]).ravel(),
        won=np.outer(each, [1, 0, 1, np.nan]).ravel(),
        implied=np.outer(each, [0.5, 0.7, 0.4, np.nan]).ravel(),
    )


def test_high_is_compared_with_the_rest_and_with_prices() -> None:
    """HIGH begins at 0.80; No_Trade counts among the answers, and wins only where a strategy was called."""
    found = measure_high(calls())
    assert found is not None
    assert found.calls is not None
    assert found.rest is not None
    assert (found.days, found.share) == (40, 0.5)
    assert (found.calls.calls, found.calls.won, found.calls.implied) == (80, 0.5, 0.6)
    assert (found.rest.calls, found.rest.won, found.rest.implied) == (40, 1.0, 0.4)


def test_rows_of_one_day_are_one_observation() -> None:
    """The interval is as wide for a hundred equal rows a day as for one."""
    rng = np.random.default_rng(8)
    days, won = np.arange(60) + FIRST, rng.integers(0, 2, 60).astype(np.float64)

    def width(times: int) -> float:
        found = measure_high(
            CalledTrades(
                day=np.repeat(days, times),
                chosen=np.zeros(60 * times, dtype=np.int64),
                confidence=np.full(60 * times, 0.9),
                won=np.repeat(won, times),
                implied=np.full(60 * times, 0.5),
            )
        )
        assert found is not None
        assert found.calls is not None
        assert found.calls.low is not None
        assert found.calls.high is not None
        return found.calls.high - found.calls.low

    assert width(100) == pytest.approx(width(1))
    assert width(1) > 0.15


def test_few_days_give_no_interval() -> None:
    """Nine days give a share and no interval; no answers give no measurement."""
    found = measure_high(calls(9))
    assert found is not None
    assert found.calls is not None
    assert (found.calls.won, found.calls.low, found.calls.high) == (0.5, None, None)
    silent = calls()
    assert measure_high(silent[silent.chosen > 3]) is None


def _forecast(rows: Rows) -> Forecast:
    three = np.ones((len(rows), 3))
    return Forecast.partial(
        len(rows),
        chosen=np.ones(len(rows), dtype=np.int64),
        vertical=np.zeros(len(rows), dtype=np.int64),
        call_confidence=0.9 * three[:, 0],
        implied=0.6 * three,
    )


def test_agreement_is_that_of_the_entries() -> None:
    """Rules at 75 agree with a HIGH condor, at 20 they disagree; 75 for a strategy that is not called disagrees."""
    rows = make_rows(30)
    n, forecast = len(rows), _forecast(rows)
    points = np.tile([75.0, 20.0, np.nan], (n, 1))
    points[: n // 2, 1] = 75.0
    found = measure_agreement(rows, forecast, points)
    assert found is not None
    assert found.agree is not None
    assert found.disagree is not None
    assert found.mixed is None
    assert (found.agree.calls, found.disagree.calls) == (n // 2, n + n - n // 2)
    assert found.agree.won == round(float(settled_wins(rows, forecast)[: n // 2, 1].mean()), 4)


def test_unknown_rule_scores_measure_nothing() -> None:
    """Without a rule score at any row agreement is not measured."""
    rows = make_rows(30)
    assert measure_agreement(rows, _forecast(rows), np.full((len(rows), 3), np.nan)) is None
