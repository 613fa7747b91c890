"""Answer requests about the connection itself, and reject orders."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from magic8_companion.testing.codes import RequestRejected
from magic8_companion.testing.message_ids import Reply, Request
from magic8_companion.testing.session import ClientSession
from magic8_companion.testing.wire import FieldReader

FIRST_ORDER_ID: Final = 1
FARMS_OK: Final = (2104, 2106, 2158)


def start_api(session: ClientSession, fields: FieldReader) -> None:
    """Store the client id and report that the gateway is ready; the caller has checked the id."""
    fields.skip(2)
    session.client_id = fields.integer()
    session.send(Reply.MANAGED_ACCOUNTS, 1, session.world.settings.account)
    session.send(Reply.NEXT_ID, 1, FIRST_ORDER_ID)
    for code in FARMS_OK:
        session.system(code)


def managed_accounts(session: ClientSession, _: FieldReader) -> None:
    """Answer reqManagedAccts."""
    session.send(Reply.MANAGED_ACCOUNTS, 1, session.world.settings.account)


def next_id(session: ClientSession, _: FieldReader) -> None:
    """Answer reqIds."""
    session.send(Reply.NEXT_ID, 1, FIRST_ORDER_ID)


def current_time(session: ClientSession, _: FieldReader) -> None:
    """Answer reqCurrentTime, wrongly when the gateway's clock is."""
    session.send(Reply.CURRENT_TIME, 1, int(gateway_seconds(session)))


def gateway_seconds(session: ClientSession) -> float:
    """Return the gateway's idea of the current time, in seconds since the epoch."""
    skew = session.world.active_faults.find("clock_skew")
    shift = timedelta(seconds=skew.fault.number("by")) if skew else timedelta(0)
    return (session.world.now() + shift).timestamp()


def order(session: ClientSession, fields: FieldReader) -> None:
    """Reject orders."""
    kind = Request(fields.integer()).kind
    session.world.violate("order", f"{kind} was sent to a gateway that only shows data", session.number)
    raise RequestRejected(321, "Error validating request. This gateway takes no orders.")
