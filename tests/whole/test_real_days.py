"""The same command on real SPY and QQQ bars: train, replay, repeat."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from magic8_companion.domain.trading_day import new_york_label
from tests.real_data import real_data_dir
from tests.whole.runs import CHECKPOINT, FIVE_MINUTE, archive, checkpoints, documents, run
from tests.whole.sides import contradictions, entries

pytestmark = pytest.mark.real_data

ML = {"M8C_ENABLE_ML_INTEGRATION": "true", "M8C_ENABLE_ML_5MIN": "true"}
VIX = "vix_daily_1990-2021_2024-2025-08.parquet"


def train(folder: Path, last_day: str) -> Path:
    """Train on the real bars up to ``last_day`` and return the model's folder."""
    data = real_data_dir()
    out = folder / "ml"
    words = ["--bars-dir", str(data), "--vix", str(data / VIX), "--symbols", "SPY,QQQ", "--end-date", last_day]
    done = run(folder, "train", *words, "--start-date", "2019-06-03", "--out", str(out), module="magic8_ml")
    assert done.returncode == 0, done.stderr
    return out


def replay(folder: Path, day: str, model: Path, output: str) -> Path:
    """Replay a real day and return its output folder."""
    words = ["--provider", "replay", "--date", day, "--replay-dir", str(real_data_dir()), "--symbols", "SPY,QQQ"]
    done = run(folder, *words, "--output-dir", output, **ML, M8C_ML_PATH=str(model))
    assert done.returncode == 0, done.stderr
    return folder / output


@pytest.fixture(scope="module")
def april(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Train to March 2025 and replay 2025-04-09 twice."""
    real_data_dir()
    folder = tmp_path_factory.mktemp("april")
    model = train(folder, "2025-03-31")
    return replay(folder, "2025-04-09", model, "first"), replay(folder, "2025-04-09", model, "second")


def test_a_real_day_has_every_checkpoint_and_slot(april: tuple[Path, Path]) -> None:
    """2025-04-09: four checkpoints and 72 slots, both symbols with real predictions in each from 09:45 to 15:45."""
    output, _ = april
    assert sorted(checkpoints(output)) == ["10:30 ET", "11:00 ET", "12:30 ET", "14:45 ET"]
    slots = documents(output, FIVE_MINUTE)
    assert len(slots) == 72
    answered = [slot for slot in slots if set(slot["recommendations"]) == {"SPY", "QQQ"}]
    assert len(answered) == 69
    assert [slot["timestamp"][11:16] for slot in slots if slot not in answered] == ["13:35", "13:40", "19:50"]


def test_no_replayed_document_contradicts_itself_about_a_trade(april: tuple[Path, Path]) -> None:
    """Bars have no chain: side, direction and chance to win are those of the model's own vertical."""
    output, _ = april
    archived = [*documents(output, CHECKPOINT), *documents(output, FIVE_MINUTE)]
    assert [problem for document in archived for problem in contradictions(document)] == []
    named = [entry for document in archived for key, entry, _ in entries(document) if key.startswith("Vertical")]
    assert {entry["side"] for entry in named if "structure" in entry} == {"bull", "bear"}


def test_a_replayed_day_repeats_to_the_byte(april: tuple[Path, Path]) -> None:
    """Two runs of one day give the same archive, byte by byte."""
    first, second = april
    assert len(archive(first)) > 150
    assert archive(first) == archive(second)


def test_a_half_day_has_three_checkpoints_and_37_slots(tmp_path: Path) -> None:
    """2024-11-29 closes at 13:00: the 14:45 checkpoint is skipped with its reason."""
    output = replay(tmp_path, "2024-11-29", train(tmp_path, "2024-10-31"), "half")
    assert sorted(checkpoints(output)) == ["10:30 ET", "11:00 ET", "12:30 ET"]
    assert len(documents(output, FIVE_MINUTE)) == 37


@pytest.mark.parametrize(("day", "statement"), [("2024-12-18", "14:00"), ("2025-03-19", "14:00")])
def test_a_statement_stands_in_documents_rationale_and_forecast(
    april: tuple[Path, Path], tmp_path: Path, day: str, statement: str
) -> None:
    """Before 14:00 the documents name the statement, the answers count down to it and expect high volatility."""
    output = replay(tmp_path, day, april[0].parent / "ml", "statement")
    for document in documents(output, CHECKPOINT):
        (event,) = [one for one in document["events"] if one["event"] == "fomc_statement"]
        assert new_york_label(datetime.fromisoformat(event["at"])) == f"{statement} ET"
    slots = [slot for slot in documents(output, FIVE_MINUTE) if "SPY" in slot["recommendations"]]
    times = [new_york_label(datetime.fromisoformat(slot["slot_time"])) for slot in slots]
    answers = {time: slot["recommendations"]["SPY"] for time, slot in zip(times, slots, strict=True)}
    (best,) = answers["13:00 ET"]["strategies"].values()
    assert "Federal Reserve statement in 60 minutes" in best["rationale"]
    assert best["volatility_regime"] == "high"
    (best,) = answers["14:10 ET"]["strategies"].values()
    assert "Federal Reserve statement 10 minutes ago" in best["rationale"]


def test_a_holiday_and_a_day_without_data_say_so(tmp_path: Path) -> None:
    """On a holiday nothing is written and a sentence says so; a day without bars names the span of the data."""
    words = ["--provider", "replay", "--replay-dir", str(real_data_dir()), "--symbols", "SPY,QQQ"]
    holiday = run(tmp_path, *words, "--date", "2024-11-28")
    assert (holiday.returncode, "exchange holiday" in holiday.stderr) == (0, True)
    assert not list(tmp_path.rglob("*.json"))
    missing = run(tmp_path, *words, "--date", "2025-08-07")
    assert missing.returncode == 1
    assert "2018-01-02 to 2025-08-08" in missing.stderr


def test_a_damaged_model_leaves_the_rules_and_says_why(tmp_path: Path, april: tuple[Path, Path]) -> None:
    """A truncated model file is refused by its hash; the day goes on with rules alone and publishes the reason."""
    output, _ = april
    shutil.copytree(output.parent / "ml", tmp_path / "ml")
    for trees in (tmp_path / "ml").rglob("*.ubj"):
        data = trees.read_bytes()
        trees.write_bytes(data[: len(data) // 2])
    damaged = replay(tmp_path, "2025-04-09", tmp_path / "ml", "damaged")
    assert not documents(damaged, FIVE_MINUTE) or not any(
        slot["recommendations"] for slot in documents(damaged, FIVE_MINUTE)
    )
    last = documents(damaged, "recommendations")[-2]
    assert last["ml_status"] == "unavailable:model_hash_mismatch"
    assert last["ml_enhanced"] is False
