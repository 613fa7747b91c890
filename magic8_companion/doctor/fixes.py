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
    "start TWS or IB Gateway and log in; in its API settings, enable socket clients on port {ib_port}, keep Read-Only "
    "API on (M8C_IB_HOST={ib_host}, M8C_IB_PORT: 7497/7496 for TWS paper/live, 4002/4001 for the Gateway)"
)
_LATER: Final = "nothing to fix: run the doctor again while the exchange is open"
_CHAIN: Final = "nothing to fix if no option of the symbol expires today; the rules then work without a chain"
_AGAIN: Final = "run the doctor again in some minutes; fetch a recorded day again"

_FIXES: Final = {
    "ib_disconnected": _GATEWAY,
    "gateway_silent": "finish the login of the gateway (second factor), close its dialogs, or restart it",
    "gateway_too_old": "update TWS or IB Gateway to a current version",
    "client_id_in_use": "stop the other program with client id {ib_client_id}, or choose another M8C_IB_CLIENT_ID",
    "clock_skew": "set this machine's clock by NTP (Linux: timedatectl set-ntp true)",
    "competing_session": "log out the other TWS, app or web portal that uses this user's live data",
    "no_permission": (
        "subscribe to the data of {symbol} in IB's Client Portal (Settings, Market Data Subscriptions), or use delayed "
        "data with M8C_IB_ALLOW_DELAYED=true"
    ),
    "contract_unknown": (
        "wait 15 minutes, because IB's maintenance gives the same error; then remove {symbol} from "
        "M8C_SUPPORTED_SYMBOLS"
    ),
    "unknown_product": "remove {symbol} from M8C_SUPPORTED_SYMBOLS: the host does not know where IB lists it",
    "feed_silent": "check in TWS whether {symbol} moves; restart the gateway if it does",
    "stale_quotes": "check in TWS whether {symbol} moves; restart the gateway if it does",
    "bad_spot": "check in TWS whether {symbol} has a price; its data may not be subscribed",
    "price_jump": "compare the price and bars of {symbol} with another source; see docs/plausible_data.md",
    "implausible_vix": "compare the VIX with another source; see docs/plausible_data.md",
    "pacing": "wait ten minutes: IB limits history requests; no other program should request history at the same time",
    "no_free_line": "close other data windows of this user, or lower M8C_IB_MARKET_DATA_LINES to what IB grants",
    "vix_not_asked": "set M8C_VIX_IB_RETRY_COUNT=1, or M8C_IBKR_FALLBACK_TO_YAHOO=true",
    "history_broken": "wait: IB's history servers are down",
    "history_failed": "run the doctor again in some minutes; restart the gateway if the error remains",
    "quotes_broken": "wait: IB's market-data servers are down",
    "request_refused": "report this bug: IB rejected a request as invalid; the host repeats it with a growing pause",
    "ib_server_error": "wait some minutes: IB's server reports an internal error",
    "rate_limited": "wait 15 minutes, and request fewer symbols from Yahoo",
    "source_down": "check the network of this machine, then try again later",
    "bad_answer": "update the Yahoo library: pip install --upgrade 'yfinance>=1.7,<2'",
    "timeout": "check the network, then raise M8C_IB_REQUEST_TIMEOUT (now {ib_request_timeout:g} s)",
    "no_data": "check the spelling of {symbol} in M8C_SUPPORTED_SYMBOLS, and whether the recordings contain it",
    "missing_bars": "run the doctor again in some minutes; if the error remains, the source has no data of this symbol",
    "bars_gap": _AGAIN,
    "bad_chain": "run the doctor again in a minute; then check whether the source has options of {symbol}",
    "bad_file": "remove the file that the message names, or fetch it again",
    "bad_bars": _AGAIN,
    "stale_bars": "check whether the source delays its data; M8C_MAX_DATA_AGE_MINUTES is {max_data_age_minutes}",
    "market_closed": _LATER,
    "no_bars_yet": _LATER,
    "no_0dte_chain": _CHAIN,
    "no_chain": _CHAIN,
    "missing_vix": "fetch the VIX as well: magic8 collect --symbols VIX; the rules need its daily rows",
    "no_chain_recorded": "nothing to fix: without a recorded chain the rules work from bars and the VIX",
    "no_quotes": "nothing to fix: Yahoo has no quotes of index options; only ib has real chains of {symbol}",
    "chain_incomplete": "run the doctor again in a minute; early in the day many strikes have no quote",
}
_OTHER: Final = "run the host with M8C_LOG_LEVEL=DEBUG and find the request in its log"


def status_of(reason: str) -> str:
    """Return the status of a reason: a closed exchange is OK, a missing chain is a warning."""
    return _STATUS.get(reason, FAILED)


def fix_for(reason: str, symbol: str, settings: Settings) -> str:
    """Return the fix of a reason."""
    known = {name: getattr(settings, name) for name in type(settings).model_fields}
    return _FIXES.get(reason, _OTHER).format(symbol=symbol, **known)
