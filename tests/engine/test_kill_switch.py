"""The kill switch is set by anything at its path, and by whatever keeps the host from looking."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from magic8_companion.engine.kill_switch import why_set


def test_only_plain_absence_is_off(tmp_path: Path) -> None:
    """A missing file or folder is off; a file, a folder and a link, also a dangling one, are on."""
    assert why_set(tmp_path / "KILL") is None
    assert why_set(tmp_path / "nowhere" / "KILL") is None
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    assert [why_set(tmp_path / name) for name in ("file", "folder", "link", "loop")] == [
        f"{tmp_path / name} exists" for name in ("file", "folder", "link", "loop")
    ]


def test_what_cannot_be_looked_at_is_on(tmp_path: Path) -> None:
    """A parent that is a file, a name that is too long or holds NUL: the error is the reason."""
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "KILL", tmp_path / ("K" * 300), tmp_path / "KI\0LL"):
        assert "cannot be looked at" in str(why_set(path))


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_forbidden_folder_is_on(tmp_path: Path) -> None:
    """A folder that this user may not enter counts as set."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o000)
    assert "Permission denied" in str(why_set(folder / "KILL"))
    folder.chmod(0o700)
