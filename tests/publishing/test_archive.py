"""The archive holds every document under its stamp and number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from magic8_companion.domain.errors import PublishError
from magic8_companion.publishing.archive import Archive

AT = datetime(2024, 3, 14, 15, 5, 6, 250_000, tzinfo=UTC)


def written(folder: Path, content: str = "{}") -> Path:
    """Return a file that waits to be archived."""
    path = folder / "waiting.tmp"
    path.write_text(content)
    return path


def test_a_document_is_named_by_kind_stamp_and_number(tmp_path: Path) -> None:
    """The flat name is what reports and operators look for."""
    archive = Archive(tmp_path / "archive", "ml_predictions_5min")
    archive.add(written(tmp_path), AT, 42)
    assert [path.name for path in (tmp_path / "archive").iterdir()] == ["ml_predictions_5min_20240314T150506Z_42.json"]


def test_a_file_system_without_links_gets_a_copy(tmp_path: Path) -> None:
    """The archive works where a file can have only one name."""

    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    archive = Archive(tmp_path / "archive", "recommendations", link=refuse)
    waiting = written(tmp_path, "content")
    archive.add(waiting, AT, 1)
    assert archive.path_of(AT, 1).read_text() == "content"
    assert archive.path_of(AT, 1).stat().st_ino != waiting.stat().st_ino


def test_an_archived_document_is_never_overwritten(tmp_path: Path) -> None:
    """A number that is given twice is an error, not a loss."""
    archive = Archive(tmp_path / "archive", "recommendations")
    archive.add(written(tmp_path, "first"), AT, 1)
    with pytest.raises(PublishError, match="File exists"):
        archive.add(written(tmp_path / "archive", "second"), AT, 1)
    assert archive.path_of(AT, 1).read_text() == "first"


def test_the_newest_document_is_the_one_with_the_highest_number(tmp_path: Path) -> None:
    """A replay of an earlier day after a later one does not confuse the order; foreign files do not either."""
    archive = Archive(tmp_path / "archive", "recommendations")
    archive.add(written(tmp_path), AT, 9)
    archive.add(written(tmp_path), AT - timedelta(days=100), 10)
    for foreign in ("recommendations_20240314T150506Z_x.json", "ml_predictions_5min_20240314T150506Z_99.json", "n.txt"):
        (tmp_path / "archive" / foreign).touch()
    newest = archive.newest()
    assert newest is not None
    assert (newest.seq, newest.stamp) == (10, "20231205T150506Z")


def test_an_empty_archive_has_no_newest_document(tmp_path: Path) -> None:
    """A first start finds nothing."""
    assert Archive(tmp_path / "archive", "recommendations").newest() is None


def test_pruning_spares_the_newest_document_and_the_other_kind(tmp_path: Path) -> None:
    """Old documents go, but never the one that holds the last number."""
    archive = Archive(tmp_path / "archive", "recommendations")
    other = Archive(tmp_path / "archive", "ml_predictions_5min")
    other.add(written(tmp_path), AT - timedelta(days=50), 1)
    for seq, age in ((1, 30), (2, 20), (3, 25)):
        archive.add(written(tmp_path), AT - timedelta(days=age), seq)
    assert archive.prune(AT - timedelta(days=10)) == 2
    kept = archive.newest()
    assert kept is not None
    assert kept.seq == 3
    assert archive.prune(AT) == 0
    assert other.newest() is not None


def test_a_copy_that_a_kill_cut_short_is_swept_at_the_start(tmp_path: Path) -> None:
    """The temporary files of this kind go; those of the other kind are not touched."""
    for kind in ("recommendations", "ml_predictions_5min"):
        (tmp_path / f".{kind}_20240314T150506Z_1.json.0123456789abcdef.tmp").touch()
    Archive(tmp_path, "recommendations")
    assert [path.name for path in tmp_path.iterdir()] == [
        ".ml_predictions_5min_20240314T150506Z_1.json.0123456789abcdef.tmp"
    ]
