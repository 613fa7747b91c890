"""One writer: every published document is whole, numbered, archived and journalled; start-up is recovery."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from magic8_companion.domain.errors import ConfigError, PublishError
from magic8_companion.domain.recommendation import FiveMinuteResult, RecommendationSet
from magic8_companion.journal.reader import read_records, verify
from magic8_companion.publishing.publisher import Publisher
from tests.journal.journal_records import outcome
from tests.publishing.recommendation_sets import SLOT, calm, five_minute_result, recommendation_set


def read(path: Path) -> dict[str, Any]:
    """Return a document."""
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document


def archived(folder: Path, kind: str = "recommendations") -> list[Path]:
    """Return the archived documents of a kind in the order of their numbers."""
    found = (folder / "recommendations_archive").glob(f"{kind}_2*.json")
    return sorted(found, key=lambda path: int(path.stem.rpartition("_")[2]))


def test_a_bulletin_is_published_archived_and_numbered(tmp_path: Path) -> None:
    """The file and its archived copy are the same bytes."""
    publisher = Publisher(tmp_path)
    assert [publisher.publish(recommendation_set()), publisher.publish(recommendation_set())] == [1, 2]
    published = tmp_path / "recommendations.json"
    assert read(published)["seq"] == 2
    assert [path.name for path in archived(tmp_path)] == [
        "recommendations_20240314T150506Z_1.json",
        "recommendations_20240314T150506Z_2.json",
    ]
    assert archived(tmp_path)[-1].read_bytes() == published.read_bytes()


def test_predictions_are_numbered_apart(tmp_path: Path) -> None:
    """Both kinds share folder and archive, not their numbers."""
    publisher = Publisher(tmp_path)
    publisher.publish(recommendation_set())
    assert publisher.publish(recommendation_set(), slot=five_minute_result()) == 2
    assert read(tmp_path / "ml_predictions_5min.json")["seq"] == 1
    assert len(archived(tmp_path, "ml_predictions_5min")) == 1


@pytest.mark.parametrize(
    ("one", "slot"),
    [
        (recommendation_set(merge_strategy="mix"), five_minute_result()),
        (recommendation_set(), five_minute_result(data_status="fresh")),
    ],
)
def test_a_slot_is_published_with_its_bulletin_or_not_at_all(
    tmp_path: Path, one: RecommendationSet, slot: FiveMinuteResult
) -> None:
    """When either document breaks its schema, no file is made, no number is used and nothing is journalled."""
    publisher = Publisher(tmp_path)
    with pytest.raises(PublishError):
        publisher.publish(one, slot=slot)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert publisher.publish(recommendation_set(), slot=five_minute_result()) == 1
    assert read(tmp_path / "ml_predictions_5min.json")["seq"] == 1


def test_the_published_file_may_have_another_name(tmp_path: Path) -> None:
    """The setting for the published file moves it within the folder, which is created."""
    Publisher(tmp_path, recommendations_path=tmp_path / "bots" / "latest.json").publish(recommendation_set())
    assert read(tmp_path / "bots" / "latest.json")["seq"] == 1
    assert not (tmp_path / "recommendations.json").exists()


def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    """A new publisher goes on where the last one ended."""
    Publisher(tmp_path).publish(recommendation_set())
    assert Publisher(tmp_path).publish(recommendation_set()) == 2


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"seq": "9"}', b"\xff\xfe"])
def test_a_damaged_published_file_does_not_reset_the_numbers(tmp_path: Path, damage: bytes) -> None:
    """The archive knows the last number, and gives the whole document back."""
    publisher = Publisher(tmp_path)
    for _ in range(3):
        publisher.publish(recommendation_set())
    published = tmp_path / "recommendations.json"
    published.unlink()
    published.write_bytes(damage)
    again = Publisher(tmp_path)
    assert published.read_bytes() == archived(tmp_path)[-1].read_bytes()
    assert again.publish(recommendation_set()) == 4


def test_a_lost_archive_does_not_reset_the_numbers(tmp_path: Path) -> None:
    """The published file alone also knows the last number."""
    publisher = Publisher(tmp_path)
    for _ in range(3):
        publisher.publish(recommendation_set())
    shutil.rmtree(tmp_path / "recommendations_archive")
    assert Publisher(tmp_path).publish(recommendation_set()) == 4


def test_a_kill_between_archive_and_publication_is_finished_at_the_start(tmp_path: Path) -> None:
    """The newest archived document becomes the published one, and leftovers go."""
    publisher = Publisher(tmp_path)
    publisher.publish(recommendation_set())
    first = (tmp_path / "recommendations.json").read_bytes()
    publisher.publish(recommendation_set())
    (tmp_path / "recommendations.json").unlink()
    (tmp_path / "recommendations.json").write_bytes(first)
    (tmp_path / ".recommendations.json.0123456789abcdef.tmp").write_bytes(b"half")
    Publisher(tmp_path)
    assert read(tmp_path / "recommendations.json")["seq"] == 2
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_damaged_newest_archived_document_is_not_published(tmp_path: Path) -> None:
    """What is not whole stays where it is; its number is not given again."""
    publisher = Publisher(tmp_path)
    publisher.publish(recommendation_set())
    torn = tmp_path / "recommendations_archive" / "recommendations_20240314T150507Z_2.json"
    torn.write_bytes(b'{"seq": 2')
    again = Publisher(tmp_path)
    assert read(tmp_path / "recommendations.json")["seq"] == 1
    assert again.publish(recommendation_set()) == 3


def test_an_unlawful_bulletin_publishes_nothing(tmp_path: Path) -> None:
    """A document that breaks its schema costs no number and leaves the last one standing."""
    publisher = Publisher(tmp_path)
    publisher.publish(recommendation_set())
    with pytest.raises(PublishError, match="merge_strategy"):
        publisher.publish(recommendation_set(merge_strategy="mix"))
    assert read(tmp_path / "recommendations.json")["seq"] == 1
    assert publisher.publish(recommendation_set()) == 2


def test_every_decision_is_journalled_with_its_inputs(tmp_path: Path) -> None:
    """One line per symbol: what was decided, why, from which inputs, in which document."""
    publisher = Publisher(tmp_path)
    gaps = {"IWM": "stale_bars", "RUT": "no bars"}
    publisher.publish(recommendation_set(skipped=gaps), {"SPX": "ab" * 32}, five_minute_result(), {"SPX": "cd" * 32})
    journal = tmp_path / "state" / "journal-2024-03-14.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert verify(journal) == []
    assert {(line["version"], line["kind"]) for line in lines} == {(2, "decision")}
    assert [(line["document"], line["seq"], line["symbol"], line["decision"]) for line in lines] == [
        ("ml_predictions_5min", 1, "IWM", "skipped"),
        ("ml_predictions_5min", 1, "SPX", "Butterfly"),
        ("ml_predictions_5min", 1, "SPY", "No_Trade"),
        ("recommendations", 1, "RUT", "skipped"),
        ("recommendations", 1, "SPX", "Butterfly_5min"),
        ("recommendations", 1, "SPY", "No_Trade"),
        ("recommendations", 1, "QQQ", "Iron_Condor"),
        ("recommendations", 1, "IWM", "No_Trade"),
    ]
    assert [lines[place]["inputs_sha256"] for place in (1, 4)] == ["cd" * 32, "ab" * 32]
    assert lines[5]["reason"] == "best score 40.2 is below 65"
    assert lines[4]["timestamp"] == "2024-03-14T15:05:06Z"
    for place, name in ((1, "ml_predictions_5min.json"), (4, "recommendations.json")):
        assert lines[place]["document_sha256"] == sha256((tmp_path / name).read_bytes()).hexdigest()
        assert lines[place]["recommendation"] == read(tmp_path / name)["recommendations"]["SPX"]
    assert [lines[place]["recommendation"] for place in (0, 3)] == [None, None]


def test_other_records_join_the_chain_of_the_day_of_writing(tmp_path: Path) -> None:
    """An outcome of an earlier day stands in the newest journal, behind its decisions."""
    publisher = Publisher(tmp_path)
    publisher.publish(recommendation_set())
    publisher.record([outcome(day=date(2024, 3, 13))], SLOT)
    journal = tmp_path / "state" / "journal-2024-03-14.jsonl"
    assert verify(journal) == []
    assert [record for _, record in read_records(tmp_path / "state")][-1] == outcome(day=date(2024, 3, 13))


def test_old_documents_are_pruned_by_their_own_times(tmp_path: Path) -> None:
    """With a limit of ten days the first publication of a day removes what is older."""
    publisher = Publisher(tmp_path, retention_days=10)
    for days in (0, 1, 11, 11):
        at = SLOT + timedelta(days=days)
        publisher.publish(replace(recommendation_set(), published_at=at, valid_until=at))
    assert [path.stem.split("_")[1][:8] for path in archived(tmp_path)] == ["20240315", "20240325", "20240325"]


def test_without_a_limit_everything_is_kept(tmp_path: Path) -> None:
    """Zero days means for ever."""
    publisher = Publisher(tmp_path, retention_days=0)
    for days in (0, 4000):
        at = SLOT + timedelta(days=days)
        publisher.publish(replace(recommendation_set(), published_at=at, valid_until=at))
    assert len(archived(tmp_path)) == 2


def test_a_file_in_place_of_the_folder_stops_the_start(tmp_path: Path) -> None:
    """The sentence names the folder and what to do."""
    (tmp_path / "out").write_text("")
    with pytest.raises(ConfigError, match="choose another with M8C_OUTPUT_DIR"):
        Publisher(tmp_path / "out")


def test_a_folder_that_stops_being_writable_ends_the_process_with_one_sentence(tmp_path: Path) -> None:
    """A host that cannot publish must not look alive."""
    publisher = Publisher(tmp_path / "out")
    publisher.publish(recommendation_set(recommendations={"QQQ": calm()}, skipped={}))
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "out").write_text("")
    with pytest.raises(PublishError, match="cannot be written: Not a directory"):
        publisher.publish(recommendation_set())


def test_documents_name_their_kill_file(tmp_path: Path) -> None:
    """In the folder of the document or next to it by a relative name, which no move changes; elsewhere in full."""
    folder, elsewhere = tmp_path / "data", tmp_path / "run" / "KILL"
    named = {}
    for kill_switch in (folder / "KILL", folder / "sub" / "KILL", tmp_path / "KILL", elsewhere, None):
        Publisher(folder, kill_switch=kill_switch).publish(recommendation_set())
        named[kill_switch] = read(folder / "recommendations.json")["kill_switch"]
    assert list(named.values()) == ["KILL", "sub/KILL", "../KILL", str(elsewhere), None]


def test_the_kill_file_is_named_from_the_published_file(tmp_path: Path) -> None:
    """Readers start at the folder of the file that they read, links resolved, the kill file itself not followed."""
    (tmp_path / "real").mkdir()
    (tmp_path / "data").symlink_to("real")
    (tmp_path / "real" / "KILL").symlink_to("nowhere")
    published = tmp_path / "data" / "bots" / "recommendations.json"
    Publisher(tmp_path / "real", recommendations_path=published, kill_switch=tmp_path / "data" / "KILL").publish(
        recommendation_set()
    )
    assert read(published)["kill_switch"] == "../KILL"
