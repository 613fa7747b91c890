"""An entry counts once, as it was published first."""

from __future__ import annotations

from magic8_companion.settlement.decision import decisions_of
from tests.settlement.documents import MODELLED, entry, predictions, recommendations

CHECKPOINT = "2025-06-26T14:30:00Z"


def test_entry_counts_as_published_first() -> None:
    """Later documents of the same checkpoint change nothing: an entry that expired was still published."""
    first = recommendations("2025-06-26T14:30:05Z", CHECKPOINT, seq=1, Vertical=entry())
    expired = entry(should_trade=False, blocked_by=["expired"])
    later = recommendations("2025-06-26T15:05:00Z", CHECKPOINT, seq=2, Vertical=expired)
    (decision,) = decisions_of([first, later], [])
    assert (decision.seq, decision.published["should_trade"], decision.is_best) == (1, True, True)
    assert (decision.spot, decision.expected_move, decision.events) == (5990.0, 0.004, ("fomc_statement",))


def test_skipped_symbol_counts_when_it_was_scored() -> None:
    """A symbol that is scored within the grace of its checkpoint counts from then on; one that never is does not."""
    blank = entry(blocked_by=["skipped"], should_trade=False, ticket=None)
    skipped = recommendations("2025-06-26T14:30:05Z", CHECKPOINT, seq=1, Vertical=blank)
    scored = recommendations("2025-06-26T14:30:25Z", CHECKPOINT, seq=2, Vertical=entry())
    assert decisions_of([skipped], []) == ()
    assert [item.seq for item in decisions_of([skipped, scored], [])] == [2]


def test_only_base_entries_count() -> None:
    """No_Trade is no trade, and the entry of a 5-minute answer counts in its own document."""
    overlay = recommendations("2025-06-26T14:35:05Z", CHECKPOINT, Butterfly_5min=entry(), No_Trade=entry())
    own = predictions("2025-06-26T14:35:05Z", "2025-06-26T14:35:00Z", Vertical=entry(ticket=None, modelled=MODELLED))
    (decision,) = decisions_of([overlay], [own])
    assert (decision.origin, decision.source, decision.trade and decision.trade.kind) == ("slot", "ml_5min", "modelled")
    assert decisions_of([recommendations("2025-06-26T14:00:00Z", None, Vertical=entry())], []) == ()


def test_day_that_was_played_again_replaces_the_older_run() -> None:
    """Where the time of the documents goes back, a newer run of the day begins."""
    older = recommendations("2025-06-26T14:30:05Z", CHECKPOINT, seq=1, Vertical=entry(), Butterfly=entry())
    end = recommendations("2025-06-26T20:00:00Z", CHECKPOINT, seq=2, Vertical=entry())
    newer = recommendations("2025-06-26T14:30:05Z", CHECKPOINT, seq=3, Vertical=entry(score=80.0))
    assert [(item.seq, item.published["score"]) for item in decisions_of([older, end, newer], [])] == [(3, 80.0)]


def test_practice_documents_are_left_out() -> None:
    """Their times are not those of the market."""
    practice = {**recommendations("2025-06-26T14:30:05Z", CHECKPOINT, Vertical=entry()), "practice": True}
    assert decisions_of([practice], []) == ()
