"""``python -m magic8_ml COMMAND``: each command is a module with ``add_arguments(parser)`` and ``run(options) -> int``.

A command's module is imported only when it is asked for, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final

from magic8_companion.command_line import DONE, WRONG, exit_code, unknown, usage

COMMANDS: Final = {
    "train": ("magic8_ml.cli.train", "fit the model on 5-minute bars and daily VIX rows"),
    "evaluate": ("magic8_ml.cli.evaluate", "walk forward by day beside every baseline, and report what holds"),
    "verify": ("magic8_ml.cli.verify", "score the frozen model on bars of your own, offline"),
    "retrain": ("magic8_ml.cli.retrain", "learn again at low priority; serve the new model if it is not worse"),
    "models": ("magic8_ml.cli.models", "list, show, promote or roll back versions of the model"),
    "tune": ("magic8_ml.cli.tune", "search settings inside the training days, on cores or a Dask cluster"),
    "ingest": ("magic8_ml.cli.ingest", "read the raw Magic8 history into one data set"),
    "scales": ("magic8_ml.cli.scales", "dollar ranges by symbol and strategy, and their groups"),
    "train-trades": ("magic8_ml.cli.train_trades", "win probabilities of trades, from the history or a ledger"),
    "ledger": ("magic8_ml.cli.ledger", "simulated trades at anchored premia from recorded bars"),
    "evaluate-trades": ("magic8_ml.cli.evaluate_trades", "judge win probabilities, walking forward by day"),
    "parse-message": ("magic8_ml.cli.parse_message", "read a Discord message: predictions, orders, risk and reward"),
    "predict-trade": ("magic8_ml.cli.predict_trade", "how likely the orders of a message win, on recorded bars"),
    "risk-reward": ("magic8_ml.cli.risk_reward", "what an order can lose and win, and where it breaks even"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 2 refused with one sentence on stderr, 130 interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    return exit_code(lambda: _main(words))


def _main(words: Sequence[str]) -> int:
    help_text = usage("python -m magic8_ml COMMAND", {name: what for name, (_, what) in COMMANDS.items()})
    if words[:1] in (["-h"], ["--help"], ["help"]):
        print(help_text)
        return DONE
    if words == ["--version"]:
        print(f"magic8 {version('magic8')}")
        return DONE
    if not words or words[0] not in COMMANDS:
        print(f"{unknown(words[0], COMMANDS) if words else 'say which command'}\n\n{help_text}", file=sys.stderr)
        return WRONG
    try:
        command, parser = command_of(words[0])
    except ModuleNotFoundError as missing:
        if str(missing.name).startswith("magic8"):
            raise
        print(f"{words[0]} needs the package {missing.name}; run: pip install -e '.[ml]'", file=sys.stderr)
        return WRONG
    code: int = command.run(parser.parse_args(words[1:]))
    return code


def command_of(name: str) -> tuple[Any, argparse.ArgumentParser]:
    """Return the module of a command and its command line."""
    module, meaning = COMMANDS[name]
    command: Any = import_module(module)
    parser = argparse.ArgumentParser(
        prog=f"python -m magic8_ml {name}", description=f"{meaning[0].upper()}{meaning[1:]}."
    )
    command.add_arguments(parser)
    return command, parser


if __name__ == "__main__":
    sys.exit(main())
