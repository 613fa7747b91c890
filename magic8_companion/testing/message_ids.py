"""The numbers of the messages; the name of a request in lower case is its kind in scenarios and logs."""

from __future__ import annotations

from enum import IntEnum


class Request(IntEnum):
    """What a client sends."""

    MARKET_DATA = 1
    CANCEL_MARKET_DATA = 2
    PLACE_ORDER = 3
    CANCEL_ORDER = 4
    OPEN_ORDERS = 5
    ACCOUNT_UPDATES = 6
    EXECUTIONS = 7
    NEXT_ID = 8
    CONTRACT_DETAILS = 9
    LOG_LEVEL = 14
    AUTO_OPEN_ORDERS = 15
    ALL_OPEN_ORDERS = 16
    MANAGED_ACCOUNTS = 17
    HISTORICAL_BARS = 20
    EXERCISE_OPTIONS = 21
    CANCEL_HISTORICAL_BARS = 25
    CURRENT_TIME = 49
    GLOBAL_CANCEL = 58
    MARKET_DATA_TYPE = 59
    POSITIONS = 61
    ACCOUNT_SUMMARY = 62
    CANCEL_ACCOUNT_SUMMARY = 63
    CANCEL_POSITIONS = 64
    START_API = 71
    ACCOUNT_UPDATES_MULTI = 76
    CANCEL_ACCOUNT_UPDATES_MULTI = 77
    OPTION_PARAMETERS = 78
    COMPLETED_ORDERS = 99

    @property
    def kind(self) -> str:
        """Return the name that scenarios and logs use.

        >>> Request.HISTORICAL_BARS.kind
        'historical_bars'
        """
        return self.name.lower()


class Reply(IntEnum):
    """What the gateway sends."""

    TICK_PRICE = 1
    TICK_SIZE = 2
    ERROR = 4
    ACCOUNT_VALUE = 6
    ACCOUNT_TIME = 8
    NEXT_ID = 9
    CONTRACT_DETAILS = 10
    MANAGED_ACCOUNTS = 15
    HISTORICAL_BARS = 17
    OPTION_COMPUTATION = 21
    TICK_GENERIC = 45
    TICK_STRING = 46
    CURRENT_TIME = 49
    CONTRACT_DETAILS_END = 52
    OPEN_ORDERS_END = 53
    ACCOUNT_END = 54
    EXECUTIONS_END = 55
    SNAPSHOT_END = 57
    MARKET_DATA_TYPE = 58
    POSITIONS_END = 62
    ACCOUNT_SUMMARY = 63
    ACCOUNT_SUMMARY_END = 64
    ACCOUNT_UPDATE_MULTI = 73
    ACCOUNT_UPDATES_MULTI_END = 74
    OPTION_PARAMETERS = 75
    OPTION_PARAMETERS_END = 76
    TICK_PARAMETERS = 81
    HISTORICAL_UPDATE = 90
    COMPLETED_ORDERS_END = 102


ORDERS = frozenset({Request.PLACE_ORDER, Request.CANCEL_ORDER, Request.EXERCISE_OPTIONS, Request.GLOBAL_CANCEL})
"""Requests that would trade: always rejected, always a violation."""
