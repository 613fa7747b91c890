"""The example order bot of the guide against a host in practice that then dies."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from magic8_companion import reader_kit
from magic8_companion.domain.trading_day import parse_utc
from magic8_companion.reader_kit import load
from magic8_ml.messages import EnhancedDiscordParser
from tests.whole.runs import run, running

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "practice"
WITHOUT_ML = {"M8C_ENABLE_ML_INTEGRATION": "false", "M8C_ENABLE_ML_5MIN": "false"}
DAY = ("--practice", "--date", "2025-06-24", "--symbols", "SPX", "--speed", "500")
PUBLISHED = Path("data", "practice", "recommendations.json")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Copy bot, message and reader kit into one folder, as the guide says."""
    for source in (GUIDE / "order_bot.py", GUIDE / "message.txt", Path(reader_kit.__file__)):
        shutil.copy(source, tmp_path)
    return tmp_path


def order_bot(desk: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the bot on the sample message."""
    return subprocess.run(
        [sys.executable, "order_bot.py", "message.txt", "--file", str(PUBLISHED), *words],
        cwd=desk,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_bot_places_what_practice_approves_until_the_host_dies(desk: Path) -> None:
    """It waits for the approval and places one order; a killed host's file approves nothing after its life."""
    with running(desk, *DAY, **WITHOUT_ML) as host:
        placed = order_bot(desk, "--practice", "--wait", "60")
        host.kill()
        host.wait(timeout=5)
    assert placed.returncode == 0, placed.stderr
    (order,) = (desk / "orders.txt").read_text().splitlines()
    assert order.startswith("BUY +1 Vertical SPX 100 24 Jun 25 6805/6845 CALL @9.95 LMT  # seq ")
    assert "call debit vertical" in order
    document = orjson.loads((desk / PUBLISHED).read_bytes())
    assert document["halt_reason"] is None
    written = parse_utc(document["timestamp"])
    kit = load(desk / PUBLISHED, practice=True)
    assert kit.is_actionable("SPX", "Vertical", written + timedelta(seconds=299), side="bull")
    assert kit.is_actionable("SPX", "Vertical", written + timedelta(seconds=299), side="bear").reason == "side_mismatch"
    assert kit.is_actionable("SPX", "Vertical", written + timedelta(seconds=301), side="bull").reason == "too_old"
    (desk / "data" / "KILL").touch()
    assert order_bot(desk, "--practice").stdout.endswith(": halted\n")


def test_the_bot_without_practice_places_nothing(desk: Path) -> None:
    """The same bot as it trades refuses the file of a practice run."""
    with running(desk, *DAY, **WITHOUT_ML):
        refused = order_bot(desk)
    assert refused.returncode == 1
    assert refused.stdout.endswith(": not_live\n")
    assert not (desk / "orders.txt").exists()


def test_the_sample_message_is_read_by_the_products_parser() -> None:
    """The line of the sample is an order of Magic8."""
    message = EnhancedDiscordParser().parse((GUIDE / "message.txt").read_text())
    assert message.errors == ()
    (trade,) = message.trades
    assert trade.as_dict()["risk"] == 995


def test_practice_needs_the_simulated_provider(tmp_path: Path) -> None:
    """A live feed or a recording never carries the mark of practice."""
    refused = run(tmp_path, "--practice", "--provider", "ib")
    assert refused.returncode == 2
    assert "provider simulated is needed" in refused.stderr
