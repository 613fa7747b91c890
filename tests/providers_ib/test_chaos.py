"""Faults of the gateway: data that are true and fresh, or a reason, in time; nothing else ever.

All cases are played side by side on an accelerated clock.  One that fails is played again alone and slowly, so that a
busy machine is not taken for a fault of the provider.
"""

from __future__ import annotations

import asyncio

import pytest

from magic8_companion.testing.codes import TEXTS
from tests.providers_ib.chaos import Outcome, Traces, play_all
from tests.providers_ib.chaos_cases import CASES

SPEED, AT_ONCE = 6.0, 16
SLOWLY = 2.5

pytestmark = pytest.mark.xdist_group("ib_chaos")


@pytest.fixture(scope="module")
def played() -> tuple[dict[str, Outcome], Traces]:
    """Return the outcome of every case and what they have left behind."""
    outcomes, traces = asyncio.run(play_all(CASES, SPEED, AT_ONCE))
    failed = [outcome.case for outcome in outcomes.values() if outcome.problems]
    again, _ = asyncio.run(play_all(failed, SLOWLY, 1))
    return outcomes | again, traces


@pytest.mark.parametrize("name", [case.name for case in CASES])
def test_a_fault_ends_in_data_or_in_a_reason(played: tuple[dict[str, Outcome], Traces], name: str) -> None:
    """Within 15 s (30 s of silence) the symbol is known again or known to be unknown; afterwards data come back."""
    outcome = played[0][name]
    assert not outcome.problems, outcome.answers
    assert outcome.answers


def test_nothing_is_left_behind(played: tuple[dict[str, Outcome], Traces]) -> None:
    """No error was left unhandled, no thread is stuck and no task goes on."""
    traces = played[1]
    assert traces.errors == ()
    assert (traces.threads, traces.tasks) == (0, 0)


def test_the_table_names_every_code_of_the_contract() -> None:
    """There are more than 25 cases, each with its own name, and no code of the contract is left out."""
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 25
    contract = {code for code in TEXTS if code not in {300, 322, 366, 502}}
    assert not [code for code in sorted(contract) if not any(str(code) in name for name in names)]
