"""The page for newcomers keeps up with the code."""

from __future__ import annotations

import ast
from pathlib import Path

import magic8_companion.providers.ib as package
from benchmarks import ib_codes
from benchmarks.ib_faults import BEGIN, END
from magic8_companion.providers.ib.codes import reason_of
from magic8_companion.providers.ib.connection_health import WAIT_FOR_RECONNECT
from magic8_companion.unified_config import setting_names
from tests.providers.ib.chaos_cases import CASES

PAGE = (Path(package.__file__).parents[3] / "docs" / "interactive_brokers.md").read_text(encoding="utf-8")
ELSEWHERE = {"wrong_loop", "closed", "interval_unavailable", "period_unavailable"}  # mistakes of programs, not of days


def test_every_reason_is_explained() -> None:
    """Each reason that the provider can give has its row."""
    reasons = set()
    for path in Path(package.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "DataUnavailable"
            if named and isinstance(node.args[0], ast.Constant):
                reasons.add(node.args[0].value)
    reasons |= {reason_of(code, "") for code in (100, 101, 200, 321, 354, 10168, 10197)}
    reasons |= {reason_of(162, text) for text in ("pacing", "no data", "permission", "")}
    assert len(reasons) > 15
    assert not [reason for reason in sorted(reasons - ELSEWHERE) if f"`{reason}`" not in PAGE]


def test_every_setting_is_explained() -> None:
    """Each setting of the provider stands on the page."""
    words = ("_IB_", "OI_STREAMING", "CHAIN_STRIKES")
    own = [name for name in setting_names() if any(word in name for word in words)]
    assert len(own) >= 10
    assert not [name for name in own if f"`{name}`" not in PAGE]


def test_the_table_of_faults_is_that_of_the_tests() -> None:
    """Each case has its row and no row is of another time; a long outage is told within 15 s."""
    rows = PAGE.partition(BEGIN)[2].partition(END)[0].strip().splitlines()[2:]
    assert [row.split("|")[1].strip() for row in rows] == [case.name for case in CASES]
    assert WAIT_FOR_RECONNECT.total_seconds() < 15


def test_the_table_of_codes_is_that_of_the_provider() -> None:
    """Every code has its row with reason, effect and sentence; ``python -m benchmarks.ib_codes`` writes them."""
    assert PAGE.partition(ib_codes.BEGIN)[2].partition(ib_codes.END)[0].strip() == ib_codes.code_table()
