"""Bounds within which market data can be true: prices, ratios of ETF and index, the VIX, option quotes; pure.

Each rule returns None, or what is implausible with its numbers.  The limits were measured on real days
(``benchmarks/plausibility.py``, docs/plausible_data.md): no real day reaches them.
"""

from magic8_companion.plausibility.finding import Implausible
from magic8_companion.plausibility.prices import PriceBounds, implausible_bars
from magic8_companion.plausibility.quotes import implausible_quotes, unusable_quotes
from magic8_companion.plausibility.ratios import implausible_ratios
from magic8_companion.plausibility.vix import implausible_change, implausible_vix

__all__ = [
    "Implausible",
    "PriceBounds",
    "implausible_bars",
    "implausible_change",
    "implausible_quotes",
    "implausible_ratios",
    "implausible_vix",
    "unusable_quotes",
]
