"""The plugin's commands read default, ``.env`` and environment as the host does."""

from __future__ import annotations

from pathlib import Path

import pytest

from magic8_ml.__main__ import main

FILES = ("--bars", "bars.csv", "--vix", "vix.csv")
MORNING = "2025-04-09T15:00"
COMMANDS = {
    "models": ("models", "list"),
    "verify": ("verify", *FILES),
    "predict-trade": (
        "predict-trade",
        "message.txt",
        "--bars-dir",
        "bars",
        "--vix",
        "vix.csv",
        "--at",
        "2025-04-09T15:00",
    ),
}


@pytest.fixture
def dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the ``.env`` of the current folder, where a message lies."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "message.txt").write_text("SPX: BUY +1 VERTICAL\n")
    return tmp_path / ".env"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_looks_for_models_where_dotenv_says(
    name: str, dotenv: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder of M8C_ML_PATH in .env is the one that the command names."""
    dotenv.write_text("M8C_ML_PATH=elsewhere\n")
    main(COMMANDS[name])
    shown = "".join(capsys.readouterr()).replace("\n", "")
    assert str(dotenv.parent / "elsewhere") in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_a_wrong_setting_stops_a_command_as_it_stops_the_host(
    name: str, dotenv: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and the host's message; the help is still there."""
    dotenv.write_text("M8C_ML_WIEGHT=0.2\nM8C_IB_PORT=0\n")
    assert main(COMMANDS[name]) == 2
    shown = capsys.readouterr().err
    assert "did you mean M8C_ML_WEIGHT" in shown
    assert "M8C_IB_PORT" in shown
    assert main([COMMANDS[name][0], "--help"]) == 0


def test_a_home_folder_in_the_setting_is_expanded(
    dotenv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``~`` means the same to a command as to the host; ``$`` is refused by name."""
    monkeypatch.setenv("HOME", str(dotenv.parent / "home"))
    monkeypatch.setenv("M8C_ML_PATH", "~/models")
    assert main(COMMANDS["models"]) == 0
    assert str(dotenv.parent / "home" / "models") in capsys.readouterr().out.replace("\n", "")
    monkeypatch.setenv("M8C_ML_PATH", "$HOME/models")
    assert main(COMMANDS["models"]) == 2
    assert "write out what it stands for" in capsys.readouterr().err
