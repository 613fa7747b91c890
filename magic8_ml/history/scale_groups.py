"""Define the product's preset of profit scale groups by symbol and strategy."""

from __future__ import annotations

from typing import Final

from magic8_companion.domain.strategy import BUTTERFLY, IRON_CONDOR

LARGE: Final = "large"
MEDIUM: Final = "medium"
SMALL: Final = "small"
GROUPS: Final = (LARGE, MEDIUM, SMALL)

_LARGE_SYMBOLS: Final = frozenset({"NDX", "RUT"})
_SPX_LARGE: Final = frozenset({BUTTERFLY, IRON_CONDOR})


def preset_group(symbol: str, strategy: str) -> str:
    """Return the product's group of a symbol and strategy.

    >>> preset_group("SPX", "Butterfly"), preset_group("SPX", "Sonar"), preset_group("XSP", "Butterfly")
    ('large', 'medium', 'small')
    """
    if symbol in _LARGE_SYMBOLS or (symbol == "SPX" and strategy in _SPX_LARGE):
        return LARGE
    return MEDIUM if symbol in {"SPX", "SPY"} else SMALL
