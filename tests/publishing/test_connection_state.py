"""The state of the feed in the published file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest

from magic8_companion.domain.connection import ConnectionState
from magic8_companion.domain.errors import PublishError
from magic8_companion.publishing.documents import recommendations_document
from magic8_companion.publishing.schema import RECOMMENDATIONS, schema, validate
from tests.publishing.recommendation_sets import recommendation_set

SINCE = datetime(2024, 3, 14, 15, 1, tzinfo=UTC)
DEGRADED = ConnectionState(
    source="ib", state="degraded", why="feed_silent", since=SINCE, sentence="no tick has arrived", outage="feed_silent"
)


def document(state: ConnectionState | None) -> dict[str, Any]:
    """Return the document of a state."""
    return recommendations_document(recommendation_set(connection=state), 1)


@pytest.mark.parametrize(
    "state",
    [
        DEGRADED,
        ConnectionState(source="ib", state="connected", since=SINCE),
        ConnectionState(source="yahoo", state="connected"),
        ConnectionState(source="ib", state="needs_human", why="client_id_in_use", since=SINCE, sentence="stop it"),
    ],
)
def test_every_state_obeys_the_schema(state: ConnectionState) -> None:
    """By our validator and by an independent one."""
    made = document(state)
    validate(made, RECOMMENDATIONS)
    rules = schema(RECOMMENDATIONS)
    jsonschema.validators.validator_for(rules)(rules).validate(made)
    assert made["connection"]["state"] == state.state


def test_the_state_is_written_for_people() -> None:
    """Source, state, reason, time and sentence; what it means for the decisions stands in ``skipped``."""
    assert document(DEGRADED)["connection"] == {
        "source": "ib",
        "state": "degraded",
        "why": "feed_silent",
        "since": "2024-03-14T15:01:00Z",
        "symbols": [],
        "sentence": "no tick has arrived",
    }


@pytest.mark.parametrize(("why", "symbols"), [("stale_quotes", ["SPY"]), ("feed_silent", [])])
def test_a_problem_of_some_symbols_is_limited_to_them(why: str, symbols: list[str]) -> None:
    """Beside a problem of the whole feed those of single symbols do not count."""
    state = ConnectionState(source="ib", state="degraded", why=why, outages={"SPY": "stale_quotes"})
    assert document(state)["connection"]["symbols"] == symbols


def test_without_a_connection_the_key_is_absent() -> None:
    """Documents of recorded and simulated days are as they always were."""
    made = document(None)
    validate(made, RECOMMENDATIONS)
    assert "connection" not in made


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "fine"},
        {"state": "connected"},
        {"why": None},
        {"since": "yesterday"},
        {"advice": "none"},
    ],
)
def test_a_state_that_contradicts_itself_is_not_published(changes: dict[str, Any]) -> None:
    """Only a connected feed has no reason, and nothing unknown is told."""
    made = document(DEGRADED)
    made["connection"] |= changes
    with pytest.raises(PublishError, match="connection"):
        validate(made, RECOMMENDATIONS)
