"""The seed message through the command: what a user sees."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from magic8_ml.__main__ import main
from tests.messages.messages_of_the_contract import SEED
from tests.trades.simulated_trades import Simulated


def _words(simulated: Simulated, *more: str) -> list[str]:
    message = simulated.folder / "message.txt"
    message.write_text(SEED, encoding="utf-8")
    files = ["--bars-dir", str(simulated.folder / "bars"), "--vix", str(simulated.folder / "vix_daily.parquet")]
    at = ["--at", "2025-05-22T14:30:05"]
    return ["predict-trade", str(message), "--models", str(simulated.models), *files, *at, *more]


def test_the_seed_message_in_words(simulated: Simulated, capsys: pytest.CaptureFixture[str]) -> None:
    """Risk, reward, probability, interval, level and sample."""
    assert main(_words(simulated)) == 0
    said = capsys.readouterr().out
    assert "risk                2,482.00 $, reward 2,518.00 $" in said
    assert "95 % interval" in said
    assert "symbol_strategy SPX_Butterfly:" in said
    assert "; the win probability decides, and is " in said
    assert "; neither decides" in said


def test_the_seed_message_as_json(simulated: Simulated, capsys: pytest.CaptureFixture[str]) -> None:
    """The same as fields."""
    assert main(_words(simulated, "--json")) == 0
    (pair,) = orjson.loads(capsys.readouterr().out)["trades"]
    assert (pair["trade"]["risk"], pair["trade"]["reward"]) == (2482.0, 2518.0)
    answer = pair["answer"]
    assert answer["low"] < answer["win_probability"] < answer["high"]
    assert answer["level"] == "symbol_strategy"


def test_no_model_is_said(simulated: Simulated, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, exit code 1."""
    words = _words(simulated)
    words[words.index("--models") + 1] = str(tmp_path)
    assert main(words) == 1
    assert "no_model" in capsys.readouterr().err
