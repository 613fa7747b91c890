"""What the connection is worth, for operators and for what was decided from its data."""

from __future__ import annotations

from datetime import timedelta

import pytest

from magic8_companion.domain.connection import CONNECTED, DEGRADED, NEEDS_HUMAN
from magic8_companion.providers.ib.codes import Effect
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.connection_health import BLIP, FEED_SILENT, NOT_CONNECTED, ConnectionHealth
from magic8_companion.providers.ib.provider import IBProvider
from tests.providers.ib.fakes import MORNING, Openings, SteppedClock

LATER = MORNING + BLIP


def healthy() -> ConnectionHealth:
    """Return a link on which data flow in an open market."""
    link = ConnectionHealth(MORNING)
    link.connected(MORNING)
    link.expects_data = True
    link.fresh_tick()
    return link


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
    link = healthy()
    link.notice(effect, "as IB says", MORNING)
    assert link.outage(LATER - timedelta(seconds=1)) is None
    assert link.outage(LATER) == reason
    assert link.state(LATER) == DEGRADED
    link.fresh_tick()
    link.fresh_bar()
    assert link.outage(LATER) is None


@pytest.mark.parametrize(
    ("why", "reason"),
    [("client_id_in_use", "client_id_in_use"), ("gateway_too_old", "gateway_too_old"), (NOT_CONNECTED, None)],
)
def test_a_loss_for_good_is_an_outage_at_once(why: str, reason: str | None) -> None:
    """Other losses may be over in a moment."""
    link = healthy()
    link.lost(why, "a sentence", MORNING)
    assert link.outage(MORNING) == reason
    assert link.state(MORNING) == (DEGRADED if reason is None else NEEDS_HUMAN)


def test_silence_was_heard_long_enough_already() -> None:
    """The feed has waited, so nothing more is waited for."""
    link = healthy()
    link.add(FEED_SILENT, "no tick", MORNING)
    assert link.outage(MORNING) == "feed_silent"


def test_nothing_is_awaited_while_nothing_is_due() -> None:
    """Before the open a new connection without ticks is well; in the session it is an outage after ten seconds."""
    link = ConnectionHealth(MORNING)
    link.connected(MORNING)
    assert (link.state(LATER), link.outage(LATER)) == (CONNECTED, None)
    link.expects_data = True
    assert (link.state(LATER), link.outage(LATER)) == (DEGRADED, "feed_silent")


@pytest.mark.parametrize("back", [Effect.LINK_BACK, Effect.LINK_BACK_EMPTY])
def test_an_outage_ends_with_fresh_data_and_not_with_good_news(back: Effect) -> None:
    """1101, 1102 and a new connection only promise; a quote proves."""
    link = healthy()
    link.notice(Effect.LINK_LOST, "1100", MORNING)
    link.notice(back, "back", LATER)
    assert link.outage(LATER) == "feed_silent"
    link.lost(NOT_CONNECTED, "and gone again", LATER)
    link.connected(LATER + BLIP)
    assert link.outage(LATER + BLIP) == "feed_silent"
    link.fresh_tick()
    assert link.outage(LATER + BLIP) is None


def test_health_and_the_published_state_agree() -> None:
    """A provider that was never asked has no state to publish."""
    clock = SteppedClock()
    provider = IBProvider(clock, IBConfig(), Openings(clock))
    assert provider.connection() is None
    assert provider.health()["state"] == DEGRADED
