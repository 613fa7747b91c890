"""IB's limits: what breaks them is found, what keeps them is never accused."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.testing.pacing import MESSAGES_PER_SECOND, OPEN_REQUESTS, HistoryPacingCheck, MessageRateCheck
from tests.testing.tools import START


@given(st.lists(st.floats(0.0, 0.1), min_size=1, max_size=150), st.floats(0.0, 3.0))
def test_a_client_that_keeps_the_rate_is_never_accused(gaps: list[float], hesitation: float) -> None:
    """Whatever keeps the gateway from reading, 50 messages in any second are fine when they were sent so."""
    sent: list[float] = []
    for gap in gaps:
        earliest = sent[-1] + gap if sent else 0.0
        if len(sent) >= MESSAGES_PER_SECOND:
            earliest = max(earliest, sent[-MESSAGES_PER_SECOND] + 1.001)
        sent.append(earliest)
    rate, read_at, looked = MessageRateCheck(), 0.0, 0.0
    for at in sent:
        if at > read_at:  # the gateway looks again only after its hesitation
            read_at, looked = max(at, read_at + hesitation), read_at
        assert rate.arrived(read_at, looked)


def test_the_51st_message_of_a_second_is_too_many() -> None:
    """Fifty are allowed, one more is not, and a second later there is room again."""
    rate = MessageRateCheck()
    assert [rate.arrived(10.0, 10.0) for _ in range(51)] == [True] * 50 + [False]
    assert rate.arrived(11.0, 11.0)
    assert rate.peak == 51


def test_history_has_four_limits() -> None:
    """Identical within 15 s, six of a contract in 2 s, more than 60 in ten minutes, more than 50 open."""
    pacing = HistoryPacingCheck()
    assert pacing.problem("SPX", "SPX 1 D", START) is None
    assert pacing.problem("SPX", "SPX 1 D", START + timedelta(seconds=14)) == "history_identical"
    assert pacing.problem("SPX", "SPX 1 D", START + timedelta(seconds=15)) is None
    later = START + timedelta(minutes=20)
    assert [pacing.problem("VIX", f"VIX {n}", later) for n in range(6)] == [None] * 5 + ["history_burst"]
    assert pacing.problem("VIX", "VIX 6", later + timedelta(seconds=2)) is None
    pacing.open.update((1, number) for number in range(OPEN_REQUESTS))
    assert pacing.problem("SPX", "SPX 2 D", later + timedelta(seconds=3)) == "history_open"


def test_a_window_of_ten_minutes_moves() -> None:
    """Sixty requests fill the window; each that leaves it makes room for one."""
    pacing = HistoryPacingCheck()
    requested = [pacing.problem(str(n % 12), str(n), START + timedelta(seconds=5 * n)) for n in range(61)]
    assert requested == [None] * 60 + ["history_window"]
    assert pacing.problem("x", "60", START + timedelta(minutes=10)) is None
    assert pacing.problem("x", "61", START + timedelta(minutes=10)) == "history_window"
