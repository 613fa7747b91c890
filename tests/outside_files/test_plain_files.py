"""Files of others: only plain files of a bounded size are opened."""

from __future__ import annotations

import os
import socket
from copy import copy
from pathlib import Path

import pytest

from magic8_companion.outside_files.plain_files import FileRefused, bounded, opened, read_bytes


def test_a_plain_file_is_read_whole(tmp_path: Path) -> None:
    """A plain file up to the limit is read; one byte more is refused."""
    file = tmp_path / "a.csv"
    file.write_bytes(b"12345")
    assert read_bytes(file, max_bytes=5) == b"12345"
    with pytest.raises(FileRefused, match=r"a\.csv is larger than 4 bytes; split it or remove it"):
        read_bytes(file, max_bytes=4)


def test_a_pipe_does_not_block_the_reader(tmp_path: Path) -> None:
    """A FIFO that has no writer is refused at once."""
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(FileRefused, match=r"a\.csv is a pipe, not a plain file; remove it"):
        read_bytes(tmp_path / "a.csv")


def test_an_endless_device_is_refused_behind_a_link(tmp_path: Path) -> None:
    """A link to a device is not read."""
    (tmp_path / "a.csv").symlink_to("/dev/zero")
    with pytest.raises(FileRefused, match="is a device"):
        read_bytes(tmp_path / "a.csv")


def test_sockets_and_folders_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no file is named by its kind."""
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.csv")
        with pytest.raises(FileRefused, match=r"s.csv is a socket"):
            read_bytes(Path("s.csv"))
    with pytest.raises(FileRefused, match="is a folder"):
        read_bytes(tmp_path)


def test_a_link_to_nothing_is_refused_and_a_missing_file_is_missing(tmp_path: Path) -> None:
    """Callers that handle a missing file do not take a dangling link for one."""
    (tmp_path / "a.csv").symlink_to("gone.csv")
    with pytest.raises(FileRefused, match="is a link to nothing; remove it"):
        read_bytes(tmp_path / "a.csv")
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "gone.csv")


def test_a_link_out_of_a_data_folder_is_refused(tmp_path: Path) -> None:
    """A link in a data folder may lead to another file in it, not out of it."""
    folder, secret = tmp_path / "bars", tmp_path / "secret"
    folder.mkdir()
    secret.write_bytes(b"key")
    (folder / "real.csv").write_bytes(b"bars")
    (folder / "out.csv").symlink_to(secret)
    (folder / "in.csv").symlink_to("real.csv")
    assert read_bytes(folder / "in.csv", within=folder) == b"bars"
    with pytest.raises(FileRefused, match=r"out\.csv is a link out of its folder"):
        read_bytes(folder / "out.csv", within=folder)
    assert read_bytes(folder / "out.csv") == b"key"


def test_a_refusal_passes_from_process_to_process(tmp_path: Path) -> None:
    """A worker's refusal arrives with path and reason."""
    refused = copy(FileRefused(tmp_path / "a.csv", "is a pipe"))  # by the protocol that workers use
    assert (type(refused), str(refused)) == (FileRefused, f"{tmp_path / 'a.csv'} is a pipe")


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (MemoryError(), "does not fit into memory"),
        (OverflowError("int too large to convert"), "holds a number beyond 64 bits"),
        (RecursionError(), "is nested too deeply"),
    ],
)
def test_what_overflows_while_reading_names_the_file(tmp_path: Path, raised: Exception, words: str) -> None:
    """Memory, 64 bits and nesting end in one sentence that names the file."""
    file = tmp_path / "a.json"
    file.write_bytes(b"{}")
    with pytest.raises(FileRefused, match=f"a.json {words}"), opened(file):
        raise raised
    with pytest.raises(FileRefused, match=f"a.json {words}"), bounded(file):
        raise raised
