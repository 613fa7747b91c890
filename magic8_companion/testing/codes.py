"""The gateway's error and system codes with their usual sentences (shortened, in our words where IB's vary)."""

from __future__ import annotations

from typing import Final

SYSTEM: Final = -1
"""The request id of messages without a request."""

TEXTS: Final = {
    100: "Max rate of messages per second has been exceeded: max=50",
    101: "Max number of tickers has been reached.",
    102: "Duplicate ticker ID.",
    138: "Could not parse ticker request:",
    139: "Parsing error:",
    143: "Requested ID is not an integer number.",
    145: "Error in validating entry fields",
    162: "Historical Market Data Service error message: Historical data request pacing violation",
    165: "Historical Market Data Service query message: HMDS server connection was successful.",
    166: "HMDS expired contract violation.",
    200: "No security definition has been found for the request",
    203: "The security is not available or allowed for this account.",
    300: "Can't find EId with tickerId",
    305: "Request parsing error, the request has been ignored.",
    320: "Error reading request.",
    321: "Error validating request.",
    322: "Error processing request. Duplicate ticker ID for API requests.",
    323: "Server error: cause - internal",
    326: "Unable to connect as the client id is already in use. Retry with a unique client id.",
    336: "The time or time zone is invalid.",
    337: "The date, time, or time-zone entered is invalid.",
    343: "The date, time, or time-zone entered is invalid.",
    354: "Requested market data is not subscribed.",
    357: "Your client version is out of date.",
    366: "No historical data query found for ticker id",
    386: "Duplicate ticker ID for API historical data query.",
    391: "The time or time-zone entered is invalid.",
    406: "The currency is not allowed.",
    407: "The symbol should contain valid non-unicode characters only.",
    412: "The contract is not available for trading.",
    414: "Snapshot market data subscription is not applicable to generic ticks.",
    420: "Invalid Real-time Query: pacing violation",
    421: "Invalid route.",
    431: "What to show field is missing or incorrect.",
    438: "The application is now locked.",
    502: "Couldn't connect to TWS.",
    1100: "Connectivity between IB and Trader Workstation has been lost.",
    1101: "Connectivity between IB and Trader Workstation has been restored - data lost.",
    1102: "Connectivity between IB and Trader Workstation has been restored - data maintained.",
    1300: (
        "TWS socket port has been reset and this connection is being dropped. Please reconnect on the new port - 4003"
    ),
    2103: "Market data farm connection is broken:usfarm",
    2104: "Market data farm connection is OK:usfarm",
    2105: "HMDS data farm connection is broken:ushmds",
    2106: "HMDS data farm connection is OK:ushmds",
    2107: "HMDS data farm connection is inactive but should be available upon demand.ushmds",
    2108: "Market data farm connection is inactive but should be available upon demand.usfarm",
    2110: "Connectivity between Trader Workstation and server is broken. It will be restored automatically.",
    2119: "Market data farm is connecting:usfarm",
    2157: "Sec-def data farm connection is broken:secdefil",
    2158: "Sec-def data farm connection is OK:secdefil",
    10089: "Requested market data requires additional subscription for API. Delayed market data is available.",
    10090: "Part of requested market data is not subscribed.",
    10091: "Part of requested market data requires additional subscription for API.",
    10167: "Requested market data is not subscribed. Displaying delayed market data.",
    10168: "Requested market data is not subscribed. Delayed market data is not enabled.",
    10182: "Failed to request live updates (disconnected).",
    10186: "Requested market data is not subscribed. Delayed market data is not enabled.",
    10197: "No market data during competing live session",
    10225: "Bust event occurred, current subscription is deactivated. Please resubscribe real-time bars immediately.",
    10285: "Your API version does not support fractional size rules.",
    10286: "A field cannot contain so many decimals.",
    10299: "Expected what to show is TRADES.",
    10300: "The date, time, or time-zone entered is invalid.",
    10301: "The date, time, or time-zone entered is invalid.",
    10314: "End Date/Time: The date, time, or time-zone entered is invalid.",
    10315: "The time entered is invalid.",
    10330: "The expiry date/time format is invalid.",
    10337: "Misc options key is invalid.",
    10338: "Misc options value is invalid.",
    10339: "Setting end date/time for continuous future security type is not allowed.",
    10346: "Market data cannot be delivered because ticker for the same financial instrument is displayed elsewhere.",
}

NOT_SUBSCRIBED: Final = (354, 10089, 10168, 10186)
PARTLY: Final = (10090, 10091)
NO_PERMISSION: Final = (*NOT_SUBSCRIBED, *PARTLY, 10167)


class RequestRejected(Exception):
    """A request is rejected: the client gets ``code`` and ``text`` under its request id."""

    def __init__(self, code: int, text: str = "") -> None:
        self.code, self.text = code, text or TEXTS[code]
        super().__init__(f"{code}: {self.text}")
