"""Documents of schema 1.1 before a reader of schema 1.0: the kit as it was published then, unchanged."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from magic8_companion.domain.recommendation import RecommendationSet
from magic8_companion.publishing.documents import recommendations_document
from magic8_companion.reader_kit import load
from tests.publishing.recommendation_sets import SLOT, recommendation_set
from tests.reader_kit.sealing import sealed_text

NOW = SLOT + timedelta(seconds=36)
ASKED = [(symbol, name) for symbol in ("QQQ", "SPX", "SPY", "IWM") for name in ("Butterfly", "Iron_Condor", "Vertical")]


@pytest.fixture(scope="module")
def old_kit() -> Iterator[ModuleType]:
    """Load the kit of schema 1.0."""
    module = ModuleType("reader_kit_1_0")
    sys.modules[module.__name__] = module
    text = Path(__file__).with_name("reader_kit_1_0.txt").read_text(encoding="utf-8")
    exec(compile(text, "reader_kit_1_0.py", "exec"), module.__dict__)  # noqa: S102  # our own file
    yield module
    del sys.modules[module.__name__]


def document(published: RecommendationSet | None = None) -> dict[str, Any]:
    """Return a document in which QQQ and SPX have a tradable entry."""
    return recommendations_document(published or recommendation_set(), 20)


def test_a_reader_of_1_0_refuses_a_document_of_1_1(old_kit: ModuleType, tmp_path: Path) -> None:
    """It approves nothing and names the schema, whatever is asked; the kit of today approves the same file."""
    path = tmp_path / "recommendations.json"
    path.write_bytes(sealed_text(document()))
    for symbol, name in ASKED:
        decision = old_kit.load(path).is_actionable(symbol, name, now=NOW)
        assert not decision
        assert decision.reason == "schema_unknown"
    assert load(path).is_actionable("QQQ", "Iron_Condor", NOW)


def test_what_1_1_adds_takes_nothing_from_1_0(old_kit: ModuleType, tmp_path: Path) -> None:
    """Called 1.0, the document gets the same answers from the old kit as from today's: no key was moved or renamed."""
    path = tmp_path / "recommendations.json"
    path.write_text(json.dumps(document() | {"schema_version": "1.0"}))
    today = load(path, allow_unsealed=True)
    answers = {asked: old_kit.load(path).is_actionable(*asked, now=NOW) for asked in ASKED}
    assert {asked for asked, decision in answers.items() if decision} >= {("QQQ", "Iron_Condor")}
    for asked, decision in answers.items():
        other = today.is_actionable(*asked, NOW)
        assert (bool(decision), decision.reason, decision.score) == (bool(other), other.reason, other.score)


def test_a_halt_of_1_1_stops_both(old_kit: ModuleType, tmp_path: Path) -> None:
    """A kill switch refuses everything before the schema could matter to a person."""
    path = tmp_path / "recommendations.json"
    path.write_bytes(sealed_text(document(replace(recommendation_set(), halt_reason="kill_switch"))))
    for asked in ASKED:
        assert not old_kit.load(path).is_actionable(*asked, now=NOW)
        assert not load(path).is_actionable(*asked, NOW)
