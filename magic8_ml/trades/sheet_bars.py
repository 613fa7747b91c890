"""The prices in the sheets as five-minute closes, for symbols of which no bars were recorded.

A price written at 09:35 or a minute later is the close of the bar that ended at 09:35; the printed close is that of
the day's last bar.  Such bars have no range and no volume.  The first bar opens where it closed.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.strategy import MAGIC8_SYMBOLS
from magic8_ml.forecast.session_table import BAR_NS, session_table
from magic8_ml.trades.parquet_columns import codes, numbers, stamps

COLUMNS: Final = ("timestamp", "symbol", "price", "closed")


def sheet_bars(table: pa.Table) -> dict[str, Bars]:
    """Return the bars of every symbol of the data set, whose rows stand in the order of time."""
    at, symbol = stamps(table, "timestamp"), codes(table, "symbol", MAGIC8_SYMBOLS)
    price, closed = numbers(table, "price"), numbers(table, "closed")
    sessions = session_table()
    place = np.maximum(np.searchsorted(sessions.opens, at, side="right") - 1, 0)
    inside = (at >= sessions.opens[place] + BAR_NS) & (at < sessions.closes[place])
    answer = {}
    for code, name in enumerate(MAGIC8_SYMBOLS):
        mine = (symbol == code) & inside
        # the close is known of a bar that no trade can see: it ends when trading ends
        ended = np.concatenate((at[mine] // BAR_NS * BAR_NS, sessions.closes[place[mine]]))
        said = np.concatenate((price[mine], closed[mine]))
        known = said > 0
        if known.any():
            answer[name] = _bars(ended[known] - BAR_NS, said[known])
    return answer


def _bars(starts: Integers, close: Floats) -> Bars:
    starts, first = np.unique(starts, return_index=True)  # the first price of a slot is the oldest
    close = close[first]
    follows = np.diff(starts, prepend=0) == BAR_NS
    opened = np.where(follows, np.concatenate((close[:1], close[:-1])), close)
    return Bars(
        starts=starts,
        open=opened,
        high=np.maximum(opened, close),
        low=np.minimum(opened, close),
        close=close,
        volume=np.zeros(len(close)),
    )
