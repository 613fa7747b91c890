"""What every command shares: types of options, groups that load lazily, exit codes, tables and progress.

Only click is imported here: ``--help`` answers at once.  rich is imported by the first table or progress bar.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import click

from magic8_companion.domain.errors import AlreadyRunning, ConfigError, DataUnavailable, Magic8Error
from magic8_companion.outside_files.plain_files import FileRefused
from magic8_companion.outside_files.printable import printable
from magic8_companion.paths import written_path

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

DONE: Final = 0
FAILED: Final = 1
"""The command failed or refused; one sentence on standard error says why."""
WRONG_USE: Final = 2
"""Wrong options, arguments or settings."""
BUSY: Final = 3
"""Another process works on the same folder."""
INTERRUPTED: Final = 130
"""As shells report a program that Ctrl-C ended."""
NO_READER: Final = 141
"""As shells report a program whose reader went away, such as ``head``."""

PLAIN_WIDTH: Final = 120
"""Columns of a table that does not go to a terminal."""

CONTEXT: Final[Mapping[str, Any]] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

Value = TypeVar("Value")
Decorated = TypeVar("Decorated", bound=Callable[..., Any] | click.Command)


class CommandSource(NamedTuple):
    """Where a command is defined (``package.module:name``), its short help, and the extra that it needs."""

    target: str
    help: str
    extra: str = ""


CommandTable = Mapping[str, CommandSource]


class LazyGroup(click.Group):
    """A group whose commands are imported when they are invoked; its help reads their tables only.

    Parameters
    ----------
    tables
        Command tables by heading, in the order of the help; the next one is asked for when a name is in none before.
    default
        The command of a line that names none, or that begins with an option.
    """

    def __init__(
        self, name: str, about: str, tables: Callable[[], Iterator[tuple[str, CommandTable]]], default: str = ""
    ) -> None:
        super().__init__(name, help=about, context_settings=dict(CONTEXT))
        self._tables, self._default = tables, default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the line; ``help NAME`` means ``NAME --help``."""
        if args[:1] == ["help"]:
            args = [*args[1:], "--help"]
        elif self._default and (not args or (args[0].startswith("-") and args[0] not in {"-h", "--help", "--version"})):
            args = [self._default, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names of all commands."""
        return list(self.sources())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Import a command."""
        source = next((table[cmd_name] for _, table in self._tables() if cmd_name in table), None)
        return None if source is None else load_command(cmd_name, source)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a line; an unknown name is answered with the nearest one."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=self.sources(), ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # as above
        """Write a section for each table."""
        for heading, table in self._tables():
            with formatter.section(heading):
                formatter.write_dl([(name, source.help) for name, source in table.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[click.shell_completion.CompletionItem]:
        """Complete names without importing a command."""
        found = [(name, source.help) for name, source in self.sources().items() if name.startswith(incomplete)]
        items = [click.shell_completion.CompletionItem(name, help=meaning) for name, meaning in found]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]

    def sources(self) -> dict[str, CommandSource]:
        """Return every command's source by name; the first table that defines a name wins."""
        found: dict[str, CommandSource] = {}
        for _, table in self._tables():
            found = {**table, **found}
        return {name: found[name] for _, table in self._tables() for name in table}


def lazy_group(
    name: str, about: str, tables: Callable[[], Iterator[tuple[str, CommandTable]]], default: str = ""
) -> LazyGroup:
    """Return a group with ``--version``."""
    group = LazyGroup(name, about, tables, default)
    return click.version_option(package_name="magic8", prog_name="magic8", message="%(prog)s %(version)s")(group)


def load_command(name: str, source: CommandSource) -> click.Command:
    """Import a command.

    Raises
    ------
    click.ClickException
        When a package is not installed; the message names the extra that brings it.
    """
    module, _, attribute = source.target.partition(":")
    try:
        found: click.Command = getattr(import_module(module), attribute)
    except ModuleNotFoundError as missing:
        if not source.extra or str(missing.name).startswith("magic8"):
            raise
        hint = f"pip install -e '.[{source.extra}]'"
        raise click.ClickException(f"{name} needs the package {missing.name}; run: {hint}") from missing
    return found


SYMBOLS_OPTION: Final = "--symbols"


def joined_symbols(words: Sequence[str]) -> list[str]:
    """Return a command line in which the words after ``--symbols`` are one list.

    >>> joined_symbols(["--symbols", "SPX", "SPY", "--once"])
    ['--symbols', 'SPX,SPY', '--once']
    """
    if SYMBOLS_OPTION not in words:
        return list(words)
    begin = words.index(SYMBOLS_OPTION) + 1
    names = list(takewhile(lambda word: not word.startswith("-"), words[begin:]))
    joined = [",".join(name.strip(",") for name in names)] if names else []
    return [*words[:begin], *joined, *words[begin + len(names) :]]


class _Command(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        takes_words = any(isinstance(parameter, click.Argument) for parameter in self.params)
        return super().parse_args(ctx, args if takes_words else joined_symbols(args))


def command(name: str, about: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Return the decorator of a command; the function returns the exit code, or None for 0."""
    return click.command(name, cls=_Command, help=about, context_settings=dict(CONTEXT))


def run_command(called: click.Command, argv: Sequence[str] | None, program: str) -> int:
    """Read a command line, run it, and return the exit code; without ``argv`` it is the one of the process."""

    def invoke() -> int | None:
        with called.make_context(program, list(sys.argv[1:] if argv is None else argv)) as context:
            code: int | None = called.invoke(context)
            return code

    return exit_code(invoke)


def exit_code(run: Callable[[], int | None]) -> int:
    """Run a command and return its exit code; a failure becomes one message on standard error, without a traceback."""
    try:
        code = run()
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except (click.ClickException, Magic8Error, FileRefused) as error:
        return report(error)
    except MemoryError:
        return report(click.ClickException("this needs more memory than there is; give smaller files or fewer days"))
    except KeyboardInterrupt:
        echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # the interpreter flushes once more at its end: that must not fail as well
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO_READER
    return code or DONE


def report(error: click.ClickException | Magic8Error | FileRefused) -> int:
    """Print an error on standard error and return its exit code."""
    if isinstance(error, click.UsageError):
        error.show()
        return WRONG_USE
    if isinstance(error, click.ClickException):
        echo(error.format_message(), err=True)
        return error.exit_code
    echo((isinstance(error, DataUnavailable) and error.detail) or error, err=True)
    if isinstance(error, ConfigError):
        return WRONG_USE
    return BUSY if isinstance(error, AlreadyRunning) else FAILED


def echo(text: object = "", *, err: bool = False) -> None:
    """Print a text; its control characters are written out."""
    click.echo(printable(text, lines=True), err=err)


@contextmanager
def refusal(task: str, *kinds: type[Exception]) -> Iterator[None]:
    """Turn errors of some kinds into one sentence that names the task; the exit code is 1.

    >>> with refusal("Training", ValueError):
    ...     raise ValueError("no bars")
    Traceback (most recent call last):
    click.exceptions.ClickException: Training refused: no bars
    """
    try:
        yield
    except AlreadyRunning:
        raise
    except kinds as error:
        raise click.ClickException(f"{task} refused: {error}") from error


class TextType(click.ParamType[Value, Any]):
    """The type of an option that a function reads; its ``ValueError`` is the message.

    >>> TextType("number", float).convert("1.5", None, None)
    1.5
    """

    def __init__(self, name: str, read: Callable[[str], Value]) -> None:
        self.name, self._read = name, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Value:  # noqa: ANN401  # click's signature
        """Read a text; a default that has the type already stays."""
        if not isinstance(value, str):
            typed: Value = value
            return typed
        try:
            return self._read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def read_day(text: str) -> date:
    """Read a date.

    >>> read_day("2025-04-09")
    datetime.date(2025, 4, 9)

    Raises
    ------
    ValueError
        When it is none, with a sentence for the user.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date; write YYYY-MM-DD") from None


def read_path(text: str) -> Path:
    """Read a path; ``~`` is expanded.

    >>> read_path("data/bars").as_posix()
    'data/bars'

    Raises
    ------
    ValueError
        When the text still holds what only a shell would expand or strip.
    """
    try:
        return written_path(text)
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from None


DAY: Final = TextType("day", read_day)
PATH: Final = TextType("path", read_path)
DIR: Final = TextType("dir", read_path)
FILE: Final = TextType("file", read_path)


def options(*declared: Callable[[Decorated], Decorated]) -> Callable[[Decorated], Decorated]:
    """Join several options into one decorator; the help lists them in this order."""

    def decorate(function: Decorated) -> Decorated:
        for option in reversed(declared):
            function = option(function)
        return function

    return decorate


def json_bytes(value: object) -> bytes:
    """Return JSON as every command prints it: indented, with a newline at its end."""
    import orjson  # noqa: PLC0415  # not for --help

    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE)


def print_json(value: object) -> None:
    """Print JSON on standard output."""
    click.echo(json_bytes(value).decode(), nl=False)


def write_file(path: Path, data: bytes) -> None:
    """Write a result and make its folder; a failure ends the command with one sentence."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror or error}") from error


def market_options(function: Decorated) -> Decorated:
    """Add the options that choose a market and the output folder; each is also a setting."""
    provider = "ib, yahoo, replay or simulated"
    recorded = "day to replay or simulate, YYYY-MM-DD"
    folder = "folder of recorded bars for provider replay"
    return options(
        click.option("--provider", "market_data_provider", metavar="NAME", help=provider),
        click.option("--date", "replay_date", metavar="DAY", help=recorded),
        click.option("--replay-dir", "replay_path", metavar="DIR", help=folder),
        click.option("--symbols", "supported_symbols", metavar="LIST", help="comma-separated, such as SPX,SPY"),
        click.option("--output-dir", "output_dir", metavar="DIR", help="folder of the published files"),
    )(function)


def console(*, stderr: bool = False) -> Console:
    """Return a console: colors on a terminal, plain text of at most 120 columns elsewhere."""
    from magic8_companion.outside_files.console import PrintableConsole  # noqa: PLC0415  # not for --help

    common: dict[str, Any] = {"stderr": stderr, "highlight": False, "markup": False, "emoji": False}
    made = PrintableConsole(**common)
    return made if made.is_terminal else PrintableConsole(**common, width=PLAIN_WIDTH, color_system=None)


def new_table(*heads: str, right: Collection[str] = ()) -> Table:
    """Return an empty table; the columns in ``right`` hold numbers."""
    from rich.box import Box  # noqa: PLC0415  # as above
    from rich.table import Table  # noqa: PLC0415  # as above

    rule = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
    table = Table(box=rule, show_edge=False, pad_edge=False, header_style="bold")
    for head in heads:
        table.add_column(head, justify="right" if head in right else "left", overflow="fold")
    return table


def print_table(table: Table) -> None:
    """Print a table; outside a terminal lines end without blanks."""
    screen = console()
    with screen.capture() as captured:
        screen.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()), color=True)


def new_progress(unit: str, *, transient: bool = False) -> Progress:
    """Return a progress display on standard error; it is silent where that is no terminal."""
    from rich import progress  # noqa: PLC0415  # as above

    screen = console(stderr=True)
    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn(unit),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[note]}"),
        console=screen,
        transient=transient,
        disable=not screen.is_terminal,
    )
