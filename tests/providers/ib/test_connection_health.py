"""What the connection is worth, for operators and for what was decided from its data."""

from __future__ import annotations

from datetime import timedelta

import pytest

from magic8_companion.domain.connection import CONNECTED, DEGRADED, NEEDS_HUMAN
from magic8_companion.providers.ib.codes import Effect
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.connection_health import FEED_SILENT, NOT_CONNECTED, SHORT_OUTAGE, ConnectionHealth
from magic8_companion.providers.ib.provider import IBProvider
from tests.providers.ib.fakes import MORNING, Openings, SteppedClock

LATER = MORNING + SHORT_OUTAGE


def healthy() -> ConnectionHealth:
    """Return a link on which data flow in an open market."""
    health = ConnectionHealth(MORNING)
    health.connected(MORNING)
    health.expects_data = True
    health.fresh_tick()
    return health


@pytest.mark.parametrize(
    ("effect", "reason"),
    [
        (Effect.LINK_LOST, "ib_disconnected"),
        (Effect.COMPETING_SESSION, "competing_session"),
        (Effect.QUOTES_BROKEN, "quotes_broken"),
        (Effect.BARS_BROKEN, None),
        (Effect.CONTRACTS_BROKEN, None),
    ],
)
def test_a_trouble_that_lasts_is_an_outage_if_prices_are_gone(effect: Effect, reason: str | None) -> None:
    """Not before ten seconds, and not at all while prices are fresh."""
    health = healthy()
    health.notice(effect, "as IB says", MORNING)
    assert health.outage(LATER - timedelta(seconds=1)) is None
    assert health.outage(LATER) == reason
    assert health.state(LATER) == DEGRADED
    health.fresh_tick()
    health.fresh_bar()
    assert health.outage(LATER) is None


@pytest.mark.parametrize(
    ("why", "reason"),
    [("client_id_in_use", "client_id_in_use"), ("gateway_too_old", "gateway_too_old"), (NOT_CONNECTED, None)],
)
def test_a_loss_for_good_is_an_outage_at_once(why: str, reason: str | None) -> None:
    """Other losses may be over in a moment."""
    health = healthy()
    health.lost(why, "a sentence", MORNING)
    assert health.outage(MORNING) == reason
    assert health.state(MORNING) == (DEGRADED if reason is None else NEEDS_HUMAN)


def test_silence_was_heard_long_enough_already() -> None:
    """The feed has waited, so nothing more is waited for."""
    health = healthy()
    health.add(FEED_SILENT, "no tick", MORNING)
    assert health.outage(MORNING) == "feed_silent"


def test_nothing_is_awaited_while_nothing_is_due() -> None:
    """Before the open a new connection without ticks is well; in the session it is an outage after ten seconds."""
    health = ConnectionHealth(MORNING)
    health.connected(MORNING)
    assert (health.state(LATER), health.outage(LATER)) == (CONNECTED, None)
    health.expects_data = True
    assert (health.state(LATER), health.outage(LATER)) == (DEGRADED, "feed_silent")


@pytest.mark.parametrize("back", [Effect.LINK_BACK, Effect.LINK_BACK_EMPTY])
def test_an_outage_ends_with_fresh_data_and_not_with_good_news(back: Effect) -> None:
    """1101, 1102 and a new connection only promise; a quote proves."""
    health = healthy()
    health.notice(Effect.LINK_LOST, "1100", MORNING)
    health.notice(back, "back", LATER)
    assert health.outage(LATER) == "feed_silent"
    health.lost(NOT_CONNECTED, "and gone again", LATER)
    health.connected(LATER + SHORT_OUTAGE)
    assert health.outage(LATER + SHORT_OUTAGE) == "feed_silent"
    health.fresh_tick()
    assert health.outage(LATER + SHORT_OUTAGE) is None


def test_health_and_the_published_state_agree() -> None:
    """A provider that was never asked has no state to publish."""
    clock = SteppedClock()
    provider = IBProvider(clock, IBConfig(), Openings(clock))
    assert provider.connection() is None
    assert provider.health()["state"] == DEGRADED
