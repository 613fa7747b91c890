"""Faults of the gateway: data that are true and fresh, or a reason, in time; nothing else ever.

All cases are played side by side on an accelerated clock.  Those that fail are played again, side by side and slower,
so that a busy machine is not taken for a fault of the provider.
"""

from __future__ import annotations

import asyncio

import pytest

from magic8_companion.testing.codes import TEXTS
from tests.providers.ib.chaos import Outcome, Traces, play_all
from tests.providers.ib.chaos_cases import CASES
from tests.providers.ib.drawn_codes import ENDING, FLOWING

SPEEDS, AT_ONCE = (6.0, 2.5, 1.5), 16


@pytest.fixture(scope="module")
def played() -> tuple[dict[str, Outcome], list[Traces]]:
    """Return the outcome of every case and what they have left behind."""
    outcomes: dict[str, Outcome] = {}
    failed, left = list(CASES), []
    for speed in SPEEDS:
        again, traces = asyncio.run(play_all(failed, speed, AT_ONCE))
        outcomes, left = outcomes | again, [*left, traces]
        failed = [outcome.case for outcome in outcomes.values() if outcome.problems]
    return outcomes, left


@pytest.mark.parametrize("name", [case.name for case in CASES])
def test_a_fault_ends_in_data_or_in_a_reason(played: tuple[dict[str, Outcome], list[Traces]], name: str) -> None:
    """Within 15 s (30 s of silence) the symbol is known again or known to be unknown; afterwards data come back."""
    outcome = played[0][name]
    assert not outcome.problems, outcome.answers
    assert outcome.answers


def test_nothing_is_left_behind(played: tuple[dict[str, Outcome], list[Traces]]) -> None:
    """No error was left unhandled, no thread is stuck and no task goes on."""
    for traces in played[1]:
        assert traces.errors == ()
        assert (traces.threads, traces.tasks) == (0, 0)


def test_the_table_names_every_code_of_the_contract() -> None:
    """Each case has its own name; each code without a request is in one, the others are in test_refusals_over_tcp."""
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 25
    drawn = {code for codes in ENDING.values() for code in codes} | {*FLOWING}
    contract = {code for code in TEXTS if code not in {300, 366, 502} | drawn}
    assert not [code for code in sorted(contract) if not any(str(code) in name for name in names)]
