"""Sixty kills at random moments: nothing torn, nothing lost, nothing left; ``benchmarks/kills.py`` does a thousand."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kills.killing import Tally, Target, damage, kill_often, leftovers, orphans
from tests.kills.targets import TARGETS

KILLS = {"played day": 14, "host": 12, "training": 4, "promotion": 18, "ingest": 12}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_kill_at_any_moment_tears_loses_and_leaves_nothing(target: Target, tmp_path: Path) -> None:
    """After each kill the files are whole, no process is left, and the next run goes on and sweeps."""
    tally = Tally()
    kill_often(target, tmp_path, KILLS[target.name], random.Random(8), tally)
    assert tally.problems == []
    assert tally.kills == KILLS[target.name]


def test_every_target_takes_part() -> None:
    """Sixty kills in all."""
    assert sum(KILLS[target.name] for target in TARGETS) == 60


def test_what_is_torn_lost_or_left_is_found(tmp_path: Path) -> None:
    """The checks of these tests can fail: a torn document, a lost line, a temporary file, an orphan."""
    state = tmp_path / "out" / "state"
    state.mkdir(parents=True)
    lines: dict[str, list[bytes]] = {}
    assert damage(tmp_path, lines) == []
    (tmp_path / "out" / "recommendations.json").write_text('{"seq": ')
    (tmp_path / "out" / ".recommendations.json.00.tmp").write_text("")
    (state / "journal-2025-06-26.jsonl").write_bytes(b'{"a": 1}\n')
    lines["2025-06-26"] = [b'{"a": 0}']
    found = damage(tmp_path, lines)
    assert "published file bad_json" in found
    assert "torn recommendations.json" in found
    assert "journal-2025-06-26.jsonl lost lines" in found
    assert [path.name for path in leftovers(tmp_path)] == [".recommendations.json.00.tmp"]
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], cwd=tmp_path, stdin=subprocess.PIPE)
    try:
        assert any("input()" in command for command in orphans(tmp_path, seconds=0.1))
    finally:
        sleeper.kill()
        sleeper.communicate()
    assert orphans(tmp_path) == []
