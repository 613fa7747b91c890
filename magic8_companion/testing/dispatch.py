"""Map each request to the function that answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from magic8_companion.testing import account, details, history, streams, system
from magic8_companion.testing.contracts import instrument_by_id
from magic8_companion.testing.message_ids import ORDERS, Request
from magic8_companion.testing.session import ClientSession
from magic8_companion.testing.wire import FieldReader

Handler = Callable[[ClientSession, FieldReader], None]

HANDLERS: Final[Mapping[Request, Handler]] = {
    Request.MARKET_DATA: streams.market_data,
    Request.CANCEL_MARKET_DATA: streams.cancel_market_data,
    Request.MARKET_DATA_TYPE: streams.market_data_type,
    Request.CONTRACT_DETAILS: details.contract_details,
    Request.OPTION_PARAMETERS: details.option_parameters,
    Request.HISTORICAL_BARS: history.historical_bars,
    Request.CANCEL_HISTORICAL_BARS: history.cancel_historical_bars,
    Request.OPEN_ORDERS: account.open_orders,
    Request.ALL_OPEN_ORDERS: account.open_orders,
    Request.AUTO_OPEN_ORDERS: account.auto_open_orders,
    Request.COMPLETED_ORDERS: account.completed_orders,
    Request.EXECUTIONS: account.executions,
    Request.POSITIONS: account.positions,
    Request.CANCEL_POSITIONS: account.nothing,
    Request.ACCOUNT_UPDATES: account.account_updates,
    Request.ACCOUNT_UPDATES_MULTI: account.account_updates_multi,
    Request.CANCEL_ACCOUNT_UPDATES_MULTI: account.nothing,
    Request.ACCOUNT_SUMMARY: account.account_summary,
    Request.CANCEL_ACCOUNT_SUMMARY: account.nothing,
    Request.LOG_LEVEL: account.nothing,
    Request.START_API: system.start_api,
    Request.MANAGED_ACCOUNTS: system.managed_accounts,
    Request.NEXT_ID: system.next_id,
    Request.CURRENT_TIME: system.current_time,
    **dict.fromkeys(ORDERS, system.order),
}

_ID_AFTER: Final = {
    Request.MARKET_DATA: 2,
    Request.CANCEL_MARKET_DATA: 2,
    Request.CONTRACT_DETAILS: 2,
    Request.OPTION_PARAMETERS: 1,
    Request.HISTORICAL_BARS: 1,
    Request.CANCEL_HISTORICAL_BARS: 2,
    Request.PLACE_ORDER: 1,
    Request.CANCEL_ORDER: 2,
    Request.EXERCISE_OPTIONS: 2,
    Request.ACCOUNT_UPDATES_MULTI: 2,
    Request.ACCOUNT_SUMMARY: 2,
    Request.EXECUTIONS: 2,
}

_CONTRACT_AFTER: Final = {Request.MARKET_DATA: 3, Request.CONTRACT_DETAILS: 3, Request.HISTORICAL_BARS: 2}


def request_id_of(request: Request, fields: list[str]) -> int:
    """Return the id under which a request is answered, -1 for requests without one."""
    place = _ID_AFTER.get(request)
    if place is None or place >= len(fields) or not fields[place].isdigit():
        return -1
    return int(fields[place])


def symbol_of(request: Request, fields: list[str]) -> str:
    """Return the symbol of a request, or an empty text."""
    place = _CONTRACT_AFTER.get(request)
    if request is Request.OPTION_PARAMETERS and len(fields) > 2:
        return fields[2].upper()
    if place is None or place + 1 >= len(fields):
        return ""
    con_id, symbol = fields[place : place + 2]
    known = instrument_by_id(int(con_id)) if con_id.isdigit() else None
    return known.symbol if known else symbol.upper()
