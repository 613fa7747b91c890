"""A kill file refuses at the very next question, whether or not the host still writes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from magic8_companion.publishing.documents import recommendations_document
from magic8_companion.reader_kit import load
from tests.publishing.recommendation_sets import SLOT, recommendation_set
from tests.reader_kit.sealing import sealed_text

NOW = SLOT + timedelta(seconds=36)

WAYS: dict[str, Callable[[Path], object]] = {
    "file": Path.touch,
    "folder": Path.mkdir,
    "dangling link": lambda path: path.symlink_to("nowhere"),
    "link to itself": lambda path: path.symlink_to(path.name),
}


def published(folder: Path, kill_switch: Any = None) -> Path:
    """Write a document that approves an Iron Condor in QQQ."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "recommendations.json"
    path.write_bytes(sealed_text({**recommendations_document(recommendation_set(), 20), "kill_switch": kill_switch}))
    return path


def reason(path: Any, **options: Any) -> str:
    """Ask a reader who sees the document for the first time."""
    return load(path, **options).is_actionable("QQQ", "Iron Condor", NOW).reason


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("named", ["own folder", "relative", "absolute", "option"])
def test_each_kill_file_refuses_at_the_next_question(tmp_path: Path, named: str, way: str) -> None:
    """The document did not change: the same reader is told halted once the file is there, and ok once it is gone."""
    place = tmp_path / "data" / "KILL" if named == "own folder" else tmp_path / "STOP"
    in_document = {"relative": "../STOP", "absolute": str(place)}.get(named)
    options = {"kill_switch": place} if named == "option" else {}
    document = load(published(tmp_path / "data", in_document), **options)
    assert document.is_actionable("QQQ", "Iron Condor", NOW)
    WAYS[way](place)
    decision = document.is_actionable("QQQ", "Iron Condor", NOW)
    assert (bool(decision), decision.reason, decision.seq) == (False, "halted", 20)
    place.rmdir() if way == "folder" else place.unlink()
    assert document.is_actionable("QQQ", "Iron Condor", NOW)


def test_a_document_that_lost_its_kill_file_is_halted(tmp_path: Path) -> None:
    """Each document of 1.1 names a kill file or null: without the key a file that is set may be overlooked."""
    path = published(tmp_path)
    assert reason(path) == "ok"
    path.write_bytes(
        sealed_text({key: value for key, value in json.loads(path.read_text()).items() if key != "kill_switch"})
    )
    assert reason(path) == "halted"


def test_a_document_of_1_0_is_stopped_by_its_own_folder(tmp_path: Path) -> None:
    """Files of schema 1.0 name no kill file; the one in their folder counts."""
    path = tmp_path / "recommendations.json"
    path.write_bytes(Path(__file__).with_name("recommendations_1_0.json").read_bytes())
    assert reason(path, allow_unsealed=True) == "ok"
    (tmp_path / "KILL").touch()
    assert reason(path, allow_unsealed=True) == "halted"


@pytest.mark.parametrize("named", [1, True, ["KILL"], {}, "", "KI\0LL", "recommendations.json/KILL", "K" * 300])
def test_a_kill_file_that_cannot_be_looked_at_refuses(tmp_path: Path, named: Any) -> None:
    """What is no path, or no path that the system can look at, counts as set."""
    assert reason(published(tmp_path, named)) == "halted"


@pytest.mark.parametrize(
    "own", [1, b"KILL", [], "", " ", "$HOME/KILL", "'KILL'", '"KILL"', "KILL ", " KILL", "~nosuchuser/KILL", "KI\0LL"]
)
def test_an_option_that_names_no_file_refuses_everything(tmp_path: Path, own: Any) -> None:
    """A text that a shell would have expanded or stripped is no kill file that could ever appear."""
    assert reason(published(tmp_path), kill_switch=own) == "halted"


def test_the_option_knows_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``~/KILL`` is the file in the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    path = published(tmp_path / "data")
    assert reason(path, kill_switch="~/KILL") == "ok"
    (tmp_path / "KILL").touch()
    assert reason(path, kill_switch="~/KILL") == "halted"


@pytest.mark.parametrize("folder", ["o'brien", "US$ data"])
def test_a_kill_file_in_a_folder_that_exists_may_have_any_path(tmp_path: Path, folder: str) -> None:
    """The folder's own quote or dollar is meant; one in the name of the file is still refused."""
    path = published(tmp_path / "data")
    (tmp_path / folder).mkdir()
    own = tmp_path / folder / "KILL"
    assert reason(path, kill_switch=own) == "ok"
    assert reason(path, kill_switch=own.with_name("$KILL")) == "halted"
    assert reason(path, kill_switch=tmp_path / "no'where" / "KILL") == "halted"
    own.touch()
    assert reason(path, kill_switch=own) == "halted"


def test_a_linked_document_is_stopped_in_both_folders(tmp_path: Path) -> None:
    """A bot that reads through a link is stopped by the kill file of the link's folder and of the file's."""
    real = published(tmp_path / "data", "KILL")
    (tmp_path / "bot").mkdir()
    link = tmp_path / "bot" / "recommendations.json"
    link.symlink_to(real)
    assert reason(link) == "ok"
    for folder in ("data", "bot"):
        (tmp_path / folder / "KILL").touch()
        assert reason(link) == "halted"
        (tmp_path / folder / "KILL").unlink()


def test_a_bare_file_name_is_looked_at_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path without folder has one nevertheless."""
    monkeypatch.chdir(tmp_path)
    path = published(tmp_path, "KILL").name
    assert reason(path) == "ok"
    (tmp_path / "KILL").touch()
    assert reason(path) == "halted"
    assert reason(os.fsencode(path)) == "halted"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_forbidden_folder_refuses(tmp_path: Path) -> None:
    """A folder that the bot may not enter counts as set."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    assert reason(published(tmp_path / "data", str(closed / "KILL"))) == "halted"
    closed.chmod(0o700)
