"""What a model is handed of labelled rows: nothing that tells where a row came from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from magic8_ml.trades.feature_catalogue import DELTA, TRADE_FEATURES, feature_named
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.sample import make_sample
from tests.evaluation.made_trades import made_trades

_DELTAS = [place for place, name in enumerate(TRADE_FEATURES) if feature_named(name).group == DELTA]


def _with_sheet(rows: TradeRows, present: np.ndarray) -> TradeRows:
    features = rows.features.copy()
    features[np.ix_(present, _DELTAS)] = np.random.default_rng(3).normal(size=(int(present.sum()), len(_DELTAS)))
    return replace(rows, features=features)


def test_whether_a_row_has_the_delta_sheet_cannot_be_learnt() -> None:
    """Winners have the sheet, or the same number of rows by lot: what is learnt from stays, to the bit."""
    rows = made_trades()
    by_lot = np.random.default_rng(4).permutation(rows.won)
    one, two = (make_sample(_with_sheet(rows, present)) for present in (rows.won, by_lot))
    assert one.names == two.names
    assert one.features.tobytes() == two.features.tobytes()


def test_a_sheet_that_every_row_has_is_learnt_from() -> None:
    """Then its columns say something of the market and nothing of the row."""
    rows = made_trades(days=10)
    whole = _with_sheet(rows, np.ones(len(rows), dtype=np.bool_))
    assert {TRADE_FEATURES[place] for place in _DELTAS} <= set(make_sample(whole).names)
