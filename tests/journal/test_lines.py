"""A record and its line mean the same; whatever is not exactly a record is refused."""

from __future__ import annotations

import math

import orjson
import pytest

from magic8_companion.domain.errors import PublishError
from magic8_companion.journal.lines import DamagedLine, decode_line, encode_line
from magic8_companion.journal.records import KINDS, Record
from tests.journal.journal_records import AT, decision, others, outcome

PREV = "a" * 64
RECORDS: list[Record] = [decision(1), outcome(), *others()]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_every_kind_of_record_survives_its_line(record: Record) -> None:
    """The line is plain JSON with version, kind and the hash of the line before; its record is equal."""
    line = encode_line(record, PREV)
    assert decode_line(line) == record
    plain = orjson.loads(line)
    assert (plain["version"], KINDS[plain["kind"]], plain["prev"]) == (2, type(record), PREV)


def test_every_kind_has_a_record_in_these_tests() -> None:
    """No kind is left out of the round trip."""
    assert {type(record) for record in RECORDS} == set(KINDS.values())


def test_a_line_of_the_first_version_is_read_as_a_decision_without_content() -> None:
    """Journals from before the version can still be read."""
    line = (
        b'{"seq":7,"timestamp":"2024-03-14T15:05:06Z","kind":"ml_predictions_5min","symbol":"SPY","decision":"No_Trade",'
        b'"reason":"quiet","inputs_sha256":null,"document_sha256":"' + b"0" * 64 + b'","prev":"' + b"1" * 64 + b'"}'
    )
    record = decode_line(line)
    assert record == decision(
        7,
        "SPY",
        timestamp=AT,
        document="ml_predictions_5min",
        decision="No_Trade",
        document_sha256="0" * 64,
        **dict.fromkeys(("decided_at", "valid_until", "data_source", "data_status", "ml_status", "recommendation")),
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b'"version":2', b'"version":3', "kind outcome of version 3 is unknown to this release"),
        (b'"kind":"outcome"', b'"kind":"omen"', "kind omen of version 2 is unknown to this release"),
        (b'"revision":0', b'"revision":"0"', "revision: Input should be a valid integer"),
        (b'"revision":0', b'"revision":0,"fine":1', "fine: Unexpected keyword argument"),
        (b'"symbol":"SPX",', b"", "symbol: Field required"),
        (b'"score":81.5', b'"score":NaN', "score: Input should be a finite number"),
        (
            b'"settled_at":"2024-03-14T21:05:06Z"',
            b'"settled_at":"2024-03-14T21:05:06"',
            "settled_at: Input should have",
        ),
        (b'"prev":"aa', b'"prev":"zz', "the line does not end with the hash of the line before it"),
        (b'"score":81.5', b'"score":81.5}', "line: Invalid JSON"),
    ],
)
def test_a_line_that_is_not_exactly_a_record_is_refused(old: bytes, new: bytes, problem: str) -> None:
    """The sentence names the field."""
    line = encode_line(outcome(), PREV)
    assert old in line
    with pytest.raises(DamagedLine, match=problem):
        decode_line(line.replace(old, new))


def test_a_record_that_would_not_come_back_is_not_written() -> None:
    """JSON has no word for NaN: such a number is refused and not written as nothing."""
    with pytest.raises(PublishError, match=r"OutcomeRecord cannot be written: score"):
        encode_line(outcome(score=math.nan), PREV)
    with pytest.raises(PublishError, match=r"OutcomeRecord would be read back as another one"):
        encode_line(outcome(worst=math.nan), PREV)
    with pytest.raises(PublishError, match=r"settled_at: Input should have timezone info"):
        encode_line(outcome(settled_at=AT.replace(tzinfo=None)), PREV)
