"""A script never writes beside a host, and never blocks one."""

from __future__ import annotations

from pathlib import Path

import pytest

from magic8_companion.domain.errors import AlreadyRunning
from magic8_companion.durable import FolderLock
from magic8_companion.publishing.publisher import Publisher
from magic8_companion.publishing.script_writer import ScriptWriter
from tests.publishing.recommendation_sets import recommendation_set


def test_a_script_is_refused_while_a_host_owns_the_folder(tmp_path: Path) -> None:
    """The host's lock holds against scripts too; nothing is written."""
    with FolderLock(tmp_path), pytest.raises(AlreadyRunning):
        ScriptWriter(tmp_path).publish(recommendation_set(), {})
    assert not (tmp_path / "recommendations.json").exists()


def test_a_script_gives_the_folder_back_after_each_document(tmp_path: Path) -> None:
    """Numbers go on across scripts and hosts, and the folder is free in between."""
    assert ScriptWriter(tmp_path).publish(recommendation_set(), {}) == 1
    assert ScriptWriter(tmp_path).publish(recommendation_set(), {}) == 2
    with FolderLock(tmp_path):
        assert Publisher(tmp_path).publish(recommendation_set()) == 3
