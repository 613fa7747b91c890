"""The table of hostile conditions names proofs that exist, and states its bounds."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
PAGE = (TESTS.parent / "docs" / "hostile_conditions.md").read_text(encoding="utf-8")
ROWS = [line.split(" | ") for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)]
PROOF = re.compile(r"`([\w/]+\.py)::(\w+)`")


def test_the_table_has_at_least_forty_conditions() -> None:
    """They are numbered in order, and each has a proof."""
    assert len(ROWS) >= 40
    assert [int(row[0].strip("| ")) for row in ROWS] == list(range(1, len(ROWS) + 1))
    assert all(PROOF.search(row[-1]) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row[0].strip("| ") for row in ROWS])
def test_the_proof_of_a_condition_exists(row: list[str]) -> None:
    """The test of that name is in that file."""
    found = PROOF.search(row[-1])
    assert found is not None
    tree = ast.parse((TESTS / found[1]).read_text(encoding="utf-8"))
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert found[2] in names


def test_no_failure_of_host_disk_or_feed_takes_longer_than_a_minute() -> None:
    """Longer than that takes only the grace of a checkpoint, which approves nothing meanwhile."""
    seconds = {row[1]: int(row[3].removesuffix(" s")) for row in ROWS if row[3].endswith(" s")}
    assert {name for name, value in seconds.items() if value > 60} == {"pacing refusal at the second of the checkpoint"}
