"""A whole trading day on the real client of IB and of Yahoo, by the command that users type."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pyarrow.parquet as pq
import pytest

from magic8_companion.__main__ import main
from magic8_companion.cli.rehearse import require_packages
from magic8_companion.domain.errors import ConfigError
from magic8_companion.domain.trading_day import parse_utc
from magic8_companion.reader_kit import load
from tests.whole.runs import CHECKPOINT, FIVE_MINUTE, checkpoints, documents, run

DAY = "2025-06-26"
SYMBOLS = ("SPX", "SPY")
FEEDS = ("ib", "yahoo")
DECIDED = ["10:30 ET", "11:00 ET", "12:30 ET", "14:45 ET"]
STRIKES_EACH_SIDE = 8


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day that was rehearsed: the process, and the folder that it filled."""

    done: subprocess.CompletedProcess[str]
    folder: Path

    def decided(self) -> Iterator[dict[str, Any]]:
        """Yield the record of each symbol at each checkpoint."""
        for document in documents(self.folder, CHECKPOINT):
            if document["checkpoint_timestamp"] and parse_utc(document["timestamp"]).minute % 15 in {0, 1}:
                yield from document["recommendations"].values()


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Day]:
    """Rehearse the day on both feeds; Yahoo is played with the model that the first rehearsal has learnt."""
    home = tmp_path_factory.mktemp("rehearsals")
    few = {"M8C_CHAIN_STRIKES_EACH_SIDE": str(STRIKES_EACH_SIDE)}
    learnt = {"M8C_ML_PATH": str(home / "ib" / "learning" / "ml")}
    found = {}
    for feed, settings in (("ib", few), ("yahoo", few | learnt)):
        words = ("rehearse", "--provider", feed, "--date", DAY, "--output-dir", feed)
        done = run(home, *words, module="magic8_companion", **settings)
        found[feed] = Day(done=done, folder=home / feed)
    return found


@pytest.mark.parametrize("feed", FEEDS)
def test_every_checkpoint_and_every_slot_of_the_day_is_there(days: dict[str, Day], feed: str) -> None:
    """Four checkpoints and 72 slots (76 less the four that leave a checkpoint the field), without an error."""
    assert days[feed].done.returncode == 0, days[feed].done.stderr[-2000:]
    assert "Traceback" not in days[feed].done.stderr
    assert sorted(set(checkpoints(days[feed].folder))) == DECIDED
    slots = documents(days[feed].folder, FIVE_MINUTE)
    assert len(slots) == 72
    assert {slot["data_source"] for slot in slots} == {feed}


@pytest.mark.parametrize("feed", FEEDS)
def test_every_file_obeys_its_schema(days: dict[str, Day], feed: str) -> None:
    """All documents of the day, by an independent validator and the schema that the command prints."""
    for kind in (CHECKPOINT, FIVE_MINUTE):
        schema = orjson.loads(run(days[feed].folder, "schema", kind, module="magic8_companion").stdout)
        validator = jsonschema.validators.validator_for(schema)(schema)
        for document in documents(days[feed].folder, kind):
            validator.validate(document)


def test_the_day_on_ib_is_live_and_complete(days: dict[str, Day]) -> None:
    """Every symbol is known from live data at every checkpoint and trained slot, with ML; the gateway is content."""
    records = list(days["ib"].decided())
    assert len(records) >= len(SYMBOLS) * len(DECIDED)
    assert {(record["data_source"], record["data_status"], record["ml_status"]) for record in records} == {
        ("ib", "live", "ok")
    }
    slots = documents(days["ib"].folder, FIVE_MINUTE)
    untrained = [slot for slot in slots if "time_not_learnt" in slot["skipped"].values()]
    assert [slot["slot_time"][11:16] for slot in untrained] == ["13:35", "13:40", "19:50"]
    for slot in (slot for slot in slots if slot not in untrained):
        assert slot["skipped"] == {}
        assert set(slot["recommendations"]) == set(SYMBOLS)
    assert "rule of the gateway" not in days["ib"].done.stderr
    last = documents(days["ib"].folder, CHECKPOINT)[-1]
    assert last["connection"] == {**last["connection"], "source": "ib", "state": "connected"}


