"""Log lines: what others send cannot act on a terminal nor begin a line of its own."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from magic8_companion.cli.logs import JsonFormatter, TextFormatter, remove_old_logs

EVIL = "SPY\x1b[2J\n2025-01-02 - host - INFO - all is well\u202e"


def _record(exception: Exception | None = None) -> logging.LogRecord:
    found = None
    if exception is not None:
        try:
            raise exception
        except ValueError:
            found = sys.exc_info()
    return logging.LogRecord("host", logging.WARNING, __file__, 1, "The feed sent %s", (EVIL,), found)


def test_a_message_is_one_line_of_printable_text() -> None:
    """Escape sequences and line feeds of a message are written out."""
    line = TextFormatter("%(levelname)s - %(message)s").format(_record())
    assert line == r"WARNING - The feed sent SPY\x1b[2J\x0a2025-01-02 - host - INFO - all is well\u202e"


def test_a_traceback_keeps_its_lines_and_no_control_character() -> None:
    """The lines of a traceback stay; what the exception quotes is written out."""
    text = TextFormatter("%(message)s").format(_record(ValueError(EVIL)))
    assert text.count("\n") > 3
    assert text.replace("\n", "").isprintable()


def test_json_lines_hold_no_control_character() -> None:
    """The JSON form is one line, and its texts are printable too."""
    line = JsonFormatter().format(_record(ValueError(EVIL)))
    assert line.isprintable()
    assert r"\x1b[2J" in json.loads(line)["message"]


def test_rotated_logs_are_deleted_by_age(tmp_path: Path) -> None:
    """Only rotated files of this log that are older than the limit go; 0 keeps all."""
    now, log = datetime(2025, 6, 1, tzinfo=UTC), tmp_path / "magic8.log"
    ages = {"magic8.log": 900, "magic8.log.1": 10, "magic8.log.2": 91, "other.log.1": 900, "magic8.log.old": 900}
    for name, days in ages.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, times=((now - timedelta(days=days)).timestamp(),) * 2)
    remove_old_logs(log, now, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(ages)
    remove_old_logs(log, now, 90)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(set(ages) - {"magic8.log.2"})
