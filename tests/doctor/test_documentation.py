"""The page about the doctor keeps up with what the doctor says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

import magic8_companion
import magic8_companion.doctor as package
from magic8_companion.cli.doctor import examine
from magic8_companion.doctor.check import OK, Check
from magic8_companion.doctor.fixes import _FIXES, fix_for
from magic8_companion.doctor.machine import (
    calendar_check,
    clock_checks,
    folder_checks,
    host_check,
    kill_switch_check,
    package_checks,
)
from magic8_companion.doctor.model import model_check
from magic8_companion.domain.trading_day import new_york_instant
from magic8_companion.durable import FolderLock
from magic8_companion.providers.ib.codes import reason_of
from magic8_companion.providers.ib.connection_health import (
    CLOCK_SKEW,
    COMPETING_SESSION,
    FEED_SILENT,
    FINAL,
    QUOTES_BROKEN,
)
from magic8_companion.providers.simulated import SimulatedProvider
from magic8_companion.unified_config import load_settings
from tests.doctor.test_feed import examined
from tests.doctor.test_machine import Wall, settings
from tests.providers.makers import DAY, SetClock, new_york
from tests.providers.yahoo.servers import provider, yahoo

ROOT = Path(magic8_companion.__file__).parent
DOCS = ROOT.parent / "docs"
PAGE = (DOCS / "doctor.md").read_text(encoding="utf-8")
PAGES = PAGE + (DOCS / "interactive_brokers.md").read_text(encoding="utf-8")
ASKED_WRONGLY = {"wrong_loop", "closed", "interval_unavailable", "period_unavailable", "calendar_range"}
"""Mistakes of programs: the doctor asks rightly."""

Row = tuple[re.Pattern[str], re.Pattern[str]]


def pattern(text: str) -> re.Pattern[str]:
    """Return a pattern in which an ellipsis stands for anything."""
    return re.compile(".*".join(map(re.escape, text.split("…"))), re.DOTALL)


def rows() -> list[Row]:
    """Return names and messages of the table; a message that is no quotation stands for all."""
    table = PAGE.partition("| Check | Message |")[2].partition("## Reasons")[0]
    found = []
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 4 or "`" not in cells[1]:
            continue
        told = "…" if cells[2].startswith(("any other", "as for")) else cells[2]
        found += [(pattern(name), pattern(told)) for name in re.findall(r"`([^`]+)`", cells[1])]
    return found


def is_explained(check: Check) -> bool:
    """Tell whether a row fits a finding."""
    return any(name.fullmatch(check.name) and told.fullmatch(check.result) for name, told in rows())


def complaints_of_the_machine(folder: Path) -> Iterator[Check]:
    """Yield what the doctor says of a machine on which everything is wrong."""
    yield from examine({"ml_weight": 7}, ask_feed=False)
    yield from package_checks(settings(folder, market_data_provider="ib", enable_ml_5min=True), lambda _: None)
    for year, jump in ((1970, 0.0), (2026, 2.0)):
        wall = Wall(datetime(year, 11, 20, 15, tzinfo=UTC), timedelta(seconds=jump))
        yield from clock_checks(wall.clock, wall.monotonic, wall.wait)
    for day in (date(2030, 5, 6), date(2030, 5, 5), date(2031, 1, 2)):
        yield calendar_check(new_york_instant(day, time(10)))
    (folder / "out").write_text("")
    stands_in_the_way = settings(folder, market_data_provider="yahoo", output_file_path=folder / "out" / "x.json")
    yield from folder_checks(stands_in_the_way)
    here = load_settings({}, {"output_dir": folder / "here", "enable_ml_5min": True, "ml_path": folder / "none"})
    with FolderLock(here.run_output_dir):
        yield host_check(here)
    here.kill_switch.parent.mkdir(parents=True, exist_ok=True)
    here.kill_switch.touch()
    yield kill_switch_check(here)
    yield kill_switch_check(here.model_copy(update={"kill_switch_file": here.kill_switch / "KILL"}))
    yield model_check(here)
    yield model_check(settings(folder))


def complaints_of_the_feed() -> Iterator[Check]:
    """Yield what the doctor says of feeds that are late, short, broken, or degraded."""

    class Degraded(SimulatedProvider):
        def health(self) -> dict[str, str]:
            return {"state": "degraded", "sentence": "quotes are suspect"}

    yield from examined(Degraded(SetClock(new_york(DAY, 11)))).values()
    yield from examined(SimulatedProvider(SetClock(new_york(date(2015, 2, 2), 11))), iv_min_history_days=60).values()
    for fault, where in (("rate_limit", "/finance/"), ("server_error", "/finance/"), ("gap", "SPY")):
        with yahoo() as server:
            server.fault(fault, where)
            yield from examined(provider(server)).values()
    with yahoo() as server:
        yield from examined(provider(server), trade_on_delayed_data=True).values()


def test_every_complaint_about_the_machine_is_explained(tmp_path: Path) -> None:
    """Each finding that is not in order has a row with its name and its words."""
    seen = [check for check in complaints_of_the_machine(tmp_path) if check.status != OK]
    assert len({check.name for check in seen}) >= 11
    assert [check for check in seen if not is_explained(check)] == []


def test_every_complaint_about_a_feed_is_explained() -> None:
    """Late data, a short history, refusals, a degraded connection, and questions that were not asked."""
    seen = [check for check in complaints_of_the_feed() if check.status != OK]
    assert {"feed", "delay", "SPY bars", "SPX chain", "VIX of a year", "SPX price"} <= {check.name for check in seen}
    assert [check for check in seen if not is_explained(check)] == []


def test_a_message_that_nobody_explains_is_noticed() -> None:
    """The comparison is not blind."""
    assert not is_explained(Check(name="clock", status="FAILED", result="is tired"))
    assert not is_explained(Check(name="keyboard", status="FAILED", result="says no"))


def test_every_check_has_a_row() -> None:
    """Also those that no test can make fail, such as wrong zone data."""
    names = {name for path in Path(package.__file__).parent.glob("*.py") for name in _names(path)}
    assert {"clock", "time zones", "calendar", "second host", "kill switch", "model", "feed", "delay"} <= names
    assert [name for name in sorted(names) if not any(row.fullmatch(name) for row, _ in rows())] == []


def _names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Check":
            yield from (
                str(item.value.value)
                for item in node.keywords
                if item.arg == "name" and isinstance(item.value, ast.Constant)
            )


def reasons_of_feeds() -> set[str]:
    """Return every reason that a provider, a recording or an option chain can give."""
    reasons = {CLOCK_SKEW, COMPETING_SESSION, FEED_SILENT, QUOTES_BROKEN, "gateway_silent", "stale_bars", *FINAL}
    for path in (item for room in ("providers", "recordings", "domain") for item in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "DataUnavailable"
            if named and isinstance(node.args[0], ast.Constant):
                reasons.add(str(node.args[0].value))
    reasons |= {reason_of(code, "") for code in (100, 101, 200, 321, 354, 10168, 10197)}
    reasons |= {reason_of(162, text) for text in ("pacing", "no data", "permission", "")}
    return reasons - ASKED_WRONGLY


@pytest.mark.parametrize("reason", sorted(reasons_of_feeds() | set(_FIXES)))
def test_every_reason_has_a_fix_of_its_own_and_an_explanation(reason: str) -> None:
    """Nobody is sent to the log for something that we know."""
    assert f"`{reason}`" in PAGES
    assert fix_for(reason, "SPX", load_settings({}, {})) != fix_for("never heard of", "SPX", load_settings({}, {}))
