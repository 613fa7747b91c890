"""``python -m magic8_ml COMMAND``: the plugin's commands, the same as those of ``magic8``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from magic8_companion.command_line import CommandTable, lazy_group, run_command
from magic8_ml.cli import COMMANDS


def _tables() -> Iterator[tuple[str, CommandTable]]:
    yield "Commands", COMMANDS


plugin = lazy_group("magic8_ml", "Train, evaluate and manage the models of Magic8.", _tables)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    return run_command(plugin, argv, "python -m magic8_ml")


if __name__ == "__main__":
    sys.exit(main())
