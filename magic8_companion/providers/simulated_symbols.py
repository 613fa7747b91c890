"""List the simulated symbols: their underlying, price level, volatility and quoting units.

Levels are those of 2025.  ``beta`` and ``own`` were set after SPY, QQQ and AAPL of August 2024 to August 2025
(5-minute returns: QQQ beta 1.18, correlation 0.96; AAPL 1.13 and 0.71); those of RUT and TSLA are plausible guesses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedUnderlying:
    """A simulated underlying: its loading on the market and its own moves.

    ``level`` is the long-run price in points, ``own`` the volatility of the own part in units of the market's and
    ``jumps`` their mean number per day.
    """

    name: str
    level: float
    beta: float
    own: float
    jumps: float = 0.05

    @property
    def variance_ratio(self) -> float:
        """Return the mean variance in units of the market's."""
        return self.beta**2 + self.own**2


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedSymbol:
    """A quoted symbol: ``per_point`` units per point of the underlying.

    ``volume`` is the mean of a 5-minute bar in shares, 0 for an index; ``tracking`` the fraction by which an ETF
    deviates from its index.  ``open_interest`` is the typical figure of a strike at the money.
    """

    underlying: SimulatedUnderlying
    per_point: float = 1.0
    volume: float = 0.0
    tracking: float = 0.0
    open_interest: float = 2000.0


MARKET: Final = SimulatedUnderlying(name="SPX", level=6000.0, beta=1.0, own=0.0, jumps=0.1)
_NDX: Final = SimulatedUnderlying(name="NDX", level=21500.0, beta=1.17, own=0.34)
_RUT: Final = SimulatedUnderlying(name="RUT", level=2200.0, beta=1.10, own=0.75)
_AAPL: Final = SimulatedUnderlying(name="AAPL", level=220.0, beta=1.13, own=1.10)
_TSLA: Final = SimulatedUnderlying(name="TSLA", level=320.0, beta=1.90, own=2.40, jumps=0.1)

_TRACKING: Final = 0.4e-4

SYMBOLS: Final = {
    "SPX": SimulatedSymbol(underlying=MARKET),
    "XSP": SimulatedSymbol(underlying=MARKET, per_point=0.1, open_interest=300.0),
    "SPY": SimulatedSymbol(
        underlying=MARKET, per_point=0.0997, volume=650_000, tracking=_TRACKING, open_interest=6000.0
    ),
    "NDX": SimulatedSymbol(underlying=_NDX, open_interest=80.0),
    "QQQ": SimulatedSymbol(underlying=_NDX, per_point=0.0243, volume=450_000, tracking=_TRACKING, open_interest=4000.0),
    "RUT": SimulatedSymbol(underlying=_RUT, open_interest=120.0),
    "IWM": SimulatedSymbol(underlying=_RUT, per_point=0.0993, volume=320_000, tracking=_TRACKING, open_interest=2500.0),
    "AAPL": SimulatedSymbol(underlying=_AAPL, volume=500_000, open_interest=5000.0),
    "TSLA": SimulatedSymbol(underlying=_TSLA, volume=900_000, open_interest=6000.0),
}
