"""Store the last checkpoint and the last 5-minute result under ``state/``.

A file has the value and the SHA-256 of its text.  The host restores it only on its trading day, and only after its
time.  Any other file, including a damaged one, is ignored, and the log has the reason.
"""

from __future__ import annotations

import logging
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, Generic, TypeVar

import orjson
from pydantic import TypeAdapter

from magic8_companion.domain.recommendation import CheckpointResult, FiveMinuteResult
from magic8_companion.domain.trading_day import new_york_day
from magic8_companion.durable import encode, make_folder, publish_file, remove_leftovers
from magic8_companion.outside_files.plain_files import read_bytes

_log = logging.getLogger(__name__)

_Value = TypeVar("_Value")

_FORMAT: Final = "1.0"


class StateStore:
    """The stored values of one output folder.

    Parameters
    ----------
    folder
        The output folder; ``state/`` is created in it.
    """

    def __init__(self, folder: Path) -> None:
        state = folder / "state"
        make_folder(state)
        self._checkpoint = _Memory(state / "checkpoint.json", TypeAdapter(CheckpointResult))
        self._five_minute = _Memory(state / "five_minute.json", TypeAdapter(FiveMinuteResult))

    def save_checkpoint(self, result: CheckpointResult) -> None:
        """Store a checkpoint durably."""
        self._checkpoint.save(result)

    def save_five_minute(self, result: FiveMinuteResult) -> None:
        """Store a 5-minute result durably."""
        self._five_minute.save(result)

    def load_checkpoint(self, now: datetime) -> CheckpointResult | None:
        """Return the stored checkpoint if it belongs to the trading day of ``now`` and is not after ``now``."""
        result = self._checkpoint.load()
        return result if result and _is_of_today("checkpoint", result.checkpoint_at, now) else None

    def load_five_minute(self, now: datetime) -> FiveMinuteResult | None:
        """Return the stored 5-minute result if it belongs to the trading day of ``now`` and is not after ``now``."""
        result = self._five_minute.load()
        return result if result and _is_of_today("5-minute result", result.published_at, now) else None


class _Memory(Generic[_Value]):
    """One value in one file."""

    def __init__(self, path: Path, adapter: TypeAdapter[_Value]) -> None:
        self._path, self._adapter = path, adapter
        remove_leftovers(path)

    def save(self, value: _Value) -> None:
        plain = self._adapter.dump_python(value, mode="json")
        publish_file(self._path, encode({"format": _FORMAT, "sha256": _digest(plain), "value": plain}))

    def load(self) -> _Value | None:
        try:
            return self._adapter.validate_json(self._whole_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            problem = {"path": str(self._path), "problem": str(error)}
            _log.warning("State not restored: the file is damaged", extra=problem)
            return None

    def _whole_text(self) -> bytes:
        kept = orjson.loads(read_bytes(self._path))
        if not isinstance(kept, dict) or kept.get("format") != _FORMAT:
            raise ValueError("not a state file of this version")
        if kept.get("sha256") != _digest(kept.get("value")):
            raise ValueError("the content does not match its hash")
        return orjson.dumps(kept["value"])


def _is_of_today(what: str, made_at: datetime, now: datetime) -> bool:
    if new_york_day(made_at) == new_york_day(now) and made_at <= now:
        return True
    _log.info("State not restored: it belongs to another time", extra={"what": what, "made_at": made_at.isoformat()})
    return False


def _digest(plain: object) -> str:
    return sha256(orjson.dumps(plain)).hexdigest()
