"""Map the published reasons of a feed to fixes."""

from __future__ import annotations

from typing import Final

from magic8_companion.doctor.check import FAILED, SKIPPED, WARNING
from magic8_companion.unified_config import Settings

ENDS_IT: Final = frozenset(
    {
        "ib_disconnected",
        "client_id_in_use",
        "gateway_silent",
        "gateway_too_old",
        "clock_skew",
        "competing_session",
        "source_down",
        "rate_limited",
        "closed",
    }
)
"""Reasons that every further request would get as well."""

_STATUS: Final = {
    "market_closed": SKIPPED,
    "no_bars_yet": SKIPPED,
    "no_0dte_chain": WARNING,
    "no_chain": WARNING,
    "no_chain_recorded": WARNING,
    "no_quotes": WARNING,
    "chain_incomplete": WARNING,
}

_GATEWAY: Final = (
    "start TWS or IB Gateway and log in; there, under API settings, enable socket clients on port {ib_port} and keep "
    "Read-Only API on (M8C_IB_HOST={ib_host}, M8C_IB_PORT: 7497/7496 for TWS paper/live, 4002/4001 for the Gateway)"
)
_LATER: Final = "nothing to repair: ask again while the exchange is open"
_CHAIN: Final = "nothing to repair if the symbol has no options that expire today; rules then work without a chain"

_FIXES: Final = {
    "ib_disconnected": _GATEWAY,
    "gateway_silent": "finish the login of the gateway (two-factor), confirm its dialogs, or restart it",
    "gateway_too_old": "update TWS or IB Gateway to a current version",
    "client_id_in_use": "stop the other program with client id {ib_client_id}, or choose another M8C_IB_CLIENT_ID",
    "clock_skew": "set this machine's clock by NTP (Linux: timedatectl set-ntp true)",
    "competing_session": "log out the other TWS, app or web portal that uses this user's live data",
    "no_permission": (
        "subscribe to the data of {symbol} in IB's Client Portal (Settings, Market Data Subscriptions), or take "
        "delayed data with M8C_IB_ALLOW_DELAYED=true"
    ),
    "contract_unknown": "take {symbol} out of M8C_SUPPORTED_SYMBOLS; after IB's nightly maintenance try again first",
    "feed_silent": "look in TWS whether {symbol} moves; restart the gateway if it does",
    "stale_quotes": "look in TWS whether {symbol} moves; restart the gateway if it does",
    "bad_spot": "look in TWS whether {symbol} has a price; it may not be subscribed",
    "pacing": "wait ten minutes: IB limits history requests; no other program should request history at the same time",
    "no_free_line": "close other data windows of this user, or lower M8C_IB_MARKET_DATA_LINES to what IB grants",
    "vix_not_asked": "set M8C_VIX_IB_RETRY_COUNT=1, or M8C_IBKR_FALLBACK_TO_YAHOO=true",
    "history_broken": "wait: IB's history servers are down",
    "history_failed": "ask again in some minutes; if it stays, restart the gateway",
    "quotes_broken": "wait: IB's market-data servers are down",
    "request_refused": "report it: IB rejected a request of this program as invalid, and it is never repeated",
    "rate_limited": "wait a quarter of an hour, and ask Yahoo for fewer symbols",
    "source_down": "check the network of this machine, then try again later",
    "bad_answer": "update the reader of Yahoo: pip install --upgrade 'yfinance>=1.7,<2'",
    "timeout": "check the network, then raise M8C_IB_REQUEST_TIMEOUT (now {ib_request_timeout:g} s)",
    "no_data": "check the spelling of {symbol} in M8C_SUPPORTED_SYMBOLS, or whether the recordings hold it",
    "missing_bars": "try again in some minutes; if it stays, the source does not have this symbol",
    "bars_gap": "try again in some minutes; a recorded day must be fetched again",
    "bad_chain": "ask again in a minute; if it stays, look whether the source has options of {symbol}",
    "bad_file": "remove the file that the message names, or fetch it again",
    "bad_bars": "try again in some minutes; a recorded day must be fetched again",
    "stale_bars": "look whether the source delays its data; M8C_MAX_DATA_AGE_MINUTES is {max_data_age_minutes}",
    "market_closed": _LATER,
    "no_bars_yet": _LATER,
    "no_0dte_chain": _CHAIN,
    "no_chain": _CHAIN,
    "no_chain_recorded": "nothing to repair: rules work from bars and VIX where no chain was recorded",
    "no_quotes": "nothing to repair: Yahoo has no quotes of index options; only ib has real chains of {symbol}",
    "chain_incomplete": "ask again in a minute; early in the day many strikes have no quote",
}
_OTHER: Final = "run the host with M8C_LOG_LEVEL=DEBUG and look for the request in its log"


def status_of(reason: str) -> str:
    """Return the status of a reason: a closed exchange is OK, a missing chain is a warning."""
    return _STATUS.get(reason, FAILED)


def fix_for(reason: str, symbol: str, settings: Settings) -> str:
    """Return the fix of a reason."""
    known = {name: getattr(settings, name) for name in type(settings).model_fields}
    return _FIXES.get(reason, _OTHER).format(symbol=symbol, **known)
