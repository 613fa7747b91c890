"""Documents that are due together: each is archived before any of them is published."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from magic8_companion.domain.errors import PublishError
from magic8_companion.publishing.archive import Archive
from magic8_companion.publishing.channel import Channel, Issue, publish_together

AT = datetime(2024, 3, 14, 15, 5, 6, tzinfo=UTC)


def test_everything_is_archived_before_anything_is_published(tmp_path: Path) -> None:
    """Whoever reads a published file finds its copy in the archive, and that of every other file of the same step."""
    public_at_archiving: list[list[str]] = []

    def link(source: Path, target: Path) -> None:
        os.link(source, target)
        public_at_archiving.append([path.name for path in tmp_path.glob("[ab].json")])

    channels = [Channel(tmp_path / f"{kind}.json", Archive(tmp_path / "kept", kind, link), 0) for kind in "ab"]
    publish_together([Issue(channel, b'{"seq": 1}', AT) for channel in channels])
    assert public_at_archiving == [[], []]
    assert [channel.seq for channel in channels] == [1, 1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json", "kept"]
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == [
        "a_20240314T150506Z_1.json",
        "b_20240314T150506Z_1.json",
    ]


def test_when_one_cannot_be_archived_none_is_published(tmp_path: Path) -> None:
    """A number that was given away outside stops the step; a new start takes it for what it was and goes on."""
    channels = [Channel(tmp_path / f"{kind}.json", Archive(tmp_path / "kept", kind), 0) for kind in "ab"]
    (tmp_path / "kept" / "b_20240314T150506Z_1.json").write_bytes(b'{"seq": 1}')
    with pytest.raises(PublishError, match="File exists"):
        publish_together([Issue(channel, b'{"seq": 1}', AT) for channel in channels])
    assert not list(tmp_path.glob("[ab].json"))
    again = [Channel(tmp_path / f"{kind}.json", Archive(tmp_path / "kept", kind), 0) for kind in "ab"]
    assert [channel.seq for channel in again] == [1, 1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json", "kept"]
