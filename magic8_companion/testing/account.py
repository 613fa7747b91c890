"""Answer requests about the account: there are no positions, orders or executions."""

from __future__ import annotations

from typing import Final

from magic8_companion.domain.trading_day import NEW_YORK
from magic8_companion.testing.codes import RequestRejected
from magic8_companion.testing.message_ids import Reply
from magic8_companion.testing.session import ClientSession
from magic8_companion.testing.wire import FieldReader

VALUES: Final = {"AccountReady": ("true", ""), "NetLiquidation": ("100000.00", "USD"), "BuyingPower": ("0.00", "USD")}
READ_ONLY: Final = "Error validating request. The API interface is currently in Read-Only mode."


def positions(session: ClientSession, _: FieldReader) -> None:
    """Answer reqPositions: there are none."""
    session.send(Reply.POSITIONS_END, 1)


def open_orders(session: ClientSession, _: FieldReader) -> None:
    """Answer reqOpenOrders and its relatives: there are none; a read-only gateway sends an error."""
    _require_writable(session)
    session.send(Reply.OPEN_ORDERS_END, 1)


def auto_open_orders(session: ClientSession, _: FieldReader) -> None:
    """Take reqAutoOpenOrders, which has no answer."""
    _require_writable(session)


def completed_orders(session: ClientSession, _: FieldReader) -> None:
    """Answer reqCompletedOrders: there are none; a read-only gateway sends an error."""
    _require_writable(session)
    session.send(Reply.COMPLETED_ORDERS_END)


def executions(session: ClientSession, fields: FieldReader) -> None:
    """Answer reqExecutions: there are none."""
    fields.skip(2)
    session.send(Reply.EXECUTIONS_END, 1, fields.integer())


def account_updates(session: ClientSession, fields: FieldReader) -> None:
    """Answer reqAccountUpdates with a few values; an end of the subscription has no answer."""
    fields.skip(2)
    if not fields.flag():
        return
    account = session.world.settings.account
    for key, (value, currency) in VALUES.items():
        session.send(Reply.ACCOUNT_VALUE, 2, key, value, currency, account)
    wall = session.world.now().astimezone(NEW_YORK)
    session.send(Reply.ACCOUNT_TIME, 1, f"{wall:%H:%M}")
    session.send(Reply.ACCOUNT_END, 1, account)


def account_updates_multi(session: ClientSession, fields: FieldReader) -> None:
    """Answer reqAccountUpdatesMulti with a few values."""
    fields.skip(2)
    request_id = fields.integer()
    for key, (value, currency) in VALUES.items():
        account = session.world.settings.account
        session.send(Reply.ACCOUNT_UPDATE_MULTI, 1, request_id, account, "", key, value, currency)
    session.send(Reply.ACCOUNT_UPDATES_MULTI_END, 1, request_id)


def account_summary(session: ClientSession, fields: FieldReader) -> None:
    """Answer reqAccountSummary with the known tags."""
    fields.skip(2)
    request_id = fields.integer()
    fields.skip()
    wanted = fields.text().split(",")
    for key, (value, currency) in VALUES.items():
        if key in wanted or "All" in wanted:
            account = session.world.settings.account
            session.send(Reply.ACCOUNT_SUMMARY, 1, request_id, account, key, value, currency)
    session.send(Reply.ACCOUNT_SUMMARY_END, 1, request_id)


def nothing(_session: ClientSession, _: FieldReader) -> None:
    """Accept a message that has no answer."""


def _require_writable(session: ClientSession) -> None:
    if session.world.settings.read_only:
        raise RequestRejected(321, READ_ONLY)
