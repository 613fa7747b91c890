"""Market data: subscriptions within the line budget and the permissions, and the ticks that keep them up to date."""

from __future__ import annotations

from datetime import timedelta

from magic8_companion.testing.codes import NOT_SUBSCRIBED, PARTLY, RequestRejected
from magic8_companion.testing.contracts import Instrument, read_query
from magic8_companion.testing.message_ids import Reply
from magic8_companion.testing.session import ClientSession
from magic8_companion.testing.subscription import Subscription
from magic8_companion.testing.ticks import ticks_of
from magic8_companion.testing.wire import FieldReader
from magic8_companion.testing.world import World

_LIVE, _FROZEN, _DELAYED, _DELAYED_FROZEN = 1, 2, 3, 4


def market_data(session: ClientSession, fields: FieldReader) -> None:
    """Answer reqMktData: the first ticks at once (or late), then changes until it is cancelled."""
    world = session.world
    fields.skip(2)
    request_id, query = fields.integer(), read_query(fields)
    if fields.flag():
        raise RequestRejected(321, "Error validating request. Delta-neutral contracts are not known here.")
    generic, snapshot = fields.text(), fields.flag()
    if request_id in session.subscriptions:
        raise RequestRejected(322)
    instrument = world.listing.single(query, world.now())
    if snapshot and generic:
        raise RequestRejected(321, "Error validating request. Snapshot market data has no generic ticks.")
    _require_line(session, request_id)
    late = world.active_faults.find("late", instrument.symbol)
    delay = timedelta(seconds=late.fault.number("delay")) if late else timedelta(0)
    subscription = Subscription(
        request_id=request_id,
        instrument=instrument,
        generic_ticks=frozenset(int(part) for part in generic.split(",") if part.strip().isdigit()),
        snapshot=snapshot,
        begins_at=world.now() + delay,
    )
    session.subscriptions[request_id] = subscription
    _apply_permissions(session, subscription)
    _send_ticks(session, subscription)


def cancel_market_data(session: ClientSession, fields: FieldReader) -> None:
    """Handle cancelMktData and release the line."""
    fields.skip(2)
    request_id = fields.integer()
    if request_id not in session.subscriptions:
        raise RequestRejected(300)
    _end(session, request_id)


def market_data_type(session: ClientSession, fields: FieldReader) -> None:
    """Take reqMarketDataType: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen."""
    fields.skip(2)
    wanted = fields.integer()
    if wanted not in {_LIVE, _FROZEN, _DELAYED, _DELAYED_FROZEN}:
        raise RequestRejected(321, f"Error validating request. Market data type {wanted} is not known.")
    session.market_data_type = wanted


def update_ticks(session: ClientSession) -> None:
    """Send what has changed since the last time."""
    for subscription in tuple(session.subscriptions.values()):
        _send_ticks(session, subscription)


def review_permissions(session: ClientSession) -> None:
    """Apply the current permissions to the open lines."""
    for subscription in tuple(session.subscriptions.values()):
        try:
            _apply_permissions(session, subscription)
        except RequestRejected as refused:
            session.refuse(subscription.request_id, refused)


def is_halted(world: World) -> bool:
    """Return whether all market data are stopped."""
    farm = world.active_faults.find("farm_broken")
    broken = farm is not None and farm.fault.text("farm") == "data"
    return broken or bool(world.active_faults.find("link_lost") or world.active_faults.find("competing_session"))


def _require_line(session: ClientSession, request_id: int) -> None:
    world = session.world
    if not world.take_line():
        text = f"request {request_id} exceeds the budget of {world.settings.line_budget} market-data lines"
        world.violate("lines", text, session.number)
        raise RequestRejected(101)


def _apply_permissions(session: ClientSession, subscription: Subscription) -> None:
    world, symbol = session.world, subscription.instrument.symbol
    if world.active_faults.find("competing_session"):
        session.error(subscription.request_id, 10197)
    code = _permission_code(session, subscription.instrument)
    if code in NOT_SUBSCRIBED:
        _end(session, subscription.request_id)
        raise RequestRejected(code, f"Requested market data is not subscribed. {symbol}" if code == 354 else "")
    if code is not None:
        subscription.delayed = code == 10167
        subscription.without_greeks = code in PARTLY
        session.error(subscription.request_id, code)


def _permission_code(session: ClientSession, instrument: Instrument) -> int | None:
    active_faults = session.world.active_faults
    if refused := active_faults.find("no_permission", instrument.symbol):
        return int(refused.fault.number("code"))
    if late := active_faults.find("delayed_only", instrument.symbol):
        wants_delayed = session.market_data_type in {_DELAYED, _DELAYED_FROZEN}
        return 10167 if wants_delayed else int(late.fault.number("code"))
    return None


def _send_ticks(session: ClientSession, subscription: Subscription) -> None:
    world, request_id = session.world, subscription.request_id
    if subscription.silent or world.now() < subscription.begins_at or is_halted(world):
        return
    _announce(session, subscription)
    for tick in ticks_of(world, subscription, session.market_data_type):
        key = (int(tick.message), tick.type)
        if subscription.sent.get(key) != tick.values:
            subscription.sent[key] = tick.values
            session.send(*tick.fields(request_id))
    if subscription.snapshot:
        session.send(Reply.SNAPSHOT_END, 1, request_id)
        _end(session, request_id)


def _announce(session: ClientSession, subscription: Subscription) -> None:
    kinds = (_DELAYED, _DELAYED_FROZEN) if subscription.delayed else (_LIVE, _FROZEN)
    kind = kinds[session.market_data_type in {_FROZEN, _DELAYED_FROZEN}]
    if subscription.announced == kind:
        return
    if not subscription.announced:
        session.send(Reply.TICK_PARAMETERS, subscription.request_id, 0.01, "9c0001", 3)
    subscription.announced = kind
    session.send(Reply.MARKET_DATA_TYPE, 1, subscription.request_id, kind)


def _end(session: ClientSession, request_id: int) -> None:
    del session.subscriptions[request_id]
    session.world.return_line()
