"""The command ``magic8``: every command of the host, and those that plugins register.

A command is imported when it is invoked or when its own help is shown.  A plugin registers a table of commands under
the entry-point group ``magic8.commands``; the name of the entry point heads its section of the help.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from magic8_companion.command_line import CommandSource, CommandTable, lazy_group, run_command

GROUP: Final = "magic8.commands"
COMPLETION: Final = "_MAGIC8_COMPLETE"
"""The variable by which a shell asks for completions."""

COMMANDS: Final[CommandTable] = {
    "run": CommandSource("magic8_companion.cli.run:run", "Run the host: a live, replayed or simulated day."),
    "doctor": CommandSource("magic8_companion.cli.doctor:doctor", "Check this installation and its data feed."),
    "settings": CommandSource("magic8_companion.cli.show:settings", "Print the effective settings, or all of them."),
    "schema": CommandSource("magic8_companion.cli.show:schema", "Print the JSON Schema of a published file."),
    "collect": CommandSource("magic8_companion.cli.collect:collect", "Fetch bars into daily files."),
    "rehearse": CommandSource("magic8_companion.cli.rehearse:rehearse", "Play a past day on ib or yahoo, no account."),
    "gamma": CommandSource("magic8_companion.cli.gamma:gamma", "Show the gamma exposure of an option chain."),
    "tickets": CommandSource("magic8_companion.cli.tickets:tickets", "Rank every structure of an option chain."),
    "rule-scores": CommandSource("magic8_companion.cli.rule_scores:rule_scores", "Write rule scores of past days."),
    "events": CommandSource("magic8_companion.cli.events:events", "Show events that move the market; take releases."),
    "settle": CommandSource("magic8_companion.cli.settle:settle", "Find out what came of published entries."),
    "completion": CommandSource("magic8_companion.cli.completion:completion", "Print a shell completion script."),
}

ABOUT: Final = """Magic8: market analysis, scores and published approvals of 0DTE option trades.

Exit codes of every command: 0 done, 1 failed or refused, 2 wrong use, 3 busy (another process uses the folder).
"""


def _host_tables() -> Iterator[tuple[str, CommandTable]]:
    yield "Commands", COMMANDS


def _all_tables() -> Iterator[tuple[str, CommandTable]]:
    yield from _host_tables()
    from importlib.metadata import entry_points  # noqa: PLC0415  # a command of the host needs no plugin

    for point in entry_points(group=GROUP):
        try:
            table: CommandTable = point.load()
        except ImportError as error:
            print(f"The commands of the plugin {point.name} are missing: {error}", file=sys.stderr)
        else:
            yield f"Commands of the plugin {point.name}", table


magic8 = lazy_group("magic8", ABOUT, _all_tables)
host = lazy_group("magic8_companion", ABOUT, _host_tables, default="run")


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``magic8`` and return its exit code."""
    if asked := os.environ.get(COMPLETION):
        from click.shell_completion import shell_complete  # noqa: PLC0415  # only a shell's Tab key needs it

        return shell_complete(magic8, {}, "magic8", COMPLETION, asked)
    return run_command(magic8, argv, "magic8")
