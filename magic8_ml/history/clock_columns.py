"""Convert clock texts of the sheets to UTC seconds: from New York, UTC or their own offset, per layout."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from magic8_companion.domain.trading_day import new_york_instant
from magic8_ml.history.text_columns import MISSING, codes, text_or_null

DAY_S: Final = 86_400
MINUTE_S: Final = 60
_EPOCH: Final = date(1970, 1, 1)


def epoch_day(text: str) -> int | None:
    """Return days since 1970 of ``MM-DD-YYYY`` or ``M/D/YYYY``, or None.

    >>> epoch_day("08-05-2024"), epoch_day("8/5/2024"), epoch_day("Wins")
    (19940, 19940, None)
    """
    try:
        month, day, year = map(int, text.replace("/", "-").split("-"))
        return (date(year, month, day) - _EPOCH).days if year > 1970 else None
    except ValueError:
        return None


def second_of_day(text: str) -> int | None:
    """Return the seconds since midnight of ``HH:MM`` or ``HH:MM:SS``, or None.

    >>> second_of_day("09:35"), second_of_day("14:35:20"), second_of_day("9h35")
    (34500, 52520, None)
    """
    try:
        at = time.fromisoformat(text)
    except ValueError:
        return None
    return at.hour * 3600 + at.minute * 60 + at.second if ":" in text and at.tzinfo is None else None


def stamp_with_offset(text: str) -> int | None:
    """Return UTC seconds since 1970 of an ISO stamp that carries its offset, or None.

    >>> stamp_with_offset("2022-12-12T09:35:03.089596-05:00"), stamp_with_offset("2022-12-12T09:35:03")
    (1670855703, None)
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if at.tzinfo is None else int(at.timestamp())


def stamp_in_utc(text: str) -> int | None:
    """Return UTC seconds since 1970 of ``MM-DD-YYYY HH:MM:SS`` written in UTC, or None.

    >>> stamp_in_utc("08-05-2024 13:35:20")
    1722864920
    """
    day_text, _, clock = text.partition(" ")
    day, second = epoch_day(day_text), second_of_day(clock.strip())
    return None if day is None or second is None else day * DAY_S + second


def utc_seconds(table: pa.Table, zone: str) -> npt.NDArray[np.int64]:
    """Return (n_rows,) UTC seconds since 1970 of each row, -1 where day or clock is not readable.

    Parameters
    ----------
    table
        Text columns ``when``, or ``day`` and ``hour``.
    zone
        new_york, utc, or offset (``when`` states its own).
    """
    if "when" in table.column_names:
        return codes(table["when"], stamp_with_offset if zone == "offset" else stamp_in_utc)
    days, seconds = codes(text_or_null(table, "day"), epoch_day), codes(text_or_null(table, "hour"), second_of_day)
    result = days * DAY_S + seconds
    if zone == "new_york":
        result -= new_york_offset_s(days)
    return np.where((days == MISSING) | (seconds == MISSING), MISSING, result)


def new_york_offset_s(days: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return (n_rows,) seconds that New York is ahead of UTC at noon of each day (negative); 0 for a missing day.

    Clocks change on Sundays at 02:00, so the offset at noon holds for every trading hour.

    >>> new_york_offset_s(np.array([epoch_day("01-05-2024"), epoch_day("08-05-2024")])).tolist()
    [-18000, -14400]
    """
    distinct, place = np.unique(days, return_inverse=True)
    return np.array([_offset_s(int(day)) for day in distinct], dtype=np.int64)[place]


def _offset_s(day: int) -> int:
    if day == MISSING:
        return 0
    on = _EPOCH + timedelta(days=day)
    noon = new_york_instant(on, time(12))
    return 12 * 3600 - int((noon - datetime.combine(on, time(), UTC)).total_seconds())


def new_york_clock(
    seconds: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the New York day since 1970 and minute of that day, (n_rows,) each, of UTC seconds in trading hours."""
    local = seconds + new_york_offset_s(seconds // DAY_S)
    return local // DAY_S, local % DAY_S // MINUTE_S
