"""The command lines as users meet them: help, wrong names, exit codes, Ctrl-C, a reader that has gone away."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import click
import pytest

from magic8_companion.__main__ import main as host
from magic8_companion.cli.main import COMMANDS as HOST_COMMANDS
from magic8_companion.cli.main import main as magic8
from magic8_companion.command_line import (
    FAILED,
    CommandSource,
    echo,
    exit_code,
    joined_symbols,
    load_command,
    new_table,
    print_table,
    report,
)
from magic8_companion.domain.errors import (
    AlreadyRunning,
    ConfigError,
    DataUnavailable,
    Magic8Error,
    OrderRefused,
    PluginUnavailable,
    PublishError,
)
from magic8_companion.outside_files.plain_files import FileRefused
from magic8_ml.__main__ import main as plugin
from magic8_ml.cli import COMMANDS as PLUGIN_COMMANDS

Main = Callable[[list[str]], int]
each = pytest.mark.parametrize(
    ("main", "commands"),
    [(host, HOST_COMMANDS), (plugin, PLUGIN_COMMANDS), (magic8, {**HOST_COMMANDS, **PLUGIN_COMMANDS})],
    ids=["magic8_companion", "magic8_ml", "magic8"],
)
HEAVY = ("numpy", "pandas", "rich", "pydantic", "scipy", "xgboost", "magic8_companion.unified_config")


@each
@pytest.mark.parametrize("word", ["-h", "--help", "help"])
def test_help_lists_every_command(
    main: Main, commands: dict[str, object], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Help goes to standard output, one line per command, and succeeds."""
    assert main([word]) == 0
    _, _, listed = capsys.readouterr().out.partition("\nCommands")
    assert [line.split()[0] for line in listed.splitlines() if line.startswith("  ")] == list(commands)


