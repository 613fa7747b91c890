"""One host per folder; a dead one holds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from magic8_companion.domain.errors import AlreadyRunning, ConfigError
from magic8_companion.publishing.lock import FolderLock

HOLDER = """
import sys
from pathlib import Path
from magic8_companion.publishing.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_lock_in_one_process_is_refused(tmp_path: Path) -> None:
    """The lock belongs to its object, not to the process."""
    with FolderLock(tmp_path), pytest.raises(AlreadyRunning) as refused:
        FolderLock(tmp_path)
    assert refused.value.pid == os.getpid()
    with FolderLock(tmp_path):
        assert (tmp_path / "host.lock").read_text() == str(os.getpid())


def test_a_second_host_is_told_the_first_ones_process_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    """The system gives the folder back when its owner is killed."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning, match=f"process {holder.pid} already writes into {tmp_path}"):
            FolderLock(tmp_path)
        holder.kill()
        holder.wait(timeout=10)
    FolderLock(tmp_path).release()


def test_another_folder_is_free(tmp_path: Path) -> None:
    """Two hosts may run side by side with folders of their own, which are created."""
    with FolderLock(tmp_path / "one"), FolderLock(tmp_path / "two"):
        assert (tmp_path / "one").is_dir()


def test_releasing_twice_is_harmless(tmp_path: Path) -> None:
    """A lock that was given back stays given back."""
    lock = FolderLock(tmp_path)
    lock.release()
    lock.release()
    FolderLock(tmp_path).release()


def test_an_owner_that_left_no_number_is_another_process(tmp_path: Path) -> None:
    """A lock whose file is empty still says that somebody holds it."""
    with FolderLock(tmp_path):
        os.truncate(tmp_path / "host.lock", 0)
        with pytest.raises(AlreadyRunning, match="another process already writes"):
            FolderLock(tmp_path)


@pytest.mark.parametrize("obstacle", ["out", "out/host.lock"])
def test_a_folder_that_cannot_be_locked_is_one_clear_sentence(tmp_path: Path, obstacle: str) -> None:
    """A file in place of the folder, or a folder in place of the lock, stops the start."""
    if obstacle == "out":
        (tmp_path / "out").write_text("")
    else:
        (tmp_path / obstacle).mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"out cannot be written .*; choose another with M8C_OUTPUT_DIR"):
        FolderLock(tmp_path / "out")
