"""The table of IB's codes, row by row."""

from __future__ import annotations

import pytest

from magic8_companion.providers.ib.codes import (
    MESSAGES,
    Effect,
    IBRefusal,
    effect_of,
    ends_request,
    message_of,
    reason_of,
    unavailable,
)
from tests.providers.ib.drawn_codes import ENDING, FLOWING, PUBLISHED


@pytest.mark.parametrize(
    ("code", "effect"),
    [
        (100, Effect.TOO_MANY_MESSAGES),
        (101, Effect.TOO_MANY_LINES),
        (162, Effect.REFUSED),
        (200, Effect.REFUSED),
        (321, Effect.REFUSED),
        (326, Effect.CLIENT_ID_TAKEN),
        (354, Effect.NOT_SUBSCRIBED),
        (1100, Effect.LINK_LOST),
        (1101, Effect.LINK_BACK_EMPTY),
        (1102, Effect.LINK_BACK),
        (2103, Effect.QUOTES_BROKEN),
        (2104, Effect.QUOTES_REPAIRED),
        (2105, Effect.BARS_BROKEN),
        (2106, Effect.BARS_REPAIRED),
        (2107, Effect.NOTHING),
        (2108, Effect.NOTHING),
        (2110, Effect.LINK_LOST),
        (2157, Effect.CONTRACTS_BROKEN),
        (2158, Effect.CONTRACTS_REPAIRED),
        (10090, Effect.PARTIAL),
        (10167, Effect.DELAYED),
        (10168, Effect.NOT_SUBSCRIBED),
        (10089, Effect.NOT_SUBSCRIBED),
        (10186, Effect.NOT_SUBSCRIBED),
        (10091, Effect.PARTIAL),
        (420, Effect.REFUSED),
        (1300, Effect.LINK_LOST),
        (10182, Effect.BARS_STOPPED),
        (10197, Effect.COMPETING_SESSION),
    ],
)
def test_each_code_has_its_effect(code: int, effect: Effect) -> None:
    """Every code of the contract does what its row says."""
    assert effect_of(code) is effect


@pytest.mark.parametrize("code", [10167, 10090, 10091, 165, 300, 310, 366, 2119, 2150])
def test_what_only_informs_does_not_end_a_request(code: int) -> None:
    """Delayed or partial data flow on, and warnings are no answers."""
    assert not ends_request(code)


@pytest.mark.parametrize("code", [100, 101, 162, 200, 321, 354, 10168, 10197, 504, 10089])
def test_what_refuses_ends_its_request(code: int) -> None:
    """An error under a request's id is its answer, known code or not."""
    assert ends_request(code)


@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        (162, "Historical Market Data Service error message: Historical data request pacing violation", "pacing"),
        (162, "Historical Market Data Service error message: HMDS query returned no data: SPY", "no_data"),
        (162, "Historical Market Data Service error message: No market data permissions for ARCA STK", "no_permission"),
        (162, "Historical Market Data Service error message: HMDS server disconnect occurred.", "history_failed"),
        (200, "No security definition has been found for the request", "contract_unknown"),
        (321, "Error validating request", "request_refused"),
        (354, "Requested market data is not subscribed", "no_permission"),
        (10168, "Delayed market data is not enabled", "no_permission"),
        (10197, "No market data during competing live session", "competing_session"),
        (101, "Max number of tickers has been reached", "no_free_line"),
        (10089, "Requested market data requires additional subscription", "no_permission"),
        (162, "Trading TWS session is connected from a different IP address", "competing_session"),
        (420, "Invalid Real-time Query: Historical data request pacing violation", "pacing"),
        (504, "Not connected", "ib_disconnected"),
        (399, "Order Message", "ib_error_399"),
        (99_999, "new", "ib_error_99999"),
    ],
)
def test_reasons_are_short_codes(code: int, text: str, reason: str) -> None:
    """The text of 162 decides; a code that nobody can foresee is published as itself."""
    assert reason_of(code, text) == reason
    assert unavailable("the bars of SPY", IBRefusal(code, text)).reason == reason


def test_every_refusal_has_a_reason_and_a_sentence() -> None:
    """An operator reads what to do, whatever the code; codes about orders say that none was placed."""
    for code in (*range(100, 600), *range(1100, 1400), *range(2100, 2200), *range(10_000, 10_400)):
        row = message_of(code)
        assert row.remedy, code
        if ends_request(code) and not row.effect.name.startswith(("LINK", "QUOTES", "BARS_", "CONTRACTS")):
            assert row.reason, code
    assert "places none" in message_of(201).remedy


def test_every_published_code_is_classed() -> None:
    """Each code of IB's list is known, about orders, other requests or sending, or a warning."""
    assert message_of(99_999).remedy == "please report this"
    for code in (code for codes in PUBLISHED for code in codes):
        row = message_of(code)
        assert code in MESSAGES or row.remedy != "please report this", code
    assert "does not make" in message_of(385).remedy
    assert reason_of(550, "Start API Sending Error") == "ib_disconnected"


def test_every_code_that_our_requests_draw_is_in_the_list() -> None:
    """The scenarios of the gateway are of published codes."""
    published = {code for codes in PUBLISHED for code in codes}
    assert {code for codes in (*ENDING.values(), FLOWING) for code in codes} <= published
