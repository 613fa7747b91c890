"""Map symbols to Yahoo's tickers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.strategy import VIX
from magic8_companion.options.products import INDEX_SYMBOLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticker:
    """A Yahoo ticker; a price in our points is ``scale`` times Yahoo's price."""

    name: str
    scale: float = 1.0

    @property
    def label(self) -> str:
        """Return the label that responses carry.

        >>> Ticker(name="^GSPC", scale=0.1).label
        '^GSPC x 0.1'
        """
        return self.name if self.scale == 1 else f"{self.name} x {self.scale:g}"


INDICES: Final = (*INDEX_SYMBOLS, VIX)
"""Symbols without traded volume: Yahoo reports the volume of their members."""

_BARS: Final = {
    "SPX": (Ticker(name="^GSPC"),),
    "XSP": (Ticker(name="^XSP"), Ticker(name="^GSPC", scale=0.1)),
}
"""The indices whose bars have another name than their options, or more than one."""


def bar_tickers(symbol: str) -> tuple[Ticker, ...]:
    """Return the tickers with bars of a symbol, best first.

    >>> [ticker.label for ticker in bar_tickers("XSP")], [ticker.label for ticker in bar_tickers("SPY")]
    (['^XSP', '^GSPC x 0.1'], ['SPY'])
    """
    return _BARS.get(symbol, (Ticker(name=_named(symbol)),))


def chain_ticker(symbol: str) -> str:
    """Return the ticker that has the options of a symbol.

    Raises
    ------
    DataUnavailable
        ``no_chain`` for the VIX, whose options settle on another index.

    >>> chain_ticker("SPX"), chain_ticker("QQQ")
    ('^SPX', 'QQQ')
    """
    if symbol == VIX:
        raise DataUnavailable("no_chain", "options on the VIX are not supported")
    return _named(symbol)


def _named(symbol: str) -> str:
    return f"^{symbol}" if symbol in INDICES else symbol
