"""The kit approves a practice run only for a bot that asks for practice, and such a bot nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from magic8_companion.publishing.practice import practice_document
from magic8_companion.publishing.schema import RECOMMENDATIONS, validate
from magic8_companion.reader_kit import Decision, load
from tests.reader_kit.sealing import sealed_text
from tests.reader_kit.test_reader_kit import NOW, good, put

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "practice" / "recommendations.json"
TODAY = timedelta(days=600, hours=7)


def practiced() -> dict[str, Any]:
    """Return a good document of a simulated day, published 600 days later."""
    document = good()
    put(document, ("data_status",), "simulated")
    for record in document["recommendations"].values():
        record["data_status"] = "simulated"
    return practice_document(document, TODAY)


def ask(folder: Path, document: dict[str, Any], now: datetime, **options: Any) -> Decision:
    """Ask about the Iron_Condor in QQQ."""
    path = folder / "recommendations.json"
    path.write_bytes(sealed_text(document))
    return load(path, **options).is_actionable("QQQ", "Iron Condor", now)


def test_a_bot_in_practice_gets_approvals_with_todays_times(tmp_path: Path) -> None:
    """The times are moved by the same step, so ages and lives are those of a live file."""
    decision = ask(tmp_path, practiced(), NOW + TODAY, practice=True)
    assert decision, decision.reason
    assert (decision.age_s, decision.seq) == (30.0, 20)
    assert decision.valid_until == datetime.fromisoformat("2024-03-14T15:35:00Z") + TODAY


def test_a_practice_file_that_is_not_renewed_is_refused_as_a_live_one(tmp_path: Path) -> None:
    """A host that died is noticed in practice within the same time."""
    assert ask(tmp_path, practiced(), NOW + TODAY + timedelta(seconds=271), practice=True).reason == "too_old"


@pytest.mark.parametrize("options", [{}, {"practice": False}, {"allow_delayed": True, "require_best": False}])
def test_a_bot_that_trades_never_gets_an_approval_from_practice(tmp_path: Path, options: dict[str, Any]) -> None:
    """Neither the data status alone nor the mark alone lets a practice document through."""
    assert ask(tmp_path, practiced(), NOW + TODAY, **options).reason == "not_live"
    marked = good() | {"practice": True}
    assert ask(tmp_path, marked, NOW, **options).reason == "not_live"
    marked["practice"] = False
    assert ask(tmp_path, marked, NOW, **options).reason == "not_live"


def test_a_bot_in_practice_never_gets_an_approval_of_a_live_run(tmp_path: Path) -> None:
    """Live documents, unmarked simulated ones and marks that only look right are no practice."""
    assert ask(tmp_path, good(), NOW, practice=True).reason == "not_practice"
    for mark in (1, "true", False, None):
        assert ask(tmp_path, practiced() | {"practice": mark}, NOW + TODAY, practice=True).reason == "not_practice"
    live = practiced() | {"data_status": "live"}
    assert ask(tmp_path, live, NOW + TODAY, practice=True).reason == "not_live"
    record = practiced()
    put(record, ("recommendations", "QQQ", "data_status"), "live")
    assert ask(tmp_path, record, NOW + TODAY, practice=True).reason == "not_live"


@pytest.mark.parametrize("practice", [None, 1, "yes", 0])
def test_a_senseless_option_refuses_everything(tmp_path: Path, practice: Any) -> None:
    """Only True is practice and only False is trading."""
    assert not ask(tmp_path, practiced(), NOW + TODAY, practice=practice)
    assert not ask(tmp_path, good(), NOW, practice=practice)


def test_the_sample_of_the_guide_is_a_practice_document() -> None:
    """It obeys the schema, and is approved in practice at its time and never otherwise."""
    document = orjson.loads(SAMPLE.read_bytes())
    validate(document, RECOMMENDATIONS)
    now = datetime.fromisoformat(document["timestamp"])
    assert load(SAMPLE, practice=True).is_actionable("SPX", "Call Spread", now, side="bull")
    assert load(SAMPLE, practice=True).is_actionable("SPX", "Vertical", now, side="bear").reason == "side_mismatch"
    assert load(SAMPLE).is_actionable("SPX", "Vertical", now, side="bull").reason == "not_live"
