"""Names of strategies and symbols: accepted spellings, published names, and the order of ties."""

from __future__ import annotations

from typing import Final

from magic8_companion.domain.codes import Strategy

BUTTERFLY: Final = Strategy.BUTTERFLY
IRON_CONDOR: Final = Strategy.IRON_CONDOR
VERTICAL: Final = Strategy.VERTICAL
NO_TRADE: Final = Strategy.NO_TRADE

BASE_STRATEGIES: Final = (BUTTERFLY, IRON_CONDOR, VERTICAL)
"""The three strategies, in the order in which they are published."""

SONAR: Final = Strategy.SONAR
"""A narrower, nearer iron condor: an alias in the published file, a strategy of its own in history and messages."""

HISTORY_STRATEGIES: Final = (BUTTERFLY, IRON_CONDOR, VERTICAL, SONAR)
"""The strategies of the Magic8 history and messages."""

VIX: Final = "VIX"
"""The CBOE volatility index: an input of every symbol, itself no symbol of a run."""

MAGIC8_SYMBOLS: Final = ("SPX", "SPY", "RUT", "QQQ", "XSP", "NDX", "AAPL", "TSLA")
"""The symbols that Magic8 signals."""

TIE_ORDER: Final = (IRON_CONDOR, VERTICAL, BUTTERFLY)
"""The order in which equal scores and expected values are resolved."""

FIVE_MINUTE_SUFFIX: Final = "_5min"

_ALIASES: Final = {
    "butterfly": BUTTERFLY,
    "ironcondor": IRON_CONDOR,
    "sonar": IRON_CONDOR,
    "vertical": VERTICAL,
    "callspread": VERTICAL,
    "putspread": VERTICAL,
    "notrade": NO_TRADE,
}
_IGNORED: Final = str.maketrans("", "", " -_")
_SYMBOL_ALIASES: Final = {"SPXW": "SPX", "NDXP": "NDX", "RUTW": "RUT"}


def canonical_strategy(name: str) -> Strategy | None:
    """Return the name on disk for a name as people write it, or None for an unknown name.

    Case, blanks, hyphens and underscores do not matter.

    >>> canonical_strategy("iron condor"), canonical_strategy("SONAR"), canonical_strategy("Call-Spread")
    ('Iron_Condor', 'Iron_Condor', 'Vertical')
    >>> canonical_strategy("straddle") is None
    True
    """
    return _ALIASES.get(name.casefold().translate(_IGNORED))


def canonical_symbol(name: str) -> str:
    """Return the upper-case symbol, with an option's trading class replaced by its index.

    >>> canonical_symbol(" spxw ")
    'SPX'
    """
    upper = name.strip().upper()
    return _SYMBOL_ALIASES.get(upper, upper)
