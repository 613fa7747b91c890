"""The codes with which IB can answer each kind of request of the host, from IB's published list (2025)."""

from __future__ import annotations

from typing import Final

_INVALID: Final = (138, 139, 143, 145, 305, 320, 321, 322, 323, 357, 406, 407, 412, 421, 10285, 10286, 10337, 10338)
_DATES: Final = (336, 337, 343, 391, 10300, 10301, 10314, 10315)
_ANY: Final = (100, 200, 203, 438, *_INVALID)

ENDING: Final = {
    "contract_details": (*_ANY, 10330),
    "market_data": (*_ANY, 101, 102, 354, 414, 10089, 10168, 10186, 10197, 10346),
    "historical_bars": (*_ANY, 162, 166, 386, 420, 431, *_DATES, 10225, 10299, 10339),
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

PUBLISHED: Final = (
    *(range(100, 108), range(109, 112), range(113, 127), range(129, 130), range(131, 149), range(151, 169)),
    *(range(200, 204), range(300, 450), range(481, 482), range(501, 590), range(1100, 1103), range(1300, 1301)),
    *(range(2100, 2112), range(2119, 2120), range(2130, 2131), range(2137, 2138), range(2152, 2153)),
    *(range(2157, 2159), range(2168, 2170), range(10_000, 10_028), range(10_089, 10_092), range(10_147, 10_149)),
    *(range(10_167, 10_169), range(10_182, 10_183), range(10_186, 10_188), range(10_189, 10_191)),
    *(range(10_197, 10_198), range(10_225, 10_226), range(10_230, 10_232), range(10_233, 10_255)),
    *(range(10_268, 10_271), range(10_276, 10_348)),
)
"""IB's published list, as ranges of codes."""