@each
def test_every_command_has_help(main: Main, commands: dict[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    """Each command of each table can be imported, and its help names it."""
    for name in commands:
        assert main([name, "--help"]) == 0
        assert f" {name} " in capsys.readouterr().out.splitlines()[0]


@each
def test_the_version_is_that_of_the_installation(
    main: Main, commands: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    """A bug report can name the version."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"magic8 {version('magic8')}\n"


@pytest.mark.parametrize(
    ("main", "wrong", "meant"),
    [
        (host, "docter", "doctor"),
        (plugin, "tunne", "tune"),
        (magic8, "tikets", "tickets"),
        (magic8, "ledgr", "ledger"),
    ],
)
def test_an_unknown_command_is_answered_with_the_nearest_one(
    main: Main, wrong: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, nothing on standard output."""
    assert main([wrong]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[-1] == f"Error: No such command {wrong!r}. Did you mean {meant!r}?"
    assert "Usage: " in printed.err


@pytest.mark.parametrize("main", [plugin, magic8])
def test_without_a_command_the_help_is_shown(main: Main, capsys: pytest.CaptureFixture[str]) -> None:
    """The commands are listed on standard error and the exit code is 2."""
    assert main([]) == 2
    assert "Commands" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["gamma", "--date", "9.4.2025"], ["rehearse", "--date", "2025-02-30"]])
def test_a_text_that_is_not_a_date_is_refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The message shows the text and the format."""
    assert host(argv) == 2
    assert f"{argv[-1]!r} is not a date; write YYYY-MM-DD" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DataUnavailable("no_bars", "SPY: no bars"), 1),
        (OrderRefused("strike_count", "three strikes"), 1),
        (PluginUnavailable("ml", "no_model"), 1),
        (PublishError("the disk is full"), 1),
        (click.ClickException("nowhere.csv is not a file"), 1),
        (ConfigError(["M8C_ML_WIEGHT is unknown"]), 2),
        (click.UsageError("give either --history or --ledger"), 2),
        (AlreadyRunning("data", 42), 3),
    ],
)
def test_each_kind_of_failure_has_its_exit_code(
    error: Magic8Error | click.ClickException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 done, 1 failed or refused, 2 wrong use, 3 busy; the message goes to standard error."""

    def fail() -> int:
        raise error

    assert exit_code(fail) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.strip()


@pytest.mark.parametrize("program", ["magic8_companion.cli.main", "magic8_ml.__main__"])
def test_a_command_without_its_packages_names_the_extra(program: str) -> None:
    """As in an installation without the extra ``ml``: one sentence and exit code 1."""
    code = f"import sys; sys.modules['xgboost'] = None; from {program} import main; sys.exit(main(['train']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "train needs the package xgboost; run: pip install -e '.[ml]'\n"


def test_a_missing_module_of_our_own_is_not_blamed_on_an_extra() -> None:
    """A broken installation shows its traceback."""
    with pytest.raises(ModuleNotFoundError):
        load_command("train", CommandSource("magic8_ml.cli.absent:train", "", "ml"))


@pytest.mark.parametrize(
    ("module", "word"), [("magic8_companion.cli.main", "--help"), ("magic8_companion.__main__", "--help")]
)
def test_help_imports_nothing_heavy(module: str, word: str) -> None:
    """``magic8 --help`` reads tables of commands; no command, model or table library is imported."""
    code = (
        f"import sys; from {module} import main; code = main([{word!r}]);"
        f"print([name for name in {HEAVY} if name in sys.modules]);"
        "print(sorted(name for name in sys.modules if name.startswith('magic8_ml')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy, ours = done.stdout.splitlines()[-2:]
    assert heavy == "[]"
    assert ours in {"[]", "['magic8_ml', 'magic8_ml.cli']"}


@pytest.mark.parametrize(
    ("words", "found"), [("magic8 eval", {"evaluate", "evaluate-trades"}), ("magic8 gamma --pic", {"--picture"})]
)
def test_a_shell_completes_commands_and_options(words: str, found: set[str]) -> None:
    """The script of ``magic8 completion`` asks by these variables."""
    asked = {"_MAGIC8_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    code = "import sys; from magic8_companion.cli.main import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | asked, check=False
    )
    assert {line.partition(",")[2] for line in done.stdout.splitlines()} == found


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_names_the_program(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is what the shell's start-up file evaluates."""
    assert magic8(["completion", shell]) == 0
    assert "_MAGIC8_COMPLETE" in capsys.readouterr().out


def test_a_table_outside_a_terminal_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    """No escape codes, no trailing blanks, at most 120 columns, and no text is lost."""
    table = new_table("name", "text", "count", right=("count",))
    table.add_row("[bold]SPX", "word " * 40, "8", style="red")
    print_table(table)
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert "\x1b" not in printed
    assert all(len(line) <= 120 and line == line.rstrip() for line in lines)
    assert printed.count("word") == 40
    assert "[bold]SPX" in printed
    assert set(lines[1]) <= {"-", " "}


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


def test_the_parser_for_scripts_reads_what_the_command_reads() -> None:
    """Scripts add their own options to ``unified_main.parser()``; settings that are not given stay None."""
    from magic8_companion.unified_main import parser

    made = parser()
    made.add_argument("--own", type=int)
    given = vars(made.parse_args(["--symbols", "SPX", "--once", "--own", "8"]))
    assert {name: value for name, value in given.items() if value is not None} == {
        "supported_symbols": "SPX",
        "run_once": True,
        "own": 8,
    }


def test_one_library_reads_every_command_line() -> None:
    """No command uses argparse; none draws its own progress bar."""
    sources = Path(__file__).resolve().parents[2].glob("magic8_*/cli/*.py")
    texts = {path.name: path.read_text(encoding="utf-8") for path in sources}
    assert len(texts) > 20
    assert [name for name, text in texts.items() if "import argparse" in text or "tqdm" in text] == []


@pytest.mark.parametrize(
    ("words", "joined"),
    [
        ("--symbols SPX SPY --date D", "--symbols SPX,SPY --date D"),
        ("--symbols SPX, SPY", "--symbols SPX,SPY"),
        ("--symbols SPX,SPY", "--symbols SPX,SPY"),
        ("--once --symbols", "--once --symbols"),
        ("--symbols --once", "--symbols --once"),
        ("--date D", "--date D"),
    ],
)
def test_symbols_may_be_separate_words(words: str, joined: str) -> None:
    """The words after ``--symbols`` up to the next option are one list."""
    assert joined_symbols(words.split()) == joined.split()


def test_separate_symbols_reach_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The second word is read as a symbol, not as an argument too many."""
    assert host(["run", "--symbols", "SPX", "XXX"]) == 2
    assert "unknown XXX" in capsys.readouterr().err


def test_text_of_others_never_acts_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences in errors, lines and cells of tables are written out."""
    evil = "SPY\x1b]0;owned\x07\x9b2J\u202e"
    table = new_table("name", evil)
    table.add_row(evil, "1")
    print_table(table)
    echo(evil)
    assert report(DataUnavailable("bad_file", evil)) == FAILED
    assert report(FileRefused(Path("\x1b[2J.csv"), "is a pipe")) == FAILED
    shown = "".join(capsys.readouterr())
    assert shown.count(r"SPY\x1b]0;owned\x07\x9b2J\u202e") == 4
    assert shown.isascii()
    assert shown.replace("\n", "").isprintable()


def test_a_lack_of_memory_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback ends a command whose data do not fit."""

    def run() -> int:
        raise MemoryError

    assert exit_code(run) == FAILED
    assert capsys.readouterr().err == "this needs more memory than there is; give smaller files or fewer days\n"
