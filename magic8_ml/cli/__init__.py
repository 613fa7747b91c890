"""The plugin's commands, each in a module that is imported when the command is invoked."""

from __future__ import annotations

from typing import Final

from magic8_companion.command_line import CommandSource, CommandTable

EXTRA: Final = "ml"

COMMANDS: Final[CommandTable] = {
    name: CommandSource(f"magic8_ml.cli.{name.replace('-', '_')}:{name.replace('-', '_')}_command", about, EXTRA)
    for name, about in {
        "train": "Fit the 5-minute model.",
        "pipeline": "Ingest, train and check in one go.",
        "check": "Say whether the host would get answers from the model.",
        "evaluate": "Compare the model with baselines, walking forward.",
        "verify": "Score the frozen model on your own bars, offline.",
        "retrain": "Fit a new version; promote it if it is not worse.",
        "models": "List, show, promote or roll back model versions.",
        "tune": "Search settings inside the training days.",
        "ingest": "Read the raw Magic8 history into one data set.",
        "scales": "Measure profit ranges by symbol and strategy.",
        "ledger": "Simulate trades on recorded bars.",
        "train-trades": "Fit win probabilities of trades.",
        "evaluate-trades": "Evaluate win probabilities, walking forward by day.",
        "parse-message": "Read predictions and orders of a Discord message.",
        "predict-trade": "Estimate win probabilities of a message's orders.",
        "risk-reward": "Calculate risk, reward and break-evens of an order.",
    }.items()
}
