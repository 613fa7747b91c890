"""The entry point: ``python -m magic8_companion.unified_main``, the same as ``magic8 run``.

Exit codes: 0 done, 1 no data or a file cannot be written, 2 wrong options or settings, 3 another host uses the output
folder, 130 interrupted before anything began.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click

from magic8_companion.cli import run as run_module
from magic8_companion.command_line import joined_symbols, report, run_command
from magic8_companion.domain.errors import Magic8Error

if TYPE_CHECKING:  # --help must not load numpy and pandas
    from magic8_companion.ports import Clock

PROGRAM: Final = "python -m magic8_companion.unified_main"


def parser() -> argparse.ArgumentParser:
    """Return the options as an argparse parser, for scripts that add their own; each option is also a setting."""
    made = argparse.ArgumentParser(prog=PROGRAM, description=run_module.ABOUT)
    for option in run_module.run.params:
        if isinstance(option, click.Option):
            kind: dict[str, Any] = {"action": "store_true"} if option.is_flag else {"metavar": str(option.metavar)}
            made.add_argument(*option.opts, dest=option.name, default=None, help=option.help, **kind)
    return made


async def main(
    argv: Sequence[str] | None = None,
    *,
    overrides: Mapping[str, object] = MappingProxyType({}),
    clock: Clock | None = None,
) -> int:
    """Run the host and return its exit code.

    Parameters
    ----------
    overrides
        Settings by attribute name, as if they stood on the command line.
    clock
        The clock of a live run, for rehearsals; by default the machine's.

    Raises
    ------
    SystemExit
        When the command line cannot be read, or asks for help.
    """
    given = vars(parser().parse_args(joined_symbols(sys.argv[1:] if argv is None else argv)))
    try:
        return await run_module.run_host(given | dict(overrides), clock)
    except Magic8Error as error:
        return report(error)


def run(argv: Sequence[str] | None = None) -> int:
    """Run :func:`main` on a new event loop."""
    return run_command(run_module.run, argv, PROGRAM)


if __name__ == "__main__":
    sys.exit(run())
