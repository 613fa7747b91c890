"""Records of outcomes: what they hold, what is unknown, and when a revision is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.journal.lines import decode_line, encode_line
from magic8_companion.journal.records import OutcomeRecord
from magic8_companion.options.products import product
from magic8_companion.settlement.decision import PublishedEntry, decisions_of
from magic8_companion.settlement.outcome import EntryMarket, changed_records, is_final, outcome_of, valid_records
from tests.settlement.days import bars_of, prices_of, row_of
from tests.settlement.documents import MODELLED, entry, recommendations

DAY = date(2025, 6, 26)
NIGHT = datetime(2025, 6, 27, 0, 5, tzinfo=UTC)
BARS = bars_of(DAY, 5990.0, 5985.0, 6001.0, 5993.0)
FEES = product("SPX").fees


def _decision(**changes: object) -> PublishedEntry:
    (found,) = decisions_of(
        [recommendations("2025-06-26T14:30:05Z", "2025-06-26T14:30:00Z", Vertical=entry(**changes))], []
    )
    return found


def _market(official: float | None = None) -> EntryMarket:
    row = None if official is None else row_of(DAY, official, BARS)
    return EntryMarket(prices=prices_of(DAY, BARS, row), fees=FEES)


def test_record_holds_what_was_published_and_what_happened() -> None:
    """A report needs nothing besides the record."""
    record = outcome_of(_decision(), _market(5994.0), NIGHT)
    assert (record.score, record.should_trade, record.is_best, record.win_probability) == (70.0, True, True, 0.6)
    assert (record.events, record.trade, record.limit_price) == (("fomc_statement",), "ticket", 8.0)
    assert (record.settlement, record.settlement_source, record.status) == (5994.0, "daily_row", "settled")
    assert (record.results, record.payoff, record.fees, record.risk) == ({"natural": 797.8}, 0.0, 2.2, 1202.2)
    assert (record.won, record.touched) == (True, True)
    assert decode_line(encode_line(record, "0" * 64)) == record


def test_movement_is_compared_with_its_forecast() -> None:
    """The move to the close and the realized volatility lie inside of one expected deviation, or they do not."""
    record = outcome_of(_decision(), _market(5994.0), NIGHT)
    assert record.move == pytest.approx(0.000668, abs=1e-6)
    assert (record.move_inside, record.realised_inside) == (True, True)
    far = replace(_decision(), expected_move=0.0001)
    assert outcome_of(far, _market(5994.0), NIGHT).move_inside is False


def test_modelled_trade_has_the_price_of_its_model_alone() -> None:
    """Nobody quoted it, and its price holds the costs of trading."""
    record = outcome_of(_decision(ticket=None, modelled=MODELLED), _market(6005.0), NIGHT)
    assert (record.results, record.fees, record.won) == ({"modelled": 250.0}, 0.0, True)


def test_entry_without_strikes_is_unknown_for_good() -> None:
    """Its market is known all the same."""
    record = outcome_of(_decision(ticket=None), _market(), NIGHT)
    assert (record.status, record.reason, record.settlement) == ("unknown", "no_strikes", 5993.0)
    assert is_final(record)


def test_missing_prices_are_unknown_and_tried_again() -> None:
    """The reason of the provider is kept."""
    refused = EntryMarket(prices=DataUnavailable("source_down", "no answer"), fees=FEES)
    record = outcome_of(_decision(), refused, NIGHT)
    assert (record.status, record.reason, record.won) == ("unknown", "source_down", None)
    assert not is_final(record)


def test_corrected_close_adds_a_revision() -> None:
    """The same again writes nothing; a price that became known, confirmed or corrected writes a new record."""
    decision = _decision()
    refused = EntryMarket(prices=DataUnavailable("source_down", "no answer"), fees=FEES)
    book: list[OutcomeRecord] = []
    written = []
    for market in (refused, refused, _market(), _market(), _market(5994.0), _market(6003.0)):
        new = changed_records([outcome_of(decision, market, NIGHT)], book)
        book += new
        written.append([record.revision for record in new])
    assert written == [[0], [], [1], [], [2], [3]]
    (valid,) = valid_records(book).values()
    assert (valid.settlement, valid.results, valid.settled_at) == (6003.0, {"natural": 497.8}, NIGHT)
