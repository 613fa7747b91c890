"""Paths and hosts mean what they say, or the start says why not, whatever way they come in."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import magic8_companion
from magic8_companion.bootstrap import standalone_host
from magic8_companion.command_line import read_path
from magic8_companion.domain.errors import ConfigError
from magic8_companion.paths import plain_text, written_path
from magic8_companion.unified_config import Settings, load_settings
from magic8_companion.unified_main import main

ROOT = Path(magic8_companion.__file__).resolve().parent.parent
PATHS = (
    *(
        "magic8_path",
        "output_dir",
        "output_file_path",
        "nonlive_output_dir",
        "replay_path",
        "kill_switch_file",
        "ml_path",
    ),
    *("ml_retrain_bars_dir", "ml_retrain_vix_file", "events_file", "log_file_path"),
)
HOSTS = ("ib_host", "yahoo_server", "discord_webhook")
LITERAL = (
    "$HOME/KILL",
    "${HOME}/KILL",
    "'KILL'",
    '"KILL"',
    "`pwd`/KILL",
    "\u201cKILL\u201d",
    " KILL",
    "KILL ",
    "KILL\n",
    "KI\0LL",
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home folder of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_every_path_and_host_setting_is_listed_here() -> None:
    """A new path setting takes part in these tests, and none is a bare path."""
    kinds = {name: str(info.annotation) for name, info in Settings.model_fields.items()}
    assert [name for name, kind in kinds.items() if "Path" in kind] == list(PATHS)
    assert [name for name in kinds if "host" in name or "server" in name or "webhook" in name] == sorted(
        HOSTS, key=list(kinds).index
    )


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("source", ["environment", "dotenv", "text", "path"])
def test_a_home_folder_is_expanded(name: str, source: str, home: Path, tmp_path: Path) -> None:
    """From environment, .env and keyword alike; the kill switch of ``~/KILL`` is the file in the home folder."""
    setting = name.upper() if name == "magic8_path" else f"M8C_{name.upper()}"
    others: dict[str, object] = {"output_dir": home} if name == "output_file_path" else {}
    others |= {"ml_retrain_bars_dir": "b", "ml_retrain_vix_file": "v"} if name.startswith("ml_retrain") else {}
    others.pop(name, None)
    if source == "dotenv":
        (tmp_path / ".env").write_text(f"{setting}=~/here\n")
    environment = {setting: "~/here"} if source == "environment" else {}
    keyword: dict[str, Any] = {"text": {name: "~/here"}, "path": {name: Path("~/here")}}.get(source, {})
    settings = load_settings(environment, others | keyword, root=tmp_path)
    assert getattr(settings, name) == home / "here"


def test_the_dotenv_of_an_expanded_root_is_read(home: Path) -> None:
    """MAGIC8_PATH=~/x finds ~/x/.env."""
    (home / "x").mkdir(parents=True)
    (home / "x" / ".env").write_text("M8C_KILL_SWITCH_FILE=~/KILL\n")
    settings = load_settings({"MAGIC8_PATH": "~/x"})
    assert (settings.magic8_path, settings.kill_switch) == (home / "x", home / "KILL")


@pytest.mark.parametrize("text", LITERAL)
@pytest.mark.parametrize("name", [*PATHS, *HOSTS])
def test_what_would_be_taken_literally_stops_the_start(name: str, text: str, tmp_path: Path) -> None:
    """One mistake that names the setting, from the environment as from a keyword."""
    setting = name.upper() if name == "magic8_path" else f"M8C_{name.upper()}"
    text = f"https://{text}" if name == "discord_webhook" and text == text.lstrip() else text
    for environment, keyword in (({setting: text}, {}), ({}, {name: text})):
        with pytest.raises(ConfigError, match=setting) as caught:
            load_settings(environment, keyword, root=tmp_path)
        assert len(caught.value.problems) <= 2  # the second: the retraining needs both of its settings


def test_one_message_lists_every_literal(tmp_path: Path) -> None:
    """All mistakes of a start stand in one message, and an older name is no way around."""
    given = {"M8C_KILL_SWITCH_FILE": "$HOME/KILL", "M8C_IB_HOST": "'127.0.0.1'", "ML_PATH": "~nosuchuser/ml"}
    with pytest.raises(ConfigError) as caught:
        load_settings(given, {"output_dir": " data"}, root=tmp_path)
    assert len(caught.value.problems) == 4
    text = str(caught.value)
    for part in ("$ is not expanded", "the quote '", "~nosuchuser is not known", "white space at its edge"):
        assert part in text


async def test_the_flags_of_the_host_are_read_like_settings(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--output-dir=~/x`` and ``--replay-dir='$X'`` do not make folders of that name."""
    monkeypatch.chdir(tmp_path)
    assert await main(["--provider", "replay", "--replay-dir", "$X", "--output-dir", "'x'"]) == 2
    said = capsys.readouterr().err
    assert "M8C_REPLAY_PATH" in said
    assert "M8C_OUTPUT_DIR" in said
    assert await main(["--provider", "replay", "--replay-dir", "~/bars", "--output-dir", "~/out"]) == 2
    assert f"{home / 'bars'} does not exist" in capsys.readouterr().err


def test_a_script_host_writes_where_its_folder_means(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A script's ``output_dir`` is read like the setting."""
    monkeypatch.chdir(tmp_path)
    assert standalone_host(output_dir=Path("~/out")).output_dir == home / "out"
    with pytest.raises(ValueError, match=r"\$ is not expanded"):
        standalone_host(output_dir=Path("$OUT"))


def test_options_of_commands_are_read_like_settings(home: Path) -> None:
    """``--out=~/bars`` is the home folder's; what a shell would have expanded is refused with a sentence."""
    assert read_path("~/bars") == home / "bars"
    assert read_path("-") == Path("-")
    for text in LITERAL:
        with pytest.raises(ValueError, match=r"remove it|write out"):
            read_path(text)


def test_no_command_takes_a_path_as_it_stands() -> None:
    """Every option that is a path goes through the same reading."""
    bare = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in ("magic8_companion", "magic8_ml", "benchmarks")
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "type" and ast.unparse(node.value) in {"Path", "click.Path()"}
    ]
    assert bare == []


def test_plain_names_stay_as_they_are() -> None:
    """White space, dots and letters of any script within a name are accepted."""
    for text in ("data/my folder/KILL", "backup~", "a/~/KILL", "d\u00e9p\u00f4t", "10.0.0.1"):
        assert plain_text(text) == text
        assert written_path(text) == Path(text)


@pytest.mark.parametrize("folder", ["o'brien", "US$ data", " edge"])
def test_a_folder_that_exists_may_have_any_name(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What exists under the odd name is meant, and so is a new file inside it; another odd name is refused."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "root" / folder).mkdir(parents=True)
    found = tmp_path / "root" / folder
    assert written_path(str(found)) == found
    assert read_path(f"{found}/new.json") == found / "new.json"
    relative = load_settings({"M8C_KILL_SWITCH_FILE": f"{folder}/KILL"}, root=tmp_path / "root")
    assert relative.kill_switch == found / "KILL"
    assert load_settings({"MAGIC8_PATH": str(found)}).kill_switch == found / "data" / "KILL"
    with pytest.raises(ValueError, match=r"\$ is not expanded"):
        written_path(f"{found}/$NEW")
