"""The codes with which IB can answer each kind of request of the host, from IB's published list (2025)."""

from __future__ import annotations

from typing import Final

_ANY: Final = (100, 200, 203, 320, 321, 322, 323, 407, 10285, 10286, 10337, 10338)

ENDING: Final = {
    "contract_details": _ANY,
    "market_data": (*_ANY, 101, 102, 354, 10089, 10168, 10186, 10197, 10346),
    "historical_bars": (*_ANY, 162, 166, 386, 420, 431, 10299, 10314, 10315, 10339),
}
"""Codes that end their request."""

FLOWING: Final = (165, 10090, 10091, 10167)
"""Codes that do not."""

HISTORY_TEXTS: Final = {
    "Historical data request pacing violation": "pacing",
    "Trading TWS session is connected from a different IP address": "competing_session",
    "HMDS query returned no data: SPY@SMART Trades": "no_data",
    "No market data permissions for ARCA STK": "no_permission",
    "HMDS server disconnect occurred. Attempting reconnection": "history_failed",
}
"""Texts of 162, and the reason that each one stands for."""
