"""A whole simulated day in mode enhanced: tickets, gamma and recorded chains at every checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from magic8_companion.domain.strategy import BASE_STRATEGIES
from tests.whole.runs import CHECKPOINT, documents, run
from tests.whole.sides import contradictions

ENHANCED = {
    "M8C_SYSTEM_COMPLEXITY": "enhanced",
    "M8C_ENABLE_ML_INTEGRATION": "false",
    "M8C_ENABLE_ML_5MIN": "false",
}
TIMES = ["10:30 ET", "11:00 ET", "12:30 ET", "14:45 ET"]


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Play the day once and return its output folder."""
    folder = tmp_path_factory.mktemp("enhanced")
    done = run(folder, "--date", "2025-06-26", **ENHANCED)
    assert done.returncode == 0, done.stderr
    return folder / "data" / "simulated"


def first_documents(output: Path) -> dict[str, dict[str, Any]]:
    """Return the first document of every checkpoint by its time."""
    found: dict[str, dict[str, Any]] = {}
    for document in documents(output, CHECKPOINT):
        if document["checkpoint_timestamp"]:
            found.setdefault(document["checkpoint_time"], document)
    return found


def test_every_entry_carries_a_ticket_or_says_why_not(output: Path) -> None:
    """Four checkpoints, two symbols, three strategies; without a model no expected value and no blocker."""
    found = first_documents(output)
    assert list(found) == TIMES
    tickets = 0
    for document in found.values():
        for record in document["recommendations"].values():
            for name in BASE_STRATEGIES:
                entry = record["strategies"][name]
                assert (entry["ticket"] is None) == ("No ticket: " in entry["rationale"])
                assert entry["expected_value"] is None
                assert "no_net_edge" not in entry["blocked_by"]
                tickets += entry["ticket"] is not None
                assert (entry["implied_probability"] is None) == (entry["ticket"] is None)
    assert tickets >= 20


def test_no_archived_document_contradicts_itself_about_a_trade(output: Path) -> None:
    """Without a model, too, side, structure and ticket of every entry are about one trade."""
    assert [problem for document in documents(output, CHECKPOINT) for problem in contradictions(document)] == []


def test_every_entry_carries_gamma_greeks_and_volume_as_evidence(output: Path) -> None:
    """Each group speaks with known values, and the points add up to the rule score."""
    for document in first_documents(output).values():
        for record in document["recommendations"].values():
            assert record["market_conditions"]["gamma_environment"]
            for name in BASE_STRATEGIES:
                entry = record["strategies"][name]
                said = {item["factor"]: item["value"] for item in entry["evidence"]}
                assert said["gamma_ratio"] is not None
                assert said["liquidity"] is not None
                assert any("_delta" in factor and value is not None for factor, value in said.items())
                total = sum(item["points"] for item in entry["evidence"])
                assert entry["rule_score"] == pytest.approx(min(100.0, max(0.0, total)), abs=0.051)


def test_the_chains_of_the_day_are_kept(output: Path) -> None:
    """One file a symbol, ready to be replayed."""
    kept = sorted(path.relative_to(output).as_posix() for path in (output / "chains").rglob("*.parquet"))
    assert kept == ["chains/SPX/2025-06-26.parquet", "chains/SPY/2025-06-26.parquet"]
