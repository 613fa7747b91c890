"""The command: a table or JSON, and an exit code for scripts."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from magic8_companion.__main__ import main
from magic8_companion.durable import FolderLock
from magic8_companion.providers.bar_writer import write_bar_files
from magic8_companion.providers.simulated_market import SimulatedMarket


def doctor(words: list[str]) -> int:
    """Run the command as the entry point does."""
    return main(["doctor", *words])


def test_a_first_installation_is_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The embedded default needs no account; the table ends with the verdict."""
    assert doctor(["--output-dir", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    found = {line[:13].strip(): line[13:].split()[0] for line in printed.splitlines()[2:-2]}
    assert (found["settings"], found["SPX chain"]) == ("ok", "ok")
    assert printed.endswith("nothing failed\n")


def test_scripts_read_json_and_the_exit_code(tmp_path: Path) -> None:
    """Started as users do; standard error stays empty."""
    (tmp_path / ".env").write_text("M8C_IB_PRT=1\nM8C_ML_WEIGHT=7\n")
    ran = subprocess.run(
        [sys.executable, "-m", "magic8_companion", "doctor", "--json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    found = json.loads(ran.stdout)
    assert (ran.returncode, ran.stderr, found["fit"]) == (1, "", False)
    assert [check["name"] for check in found["checks"]] == ["settings", "settings"]
    assert "did you mean M8C_IB_PORT" in found["checks"][0]["result"]


def test_a_running_host_is_not_disturbed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its lock is seen and left alone; it is a warning, not a failure."""
    with FolderLock(tmp_path):
        assert doctor(["--output-dir", str(tmp_path), "--no-feed", "--json"]) == 0
    found = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert found["second host"]["status"] == "warning"
    assert "feed" not in found


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--provider", "replay"], "M8C_REPLAY_PATH"),
        (["--provider", "polygon"], "polygon"),
    ],
)
def test_what_cannot_be_built_is_told(given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A provider that the settings do not allow is a finding, not a traceback."""
    assert doctor([*given, "--symbols", "SPY"]) == 1
    assert said in capsys.readouterr().out


def test_recordings_are_examined_like_any_feed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Recorded bars pass; chains that were not recorded cost a warning; a day without bars is a failure."""
    write_bar_files(tmp_path / "bars", SimulatedMarket(), ("SPY",), date(2024, 4, 1), date(2025, 4, 9))
    line = ["--provider", "replay", "--replay-dir", str(tmp_path / "bars"), "--symbols", "SPY", "--json"]
    line += ["--output-dir", str(tmp_path / "out")]
    assert doctor(line) == 0
    found = {check["name"]: check["status"] for check in json.loads(capsys.readouterr().out)["checks"]}
    assert (found["SPY bars"], found["SPY chain"], found["VIX of a year"]) == ("ok", "warning", "ok")
    assert doctor([*line, "--date", "2025-04-18"]) == 1
    assert "exchange holiday" in capsys.readouterr().out
