"""What every command line of the product says and does alike; standard library only, so that ``--help`` is instant."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from magic8_companion.paths import literal_problem, written_path

DONE: Final = 0
WRONG: Final = 2
INTERRUPTED: Final = 130
"""As shells report a program that Ctrl-C ended."""
NO_READER: Final = 141
"""As shells report a program whose reader went away, such as ``head``."""


def usage(call: str, meanings: Mapping[str, str]) -> str:
    """Return how to call a program, and its commands with what they mean.

    >>> print(usage("python -m magic8_ml COMMAND", {"train": "fit the model", "tune": "search settings"}))
    usage: python -m magic8_ml COMMAND [OPTIONS]
    <BLANKLINE>
    commands:
      train  fit the model
      tune   search settings
    """
    width = max(map(len, meanings))
    lines = [f"  {name:<{width}}  {meaning}" for name, meaning in meanings.items()]
    return "\n".join([f"usage: {call} [OPTIONS]", "", "commands:", *lines])


def unknown(word: str, known: Iterable[str]) -> str:
    """Return the sentence for a word that is no command, with the nearest one when there is a near one.

    >>> unknown("trian", ["train", "tune"])
    "'trian' is not a command; did you mean 'train'?"
    >>> unknown("42", ["train", "tune"])
    "'42' is not a command"
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"{word!r} is not a command" + (f"; did you mean {near[0]!r}?" if near else "")


def day(text: str) -> date:
    """Read a day of the command line.

    >>> day("2025-04-09")
    datetime.date(2025, 4, 9)

    Raises
    ------
    argparse.ArgumentTypeError
        When it is none; argparse prints the sentence.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write YYYY-MM-DD") from None


def as_path(text: str) -> Path:
    """Read a path of the command line; ``~`` is expanded.

    >>> as_path("data/bars").as_posix()
    'data/bars'

    Raises
    ------
    argparse.ArgumentTypeError
        When the text still holds what only a shell would expand or strip; argparse prints the sentence.
    """
    try:
        return written_path(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None


def default_ml_path(environment: Mapping[str, str] = os.environ) -> str:
    """Return the ML folder of the environment as the default of an option that :func:`as_path` reads.

    A text that :func:`as_path` refuses is returned as it is, so that argparse prints the sentence.

    >>> default_ml_path({"MAGIC8_PATH": "/srv", "ML_PATH": "models"})
    '/srv/models'
    """
    folder = environment.get("M8C_ML_PATH") or environment.get("ML_PATH") or "data/ml"
    root = environment.get("MAGIC8_PATH") or "."
    for text in (folder, root):
        if literal_problem(text):
            return text
    return os.path.join(os.path.expanduser(root), os.path.expanduser(folder))  # noqa: PTH111, PTH118  # never raise


def add_market_options(words: argparse.ArgumentParser) -> None:
    """Add the options that say which market a command looks at and where its files go; each is also a setting."""
    provider = "ib, yahoo, replay or simulated"
    words.add_argument("--provider", dest="market_data_provider", metavar="NAME", help=provider)
    recorded = "day to replay or simulate, YYYY-MM-DD"
    words.add_argument("--date", dest="replay_date", metavar="DAY", help=recorded)
    folder = "folder of recorded bars for provider replay"
    words.add_argument("--replay-dir", dest="replay_path", metavar="DIR", help=folder)
    words.add_argument("--symbols", dest="supported_symbols", metavar="LIST", help="comma-separated, such as SPX,SPY")
    words.add_argument("--output-dir", dest="output_dir", metavar="DIR", help="folder of the published files")


def exit_code(command: Callable[[], int]) -> int:
    """Run a command and return its exit code; Ctrl-C and a reader that went away end it without a traceback."""
    try:
        code = command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # the interpreter flushes once more at its end: that must not fail as well
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO_READER
    return code
