"""``python -m magic8_companion [COMMAND]``: the host's commands; without a command it runs the host."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from magic8_companion.cli.main import host
from magic8_companion.command_line import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; an option in first place belongs to ``run``."""
    return run_command(host, argv, "python -m magic8_companion")


if __name__ == "__main__":
    sys.exit(main())
