"""Delta proxies from the last price change: they carry nothing beyond it, and are no option deltas."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

SLOPE: Final = 10.0
LIMIT: Final = 0.4
NAMES: Final = (
    *("CallDelta", "PutDelta", "delta_spread", "call_put_ratio"),
    *("Price", "Predicted", "price_vs_predicted"),
)


def delta_features(bars: pd.DataFrame) -> pd.DataFrame:
    """Return one row at the last bar's time; no bars give an empty frame.

    ``ret`` is the last close-to-close change, 0 for a single bar or a missing close; ``CallDelta`` is
    ``0.5 + clip(10 ret, -0.4, 0.4)``, everything else follows from it and from the last close.

    >>> index = pd.date_range("2025-06-26 14:30", periods=2, freq="5min", tz="UTC")
    >>> delta_features(pd.DataFrame({"close": [100.0, 101.0]}, index=index)).round(4).to_dict("records")
    ... # doctest: +NORMALIZE_WHITESPACE
    [{'CallDelta': 0.6, 'PutDelta': -0.4, 'delta_spread': 0.2, 'call_put_ratio': 1.5, 'Price': 101.0,
      'Predicted': 102.01, 'price_vs_predicted': -0.01}]
    """
    if bars.empty:
        return pd.DataFrame()
    closes = bars["close"].to_numpy(dtype=np.float64)[-2:]
    price = float(closes[-1])
    change = price / float(closes[0]) - 1
    change = change if np.isfinite(change) else 0.0
    call = 0.5 + min(LIMIT, max(-LIMIT, SLOPE * change))
    put = call - 1
    row = (call, put, call - abs(put), call / abs(put), price, price * (1 + change), -change)
    return pd.DataFrame(np.array([row]), index=bars.index[-1:], columns=NAMES)
