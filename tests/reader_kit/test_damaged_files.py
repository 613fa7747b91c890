"""Damaged, stale, torn or foreign files by the ten thousand: no exception, and not one wrong approval."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from magic8_companion.domain.connection import ConnectionState
from magic8_companion.durable import encode
from magic8_companion.publishing.documents import recommendations_document
from magic8_companion.publishing.seal import sealed
from magic8_companion.reader_kit import REASONS, _decide, _parse, load
from tests.publishing.recommendation_sets import SLOT, calm, directed, overlaid, quiet, recommendation_set
from tests.reader_kit.damage import damaged
from tests.reader_kit.oracle import expected
from tests.reader_kit.sealing import resealed

ON_DISK = 20
COMPARED = 10
QUESTIONS = (
    *(("QQQ", "Iron Condor", None), ("QQQ", "sonar", None), ("QQQ", "Butterfly", None), ("QQQ", "call-spread", None)),
    *(("SPXW", "Vertical", None), ("QQQ", "Straddle", None), ("QQQ", "Vertical", "bull"), ("QQQ", "Vertical", "bear")),
)
UNREACHABLE = {"file_missing", "unreadable", "delayed", "source_excluded", "not_practice"}


@pytest.mark.parametrize("files", [20_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_no_damage_makes_a_reader_trade(files: int, tmp_path: Path) -> None:
    """Whatever the bytes, the kit approves only what the slow oracle approves of them; every 20th lies on disk."""
    dice = random.Random(88)
    elsewhere = ConnectionState(source="ib", state="degraded", why="stale_quotes", outages={"SPY": "stale_quotes"})
    bulletins = [
        recommendation_set(recommendations={"QQQ": record}, skipped={}, connection=elsewhere)
        for record in (calm(), overlaid(), directed(), directed("P"), directed(None), quiet())
    ]
    good = [sealed(encode(recommendations_document(bulletin, 31, "KILL"))) for bulletin in bulletins]
    path = tmp_path / "recommendations.json"
    reasons: Counter[str] = Counter()
    for number in range(files):
        data = damaged(dice, dice.choice(good[:-1] if number % 8 else good))
        data = data if number % 8 == 1 else resealed(data)
        symbol, strategy, side = dice.choice(QUESTIONS)
        now = SLOT + timedelta(seconds=dice.randint(1, 320))
        require_best = number % 4 > 0
        document = load(path, require_best=require_best)
        if number % ON_DISK:
            decision = _decide(_parse(data), document._rules, (symbol, strategy, side), now)
        else:
            path.unlink(missing_ok=True)
            path.write_bytes(data)
            decision = document.is_actionable(symbol, strategy, now, side=side)
        reasons[decision.reason] += 1
        assert bool(decision) is (decision.reason == "ok")
        if decision or number % COMPARED == 0:
            assert decision.reason == expected(data, symbol, strategy, now, require_best=require_best, side=side)
    assert reasons["ok"] > files / 50, "some damage is harmless, or nothing was tested"
    assert set(REASONS) - set(reasons) <= UNREACHABLE
