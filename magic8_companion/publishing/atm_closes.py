"""Keep one at-the-money volatility per symbol and trading date under ``state/``, across restarts."""

from __future__ import annotations

import logging
import threading
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from magic8_companion.durable import encode, make_folder, publish_file, remove_leftovers
from magic8_companion.outside_files.plain_files import read_bytes

_log = logging.getLogger(__name__)

_DAYS: Final = TypeAdapter(dict[str, dict[date, float]])
_KEPT: Final = 300
_LONGEST_PAUSE: Final = timedelta(days=10)


class AtmCloses:
    """The stored values of one output folder; thread-safe.

    A damaged file counts as empty and is logged: the percentile then falls back to the VIX until enough days are kept.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder / "state")
        self._path = folder / "state" / "atm_closes.json"
        self._lock = threading.Lock()
        remove_leftovers(self._path)
        self._values = self._load()

    def before(self, symbol: str, day: date) -> tuple[float, ...]:
        """Return the values (per cent per year) before ``day``, oldest first, back to the first pause of 10 days."""
        with self._lock:
            known = sorted(item for item in self._values.get(symbol, {}).items() if item[0] < day)
        start = max((n for n, (a, b) in enumerate(pairwise(known), 1) if b[0] - a[0] > _LONGEST_PAUSE), default=0)
        return tuple(value for _, value in known[start:])

    def note(self, symbol: str, day: date, volatility: float) -> None:
        """Store ``volatility`` as the value of ``day``."""
        with self._lock:
            days = self._values.get(symbol, {}) | {day: volatility}
            self._values[symbol] = dict(sorted(days.items())[-_KEPT:])
            plain = _DAYS.dump_python(self._values, mode="json")
            publish_file(self._path, encode(plain))

    def _load(self) -> dict[str, dict[date, float]]:
        try:
            return _DAYS.validate_json(read_bytes(self._path))
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            _log.warning("At-the-money history not restored", extra={"path": str(self._path), "problem": str(error)})
            return {}
