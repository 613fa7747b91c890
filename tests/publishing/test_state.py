"""The host remembers its last results for the rest of the trading day, and nothing that is damaged."""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from magic8_companion.domain.errors import ConfigError
from magic8_companion.domain.recommendation import CheckpointResult, FiveMinuteResult
from magic8_companion.publishing.state import StateStore
from tests.publishing import any_recommendation_set
from tests.publishing.recommendation_sets import SLOT, checkpoint_result, five_minute_result

slow_to_build = settings(
    max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None
)


def test_both_results_are_restored_on_their_day(tmp_path: Path) -> None:
    """A restart in the same session goes on with what was known."""
    store = StateStore(tmp_path)
    store.save_checkpoint(checkpoint_result())
    store.save_five_minute(five_minute_result())
    again = StateStore(tmp_path)
    later = SLOT + timedelta(hours=2)
    assert again.load_checkpoint(later) == checkpoint_result()
    assert again.load_five_minute(later) == five_minute_result()


def test_nothing_is_remembered_at_first(tmp_path: Path) -> None:
    """An empty folder has no state."""
    store = StateStore(tmp_path)
    assert store.load_checkpoint(SLOT) is None
    assert store.load_five_minute(SLOT) is None


def test_another_trading_day_begins_without_state(tmp_path: Path) -> None:
    """The day is New York's: the UTC evening belongs to it, the next morning does not."""
    store = StateStore(tmp_path)
    store.save_checkpoint(checkpoint_result())
    store.save_five_minute(five_minute_result())
    assert store.load_checkpoint(SLOT + timedelta(hours=12)) is not None
    assert store.load_checkpoint(SLOT + timedelta(hours=13)) is None
    assert store.load_five_minute(SLOT + timedelta(hours=13)) is None


def test_a_clock_that_is_behind_the_state_does_not_get_it(tmp_path: Path) -> None:
    """A second replay of the day cannot look into the afternoon of the first one."""
    store = StateStore(tmp_path)
    store.save_checkpoint(checkpoint_result())
    store.save_five_minute(five_minute_result())
    assert store.load_checkpoint(SLOT - timedelta(minutes=6)) is None
    assert store.load_five_minute(SLOT) is None


def test_damage_is_no_state_and_no_exception(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Any changed, lost or added byte of the value makes the file count as damaged, with a logged reason."""
    store = StateStore(tmp_path)
    store.save_checkpoint(checkpoint_result())
    path = tmp_path / "state" / "checkpoint.json"
    whole = path.read_bytes()
    path.unlink()
    dice = random.Random(8)
    for _ in range(300):
        place = dice.randrange(len(whole) - 1)
        damaged = dice.choice((whole[:place], whole[:place] + b"7" + whole[place:], whole.replace(b"71.4", b"99.4")))
        path.write_bytes(damaged)
        assert store.load_checkpoint(SLOT) in (None, checkpoint_result())
        assert store.load_checkpoint(SLOT) is None or damaged == whole
    assert "State not restored: the file is damaged" in caplog.text


@pytest.mark.parametrize("content", [b"[]", b"{}", b"null", b'{"format": "1.0"}', b'{"format": "2.0", "value": {}}'])
def test_a_foreign_file_is_no_state(tmp_path: Path, content: bytes) -> None:
    """JSON of another meaning is not taken for ours."""
    store = StateStore(tmp_path)
    (tmp_path / "state" / "five_minute.json").write_bytes(content)
    assert store.load_five_minute(SLOT) is None


def test_a_hash_that_fits_does_not_help_a_value_that_does_not(tmp_path: Path) -> None:
    """A checkpoint in the place of a 5-minute result is not restored."""
    store = StateStore(tmp_path)
    store.save_checkpoint(checkpoint_result())
    (tmp_path / "state" / "checkpoint.json").rename(tmp_path / "state" / "five_minute.json")
    assert store.load_five_minute(SLOT + timedelta(hours=1)) is None


def test_a_killed_writers_leftover_is_removed(tmp_path: Path) -> None:
    """Start-up cleans the folder of half-written state."""
    StateStore(tmp_path)
    (tmp_path / "state" / ".checkpoint.json.0123456789abcdef.tmp").touch()
    StateStore(tmp_path)
    assert list((tmp_path / "state").iterdir()) == []


def test_a_file_in_place_of_the_folder_stops_the_start(tmp_path: Path) -> None:
    """The sentence names the folder and what to do."""
    (tmp_path / "state").write_text("")
    with pytest.raises(ConfigError, match="choose another with M8C_OUTPUT_DIR"):
        StateStore(tmp_path)


@slow_to_build
@given(any_recommendation_set.checkpoint_results())
def test_any_checkpoint_comes_back_equal(result: CheckpointResult) -> None:
    """No number, text or time is lost on the way through the file."""
    with tempfile.TemporaryDirectory() as folder:
        store = StateStore(Path(folder))
        store.save_checkpoint(result)
        assert store.load_checkpoint(result.checkpoint_at) == result


@slow_to_build
@given(any_recommendation_set.five_minute_results())
def test_any_5_minute_result_comes_back_equal(result: FiveMinuteResult) -> None:
    """No number, text or time is lost on the way through the file."""
    with tempfile.TemporaryDirectory() as folder:
        store = StateStore(Path(folder))
        store.save_five_minute(replace(result))
        assert store.load_five_minute(result.published_at) == result
