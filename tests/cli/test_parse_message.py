"""The command: a file or standard input, for people or as JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from magic8_ml.__main__ import main
from tests.messages.messages_of_the_contract import BUTTERFLY, SEED


def run(*arguments: str) -> int:
    """Run the command as the entry point does."""
    return main(["parse-message", *arguments])


def test_a_file_is_printed_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The four parts of the message, with dates as ISO text."""
    file = tmp_path / "message.txt"
    file.write_text(SEED, encoding="utf-8")
    assert run(str(file), "--json") == 0
    message = json.loads(capsys.readouterr().out)
    assert set(message) == {"metadata", "predictions", "trades", "errors"}
    assert (message["trades"][0]["risk"], message["trades"][0]["expiry"]) == (2482.0, "2025-05-22")


def test_standard_input_is_printed_for_people(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Trades with their risk, refused lines with their reason, which the exit code reports too."""
    text = f"{SEED}\n{BUTTERFLY.replace('CALL ', '')}"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert run("-") == 1
    out = capsys.readouterr().out
    assert "risk 2,482.00 $, reward 2,518.00 $, break-even 5829.82, 5880.18" in out
    assert "line 8: missing_right" in out


def test_the_time_of_the_message_expires_orders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--at is the message's own time."""
    file = tmp_path / "message.txt"
    file.write_text(BUTTERFLY, encoding="utf-8")
    assert run(str(file), "--json", "--at", "2025-06-01T14:00:00") == 1
    assert json.loads(capsys.readouterr().out)["errors"][0]["code"] == "expired"


def test_a_missing_file_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 and a sentence."""
    assert run("no/such/file") == 1
    assert "no/such/file is not a file" in capsys.readouterr().err


def test_a_time_that_is_none_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and what was written."""
    assert run("-", "--at", "tomorrow") == 2
    assert "'tomorrow' is not a time in ISO 8601" in capsys.readouterr().err
