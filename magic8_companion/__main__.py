"""``python -m magic8_companion [COMMAND]``: without a command it runs the host.

Each command is a function ``(argv) -> exit code`` in a module that is imported only when it is asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Final

from magic8_companion.command_line import DONE, WRONG, exit_code, unknown, usage

COMMANDS: Final = {
    "run": ("magic8_companion.unified_main", "run", "run the host (the default command; see run --help)"),
    "gamma": ("magic8_companion.cli.gamma", "gamma", "show the gamma exposure of a chain as JSON and picture"),
    "tickets": ("magic8_companion.cli.tickets", "tickets", "rank every structure of a chain by what it earns"),
    "collect": ("magic8_companion.cli.collect", "collect", "fetch history into daily files (replay, training)"),
    "doctor": ("magic8_companion.cli.doctor", "doctor", "say what is wrong with this installation and its feed"),
    "rehearse": ("magic8_companion.cli.rehearse", "rehearse", "play a past day on ib or yahoo without an account"),
    "schema": ("magic8_companion.cli.show", "schema", "print the JSON Schema of a published file"),
    "settings": ("magic8_companion.cli.show", "settings", "print the effective settings, or --example for all"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; an option in first place belongs to ``run``."""
    words = list(sys.argv[1:] if argv is None else argv)
    return exit_code(lambda: _main(words))


def _main(words: Sequence[str]) -> int:
    help_text = usage("python -m magic8_companion [COMMAND]", {name: what for name, (_, _, what) in COMMANDS.items()})
    if words[:1] in (["-h"], ["--help"], ["help"]):
        print(help_text)
        return DONE
    if words == ["--version"]:
        print(f"magic8 {version('magic8')}")
        return DONE
    name, rest = ("run", words) if not words or words[0].startswith("-") else (words[0], words[1:])
    if name not in COMMANDS:
        print(f"{unknown(name, COMMANDS)}\n\n{help_text}", file=sys.stderr)
        return WRONG
    module, function, _ = COMMANDS[name]
    code: int = getattr(import_module(module), function)(rest)
    return code


if __name__ == "__main__":
    sys.exit(main())
