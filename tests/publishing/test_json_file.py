"""A file is replaced as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from magic8_companion.domain.errors import ConfigError, PublishError
from magic8_companion.publishing.json_file import encode, make_folder, remove_leftovers, replace_file, write_temporary


def test_a_file_is_replaced_by_another_inode(tmp_path: Path) -> None:
    """A reader that has the old file open keeps reading the old content."""
    path = tmp_path / "file.json"
    replace_file(path, b"old")
    with path.open("rb") as reader:
        replace_file(path, b"new content")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new content"
    assert [item.name for item in tmp_path.iterdir()] == ["file.json"]


def test_a_published_file_refuses_to_be_edited_in_place(tmp_path: Path) -> None:
    """The file is read-only for everybody: its archived copy shares its content."""
    path = tmp_path / "file.json"
    replace_file(path, b"{}")
    assert path.stat().st_mode & 0o222 == 0


def test_temporary_names_are_unique_and_leftovers_of_one_file_are_removed(tmp_path: Path) -> None:
    """What a killed writer left is deleted; another file's is not touched."""
    ours, theirs = tmp_path / "a.json", tmp_path / "b.json"
    left = {write_temporary(ours, b"1"), write_temporary(ours, b"2")}
    kept = write_temporary(theirs, b"3")
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
        replace_file(tmp_path / "gone" / "file.json", b"{}")


def test_what_a_failed_replacement_leaves_goes_at_the_next_start(tmp_path: Path) -> None:
    """When the name cannot be taken, what stood there stays, and the temporary file is found by its name."""
    path = tmp_path / "file.json"
    path.mkdir()
    with pytest.raises(PublishError, match="cannot be written"):
        replace_file(path, b"{}")
    remove_leftovers(path)
    assert list(tmp_path.iterdir()) == [path]
