"""Log lines: what others send cannot act on a terminal nor begin a line of its own."""

from __future__ import annotations

import json
import logging
import sys

from magic8_companion.cli.logs import JsonFormatter, TextFormatter

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
