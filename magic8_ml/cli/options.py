"""Options and types that several commands of the plugin share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from magic8_companion.child_process import END_WITH_INPUT, end_with_input
from magic8_companion.command_line import DIR, FILE, Decorated, TextType, options
from magic8_companion.outside_files.plain_files import MAX_DOCUMENT_BYTES, read_bytes


def _symbols(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip().upper() for name in text.split(",") if name.strip()))
    if not names:
        raise ValueError("name at least one symbol")
    return names


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time in ISO 8601, such as 2025-06-26T14:30") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


SYMBOLS: Final = TextType("symbols", _symbols)
INSTANT: Final = TextType("time", _instant)

DAYS: Final = click.IntRange(min=1)

BARS_HELP: Final = "folder of 5-minute bars, parquet or CSV"
VIX_HELP: Final = "daily VIX file: date, open, high, low, close"


def bars_options(*, required: bool = True) -> Callable[[Decorated], Decorated]:
    """Return the decorator that adds ``--bars-dir`` and ``--vix``."""
    return options(
        click.option("--bars-dir", type=DIR, required=required, help=BARS_HELP),
        click.option("--vix", "vix_file", type=FILE, required=required, help=VIX_HELP),
    )


def symbols_option(function: Decorated) -> Decorated:
    """Add ``--symbols``."""
    meaning = "comma-separated; default: every symbol in the folder"
    return click.option("--symbols", metavar="LIST", type=SYMBOLS, help=meaning)(function)


def end_with_input_option(function: Decorated) -> Decorated:
    """Add the option of commands that a host starts and that end with it."""

    def watch(_: click.Context, __: click.Parameter, given: bool) -> None:  # click's signature
        if given:
            end_with_input()

    meaning = "end when standard input ends"
    return click.option(END_WITH_INPUT, is_flag=True, hidden=True, expose_value=False, callback=watch, help=meaning)(
        function
    )


def exactly_one(**given: object) -> None:
    """Require that exactly one of two options is given; the names are those of the options.

    >>> exactly_one(history=None, ledger="data")
    """
    if sum(value is not None for value in given.values()) != 1:
        names = " or ".join(f"--{name.replace('_', '-')}" for name in given)
        raise click.UsageError(f"give either {names}", click.get_current_context(silent=True))


def at_most_one(**given: object) -> None:
    """Require that not more than one of some options is given; the names are those of the options."""
    if sum(value is not None for value in given.values()) > 1:
        names = " or ".join(f"--{name.replace('_', '-')}" for name in given)
        raise click.UsageError(f"give only one of {names}", click.get_current_context(silent=True))


def read_message(file: Path) -> str:
    """Return the text of a message file, or of standard input for ``-``."""
    if file == Path("-"):
        return sys.stdin.buffer.read(MAX_DOCUMENT_BYTES).decode("utf-8", "replace")
    try:
        return read_bytes(file).decode("utf-8", "replace")
    except FileNotFoundError as error:
        raise click.ClickException(f"{file} is not a file") from error


def require_folder(folder: Path) -> None:
    """Make a folder of results before the work begins."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"the folder {folder} cannot be made: {error.strerror or error}") from error


def elsewhere(folder: Path, option: str) -> str:
    """Return where a run of the configured provider has its models, as a hint for ``folder`` without one, else ""."""
    from magic8_companion.ports import plugin_config  # noqa: PLC0415  # not for --help

    other = plugin_config().run_path
    if other is None or folder.absolute() == other or not (other / "models").is_dir():
        return ""
    return f"; a simulated run has its own: {option} {other}"


def configured_ml_path() -> str:
    """Return the setting ``M8C_ML_PATH`` as the default of an option, read as the host reads it.

    Raises
    ------
    ConfigError
        One message with every mistake in the settings.
    """
    from magic8_companion.ports import plugin_config  # noqa: PLC0415  # not for --help

    return str(plugin_config().path)