def test_real_chains_stand_behind_the_decisions(days: dict[str, Day]) -> None:
    """A chain of each symbol at each checkpoint, with quotes, Greeks and open interest; ranges come from straddles."""
    for symbol in SYMBOLS:
        table = pq.read_table(days["ib"].folder / "chains" / symbol / f"{DAY}.parquet").to_pandas()
        assert table["ts_utc"].nunique() == len(DECIDED)
        assert len(table) == len(DECIDED) * (2 * STRIKES_EACH_SIDE + 1)
        assert set(table["source"]) == {"ib"}
        assert table[["call_ask", "put_ask", "call_gamma", "put_delta", "call_oi", "put_oi"]].notna().all().all()
    assert {record["market_conditions"]["range_source"] for record in days["ib"].decided()} == {"straddle"}


def test_the_day_on_yahoo_is_late_and_says_so(days: dict[str, Day]) -> None:
    """Rules decide from delayed data; the ML refuses bars of a quarter of an hour ago; nothing is tradable."""
    records = list(days["yahoo"].decided())
    assert len(records) >= len(SYMBOLS) * len(DECIDED)
    assert {(record["data_source"], record["data_status"]) for record in records} == {("yahoo", "delayed")}
    assert not any(entry["should_trade"] for record in records for entry in record["strategies"].values())
    reasons = {reason for slot in documents(days["yahoo"].folder, FIVE_MINUTE) for reason in slot["skipped"].values()}
    assert reasons == {"no_bars_yet", "stale_bars"}
    chains = pq.read_table(days["yahoo"].folder / "chains" / "SPY" / f"{DAY}.parquet").to_pandas()
    assert chains["ts_utc"].nunique() == len(DECIDED)


@pytest.mark.parametrize("feed", FEEDS)
def test_a_rehearsal_ends_in_its_decisions(days: dict[str, Day], feed: str) -> None:
    """The output says that the market is simulated, has a row per checkpoint and symbol, and counts no messages."""
    shown = days[feed].done.stdout
    assert f"rehearsal of {feed} day {DAY}, the market is simulated, not live" in shown
    rows = [line for line in shown.splitlines() if " ET" in line]
    assert [[label for label in DECIDED if label in row] for row in rows] == [[x] for x in DECIDED for _ in SYMBOLS]
    assert shown.splitlines()[-1].startswith(f"files in {days[feed].folder}: recommendations.json")
    assert "messages" not in shown


@pytest.mark.parametrize(("feed", "package"), [("ib", "ib_async"), ("yahoo", "yfinance"), ("ib", "xgboost")])
def test_missing_packages_are_reported_with_the_command_that_installs_them(feed: str, package: str) -> None:
    """A rehearsal needs the client of its feed and the ML; one that is missing stops it before the first training."""
    require_packages(feed, "version {}".format)
    with pytest.raises(ConfigError) as caught:
        require_packages(feed, lambda name: None if name.startswith(package) else "1.0")
    assert caught.match(f"a rehearsal of {feed} needs the package {package}: pip install")


@pytest.mark.parametrize("feed", FEEDS)
def test_a_rehearsed_file_cannot_be_taken_for_a_live_one(days: dict[str, Day], feed: str) -> None:
    """It ends halted and is dated as the day that was played, so every careful reader refuses it today."""
    decision = load(days[feed].folder / "recommendations.json").is_actionable("SPY", "Butterfly")
    assert decision.reason == "halted"
    assert decision.age_s is not None
    assert decision.age_s > 86_400


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--date", "2025-12-25"), 1, "exchange holiday"),
        (("--date", "2030-12-20"), 2, "is not over"),
        (("--speed", "0"), 2, "'0' is neither max nor a number above 0"),
        (("--symbols", "ABC"), 2, "unknown ABC"),
        (("--scenario", "nowhere.toml"), 2, "nowhere.toml"),
    ],
)
def test_a_mistake_gives_one_clear_sentence(
    tmp_path: Path, words: tuple[str, ...], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code says whose mistake it is, before anything is learnt or written."""
    assert main(["rehearse", *words, "--output-dir", str(tmp_path / "out")]) == code
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
