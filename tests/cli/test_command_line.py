"""Both command lines as people meet them: help, slips of the finger, Ctrl-C, a reader that has gone away."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version

import pytest

from magic8_companion.__main__ import COMMANDS as HOST_COMMANDS
from magic8_companion.__main__ import main as host
from magic8_companion.command_line import exit_code
from magic8_ml.__main__ import COMMANDS as PLUGIN_COMMANDS
from magic8_ml.__main__ import main as plugin

Main = Callable[[list[str]], int]
both = pytest.mark.parametrize(("main", "commands"), [(host, HOST_COMMANDS), (plugin, PLUGIN_COMMANDS)])


@both
@pytest.mark.parametrize("word", ["-h", "--help", "help"])
def test_help_names_every_command(
    main: Main, commands: dict[str, object], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Help goes to standard output, one line per command, and succeeds."""
    assert main([word]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert listed == list(commands)


@both
def test_the_version_is_that_of_the_installation(
    main: Main, commands: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    """Who reports a fault can say what is running."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"magic8 {version('magic8')}\n"


@pytest.mark.parametrize(("main", "slip", "meant"), [(host, "docter", "doctor"), (plugin, "evalute", "evaluate")])
def test_a_slip_of_the_finger_is_answered_with_the_nearest_command(
    main: Main, slip: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence comes first, then all commands; exit code 2, nothing on standard output."""
    assert main([slip]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[0] == f"{slip!r} is not a command; did you mean {meant!r}?"
    assert "usage: " in said.err


def test_the_plugin_asks_which_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command there is nothing to do: the commands are listed and the exit code is 2."""
    assert plugin([]) == 2
    assert "say which command" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["gamma", "--date", "9.4.2025"], ["rehearse", "--date", "2025-02-30"]])
def test_a_day_that_is_none_is_refused_in_words(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The message shows what was written and how a day is written."""
    with pytest.raises(SystemExit) as ended:
        host(argv)
    assert ended.value.code == 2
    assert f"{argv[-1]!r} is no day; write YYYY-MM-DD" in capsys.readouterr().err


def test_a_command_without_its_packages_says_what_to_install() -> None:
    """As in an installation without the extra ``ml``: one sentence and exit code 2."""
    code = "import sys; sys.modules['xgboost'] = None; from magic8_ml.__main__ import main; sys.exit(main(['train']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "train needs the package xgboost; run: pip install -e '.[ml]'\n"


def test_ctrl_c_ends_a_command_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is the one that shells know."""

    def interrupted() -> int:
        raise KeyboardInterrupt

    assert exit_code(interrupted) == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.skipif(os.name != "posix", reason="other systems report a pipe without a reader in their own ways")
@pytest.mark.parametrize("argv", [["magic8_companion", "schema", "recommendations"], ["magic8_ml", "--help"]])
def test_a_reader_that_has_gone_away_is_no_error(argv: list[str]) -> None:
    """As in ``... | head -1``: no traceback, and the exit code that shells know."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as stdout:
        done = subprocess.run([sys.executable, "-m", *argv], stdout=stdout, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 141
    assert done.stderr == b""
