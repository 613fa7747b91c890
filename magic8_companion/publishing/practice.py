"""Practice for order bots: documents of a simulated day that carry the times of today's clock.

Each document says ``practice: true`` and keeps its data status ``simulated``.  Only a reader that asks for practice
approves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from magic8_companion.domain.trading_day import parse_utc, utc_text

TIMES: Final = frozenset(
    {"timestamp", "valid_until", "checkpoint_timestamp", "last_5min_update", "slot_time", "prediction_time", "at"}
)
"""The keys whose values are times of the run; labels such as ``checkpoint_time`` and texts keep the market's time."""


def practice_document(document: Mapping[str, Any], shift: timedelta) -> dict[str, Any]:
    """Return a document marked as practice, with every time moved by ``shift``: lives keep their length.

    >>> practice_document({"data_status": "simulated", "timestamp": "2025-06-26T14:30:05Z"}, timedelta(days=1))
    {'data_status': 'simulated', 'practice': True, 'timestamp': '2025-06-27T14:30:05Z'}
    """
    moved: dict[str, Any] = {}
    for key, value in document.items():
        moved[key] = _moved(key, value, shift)
        if key == "data_status":
            moved["practice"] = True
    return moved


def _moved(key: str, value: Any, shift: timedelta) -> Any:  # noqa: ANN401  # any JSON goes in and comes out
    if key in TIMES and isinstance(value, str):
        return utc_text(parse_utc(value) + shift)
    if isinstance(value, Mapping):
        return {name: _moved(name, item, shift) for name, item in value.items()}
    if isinstance(value, list):
        return [_moved("", item, shift) for item in value]
    return value
