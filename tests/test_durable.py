"""A file is replaced as a whole or not at all, and one process holds a folder."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from magic8_companion.domain.errors import AlreadyRunning, ConfigError, PublishError
from magic8_companion.durable import (
    FolderLock,
    append_line,
    encode,
    locked,
    make_folder,
    publish_file,
    remove_leftovers,
    replace_file,
    write_temporary,
)

HOLDER = """
import sys
from pathlib import Path
from magic8_companion.durable import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_file_is_replaced_by_another_inode(tmp_path: Path) -> None:
    """A reader that has the old file open keeps reading the old content."""
    path = tmp_path / "file.json"
    publish_file(path, b"old")
    with path.open("rb") as reader:
        publish_file(path, b"new content")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new content"
    assert [item.name for item in tmp_path.iterdir()] == ["file.json"]


def test_a_published_file_refuses_to_be_edited_in_place(tmp_path: Path) -> None:
    """The file is read-only for everybody: its archived copy shares its content."""
    path = tmp_path / "file.json"
    publish_file(path, b"{}")
    assert path.stat().st_mode & 0o222 == 0


def test_temporary_names_are_unique_and_leftovers_of_one_file_are_removed(tmp_path: Path) -> None:
    """What a killed writer left is deleted; another file's is not touched."""
    ours, theirs = tmp_path / "a.json", tmp_path / "b.json"
    left = {write_temporary(ours, b"1", read_only=True), write_temporary(ours, b"2", read_only=True)}
    kept = write_temporary(theirs, b"3", read_only=True)
    assert len(left) == 2
    remove_leftovers(ours)
    assert list(tmp_path.iterdir()) == [kept]


@pytest.mark.parametrize("unwritable", [{"text": "\ud800"}, {"count": 2**70}, {"when": object()}, {1: "number as key"}])
def test_what_is_not_json_is_a_publish_error(unwritable: object) -> None:
    """A value that no reader could parse is refused with one sentence."""
    with pytest.raises(PublishError, match="cannot be written as JSON"):
        encode(unwritable)


def test_a_file_where_the_folder_should_be_is_one_clear_sentence(tmp_path: Path) -> None:
    """The message names the folder, the reason and the setting."""
    (tmp_path / "out").write_text("")
    with pytest.raises(ConfigError, match=r"out cannot be written \(File exists\); choose another with M8C_OUTPUT_DIR"):
        make_folder(tmp_path / "out")


def test_a_folder_that_vanished_is_a_publish_error(tmp_path: Path) -> None:
    """A failed write names the file."""
    with pytest.raises(PublishError, match=r"gone.file\.json cannot be written: No such file"):
        publish_file(tmp_path / "gone" / "file.json", b"{}")


def test_what_a_failed_replacement_leaves_goes_at_the_next_start(tmp_path: Path) -> None:
    """When the name cannot be taken, what stood there stays, and the temporary file is found by its name."""
    path = tmp_path / "file.json"
    path.mkdir()
    with pytest.raises(PublishError, match="cannot be written"):
        publish_file(path, b"{}")
    remove_leftovers(path)
    assert list(tmp_path.iterdir()) == [path]


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
    with FolderLock(tmp_path) as again:
        again.require_held()
        assert (tmp_path / "host.lock").read_text() == str(os.getpid())
    assert (tmp_path / "host.lock").read_text() == ""


def test_an_owner_that_left_no_number_is_another_process(tmp_path: Path) -> None:
    """A lock whose file is empty still says that somebody holds it."""
    with FolderLock(tmp_path):
        os.truncate(tmp_path / "host.lock", 0)
        with pytest.raises(AlreadyRunning, match="another process already writes"):
            FolderLock(tmp_path)


def test_removing_the_lock_file_lets_no_second_host_in(tmp_path: Path) -> None:
    """The lock is on the folder; the first host goes on."""
    with FolderLock(tmp_path) as lock:
        (tmp_path / "host.lock").unlink()
        with pytest.raises(AlreadyRunning, match="another process already writes"):
            FolderLock(tmp_path)
        lock.require_held()


def test_a_folder_that_was_replaced_is_no_longer_held(tmp_path: Path) -> None:
    """A host whose folder was moved away must not write into the new folder of that name."""
    folder, moved = tmp_path / "out", tmp_path / "moved"
    with FolderLock(folder) as lock:
        folder.rename(moved)
        with pytest.raises(PublishError, match="out cannot be written"):
            lock.require_held()
        folder.mkdir()
        with pytest.raises(PublishError, match="out was replaced while this host held it"):
            lock.require_held()
        FolderLock(folder).release()


def test_a_lock_file_is_watched_where_folders_cannot_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On such a file system the lock file takes the folder's place."""
    real = fcntl.flock

    def flock_of_files(descriptor: int, operation: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EBADF, "Bad file descriptor")
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock_of_files)
    with FolderLock(tmp_path) as lock:
        lock.require_held()
        with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
            FolderLock(tmp_path)
        (tmp_path / "host.lock").unlink()
        with pytest.raises(PublishError, match=r"host\.lock cannot be written"):
            lock.require_held()


@pytest.mark.parametrize("obstacle", ["out", "out/host.lock"])
def test_a_folder_that_cannot_be_locked_is_one_clear_sentence(tmp_path: Path, obstacle: str) -> None:
    """A file in place of the folder, or a folder in place of the lock, stops the start."""
    if obstacle == "out":
        (tmp_path / "out").write_text("")
    else:
        (tmp_path / obstacle).mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"out cannot be written .*; choose another with M8C_OUTPUT_DIR"):
        FolderLock(tmp_path / "out")


def test_an_incomplete_line_is_ended_before_the_next_one(tmp_path: Path) -> None:
    """A killed writer damages its own line only."""
    path = tmp_path / "lines.jsonl"
    append_line(path, b"one")
    path.write_bytes(path.read_bytes() + b"tw")
    append_line(path, b"three")
    assert path.read_bytes() == b"one\ntw\nthree\n"


def test_a_lock_file_has_one_holder(tmp_path: Path) -> None:
    """Without waiting a second holder fails; after the release the lock is free."""
    with locked(tmp_path / "lock"), pytest.raises(BlockingIOError), locked(tmp_path / "lock", wait=False):
        pass
    with locked(tmp_path / "lock", wait=False):
        pass


def test_a_failed_replacement_leaves_no_temporary_file(tmp_path: Path) -> None:
    """The old content stays, and nothing else is in the folder."""
    path = tmp_path / "file.json"
    path.mkdir()
    with pytest.raises(OSError, match=r"file\.json"):
        replace_file(path, b"{}")
    assert list(tmp_path.iterdir()) == [path]
