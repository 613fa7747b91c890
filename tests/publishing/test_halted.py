"""Heartbeats, and the halted document that comes when nothing else can be written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from magic8_companion.domain.errors import PublishError
from magic8_companion.domain.recommendation import RecommendationSet
from magic8_companion.durable import FolderLock
from magic8_companion.publishing.publisher import Publisher
from magic8_companion.publishing.seal import is_sealed
from tests.publishing.full_disk import full_disk
from tests.publishing.recommendation_sets import SLOT, quiet, recommendation_set

LATER = SLOT + timedelta(minutes=1)
UNTIL = LATER + timedelta(seconds=60)


def halted_set() -> RecommendationSet:
    """Return what a host keeps ready: nothing tradable."""
    return replace(recommendation_set(), recommendations={"SPY": quiet()}, skipped={}, halt_reason="cannot_publish")


def document(folder: Path) -> dict[str, Any]:
    """Return the published document."""
    data = (folder / "recommendations.json").read_bytes()
    assert is_sealed(data)
    loaded: dict[str, Any] = json.loads(data)
    return loaded


def files(folder: Path) -> set[str]:
    """Return the paths of all files in the folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    """Return a publisher with a halted document ready and one document published."""
    with FolderLock(tmp_path) as lock:
        publisher = Publisher(tmp_path, lock=lock)
        publisher.keep_halted(halted_set())
        publisher.publish(recommendation_set())
        yield publisher


def test_a_heartbeat_changes_times_number_and_hash_alone(publisher: Publisher, tmp_path: Path) -> None:
    """All else stays; journal and archive do not grow."""
    before, journal = document(tmp_path), (tmp_path / "state/journal-2024-03-14.jsonl").read_bytes()
    listed = files(tmp_path)
    assert [publisher.heartbeat(LATER, UNTIL), publisher.heartbeat(LATER, UNTIL)] == [2, 3]
    after = document(tmp_path)
    assert {key for key in after if after[key] != before[key]} == {"content_hash", "seq", "timestamp", "valid_until"}
    assert list(after) == list(before)
    assert (after["timestamp"], after["valid_until"]) == ("2024-03-14T15:06:00Z", "2024-03-14T15:07:00Z")
    assert files(tmp_path) == listed
    assert (tmp_path / "state/journal-2024-03-14.jsonl").read_bytes() == journal


def test_numbers_go_on_after_heartbeats_and_a_restart(publisher: Publisher, tmp_path: Path) -> None:
    """The published file knows the last number; when it is lost, the next number is above all that were published."""
    publisher.heartbeat(LATER, UNTIL)
    assert Publisher(tmp_path).publish(recommendation_set()) == 3
    (tmp_path / "recommendations.json").unlink()
    assert Publisher(tmp_path).publish(recommendation_set()) > 3


@pytest.mark.parametrize("what", ["document", "heartbeat"])
def test_on_a_full_disk_the_halted_document_takes_the_name(publisher: Publisher, tmp_path: Path, what: str) -> None:
    """It needs no space, its number is above all others, and a restart goes on from there."""
    with full_disk():
        with pytest.raises(PublishError, match="cannot be written: File too large"):
            publisher.publish(recommendation_set()) if what == "document" else publisher.heartbeat(LATER, UNTIL)
        publisher.halt()
    halted = document(tmp_path)
    assert (halted["halt_reason"], halted["seq"] > 1000) == ("cannot_publish", True)

    again = Publisher(tmp_path)
    assert document(tmp_path) == halted, "an archived document does not come back over it"
    assert again.publish(recommendation_set()) == halted["seq"] + 1


def test_the_halted_document_stands_over_one_that_was_archived_and_not_published(tmp_path: Path) -> None:
    """Neither this host nor the next one finishes the publication that failed."""
    publisher = Publisher(tmp_path, recommendations_path=tmp_path / "bots" / "latest.json")
    publisher.keep_halted(halted_set())
    published = tmp_path / "bots" / "latest.json"
    published.mkdir()  # nothing can take this name
    with pytest.raises(PublishError, match="Is a directory"):
        publisher.publish(recommendation_set())
    assert len(list((tmp_path / "recommendations_archive").iterdir())) == 1
    published.rmdir()
    publisher.halt()
    Publisher(tmp_path, recommendations_path=published)
    assert json.loads(published.read_bytes())["halt_reason"] == "cannot_publish"


def test_without_a_halted_document_the_file_is_removed(publisher: Publisher, tmp_path: Path) -> None:
    """When it was deleted: every reader that fails closed refuses a missing file."""
    (tmp_path / "state" / "halted.json").unlink()
    publisher.halt()
    assert not (tmp_path / "recommendations.json").exists()


def test_a_second_failure_changes_nothing(publisher: Publisher, tmp_path: Path) -> None:
    """The halted document stays, whatever fails afterwards."""
    publisher.halt()
    publisher.halt()
    assert document(tmp_path)["halt_reason"] == "cannot_publish"


def test_scripts_and_hosts_that_keep_none_withdraw_nothing(tmp_path: Path) -> None:
    """Without a halted document ready there is nothing to do."""
    publisher = Publisher(tmp_path)
    publisher.publish(recommendation_set())
    publisher.halt()
    assert document(tmp_path)["halt_reason"] is None


def test_a_halted_document_is_renewed_before_its_number_is_reached(publisher: Publisher, tmp_path: Path) -> None:
    """However long a host runs, the number of its halted document stays ahead."""
    ready = tmp_path / "state" / "halted.json"
    first = json.loads(ready.read_bytes())["seq"]
    numbers = [publisher.heartbeat(LATER, UNTIL) for _ in range(3)]
    assert json.loads(ready.read_bytes())["seq"] == first
    assert max(numbers) < first

    publisher = Publisher(tmp_path)
    (tmp_path / "recommendations.json").unlink()  # the numbers go on from the halted document's
    publisher = Publisher(tmp_path)
    publisher.keep_halted(halted_set())
    assert json.loads(ready.read_bytes())["seq"] > publisher.publish(recommendation_set()) > first


def test_a_host_that_lost_its_folder_leaves_the_file_alone(tmp_path: Path) -> None:
    """Another host may publish there: the one that lost it neither publishes nor halts."""
    folder = tmp_path / "out"
    with FolderLock(folder) as lock:
        publisher = Publisher(folder, lock=lock)
        publisher.keep_halted(halted_set())
        publisher.publish(recommendation_set())
        shutil.copytree(folder, tmp_path / "copy")
        folder.rename(tmp_path / "moved")
        (tmp_path / "copy").rename(folder)
        before = (folder / "recommendations.json").read_bytes()
        for work in (lambda: publisher.publish(recommendation_set()), lambda: publisher.heartbeat(LATER, UNTIL)):
            with pytest.raises(PublishError, match="replaced"):
                work()
        publisher.halt()
        assert (folder / "recommendations.json").read_bytes() == before
