"""Where log records go, and how they are written: as lines of text or of JSON, with the market's time in a replay."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from glob import escape
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from magic8_companion.clocks import SystemClock
from magic8_companion.domain.errors import ConfigError
from magic8_companion.domain.trading_day import NEW_YORK, utc_text
from magic8_companion.outside_files.printable import printable
from magic8_companion.unified_config import Settings

if TYPE_CHECKING:
    from types import TracebackType

    from magic8_companion.ports import Clock

ExceptionInfo: TypeAlias = "tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]"

TEXT: Final = "%(asctime)s%(market)s - %(name)s - %(levelname)s - %(message)s"


class MarketTime(logging.Filter):
    """Add the time of a clock that is not the machine's to each record, as ``market_time``; without a clock None."""

    def __init__(self) -> None:
        super().__init__()
        self.clock: Clock | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Mark the record; every one passes."""
        now = None if self.clock is None else self.clock.now()
        record.market_time = now
        record.market = "" if now is None else f" [{now.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S} ET]"
        return True


class TextFormatter(logging.Formatter):
    """Write a record as one line of text, and a traceback below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        """Return the line; a message cannot begin another one."""
        record.message = printable(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802  # as above
        """Return the traceback."""
        return printable(super().formatException(ei), lines=True)


class JsonFormatter(logging.Formatter):
    """Write a record as one JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; ``market_time`` is there in a replay, ``exception`` with a traceback."""
        market: datetime | None = getattr(record, "market_time", None)
        found = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "market_time": market and utc_text(market),
            "logger": record.name,
            "level": record.levelname,
            "message": printable(record.getMessage(), lines=True),
            "exception": printable(self.formatException(record.exc_info), lines=True) if record.exc_info else None,
        }
        return json.dumps({name: value for name, value in found.items() if value is not None}, ensure_ascii=False)


def configure_logging(settings: Settings) -> MarketTime:
    """Send log records to the console and, unless the path is empty, to a rotating file.

    A replayed or simulated day shows its progress on the console instead, so only warnings appear there.  The caller
    gives the clock of such a day to the returned filter.
    """
    formatter = JsonFormatter() if settings.log_format == "json" else TextFormatter(TEXT)
    console = logging.StreamHandler()
    console.setLevel(settings.log_level if settings.is_live else "WARNING")
    handlers = [console] if settings.log_file_path is None else [console, _log_file(settings, settings.log_file_path)]
    market_time = MarketTime()
    for handler in handlers:
        handler.setFormatter(formatter)
        handler.addFilter(market_time)
    logging.basicConfig(level=settings.log_level, handlers=handlers, force=True)
    logging.getLogger("ib_async").setLevel(logging.CRITICAL)  # the provider logs the same, once and with the remedy
    return market_time


def remove_old_logs(path: Path, now: datetime, days: int) -> None:
    """Delete the rotated files of a log that were last written more than ``days`` before ``now``; 0 keeps all."""
    for rotated in path.parent.glob(f"{escape(path.name)}.[0-9]*") if days else ():
        if datetime.fromtimestamp(rotated.stat().st_mtime, UTC) < now - timedelta(days=days):
            rotated.unlink()


def _log_file(settings: Settings, relative: Path) -> logging.Handler:
    path = settings.path(relative)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_old_logs(path, SystemClock().now(), settings.log_retention_days)
        return RotatingFileHandler(
            path,
            maxBytes=settings.log_file_max_size,
            backupCount=settings.log_file_backup_count,
            encoding="utf-8",
        )
    except OSError as error:
        why = error.strerror or error
        sentence = f"the log file {path} cannot be written ({why}); choose another with M8C_LOG_FILE_PATH"
        raise ConfigError([sentence]) from error
