"""Decide which profits serve as labels: compare each with the payoff of its own legs at the printed close.

Held to expiry (``Profit``, later ``Raw``) is the label; the result with a stop (``Managed``) is a label of its own.
A missing profit gives no label; exactly 0 is a loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.options.products import MULTIPLIER
from magic8_ml.history.settlement import OrderLegs, profit_bounds_usd, profit_usd

TOLERANCE_USD: Final = 1.0
CLOSE_ROUNDING: Final = 0.005
"""Half a unit of the last printed digit of the close, in points."""

QUARANTINE_REASONS: Final = ("outside_bounds", "disagrees_with_payoff")
LABEL_SOURCES: Final = ("profit", "raw", "payoff")
NO_REASON: Final = -1
_NOISE_DIGITS: Final = 4  # binary noise must not turn a profit of exactly 0 into a win


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Labels of (n,) rows.

    ``profit`` is in US$ per contract, NaN without a label.  ``reported`` is the figure of the sheet and always kept;
    ``recomputed`` is the payoff.  ``reason`` and ``source`` are indices into their lists, -1 for none.  ``checked``
    tells whether the payoff could be computed.
    """

    profit: Floats
    reported: Floats
    recomputed: Floats
    reason: Integers
    source: Integers
    checked: npt.NDArray[np.bool_]


def label_profits(
    profit_cell: Floats,
    raw_cell: Floats,
    *,
    structures: OrderLegs,
    action: Integers,
    premium: Floats,
    closed: Floats,
    payoff_labels: bool = False,
) -> Labels:
    """Return the labels of (n,) rows.

    Parameters
    ----------
    profit_cell, raw_cell
        The two columns that held the result to expiry; the first known one counts.
    payoff_labels
        Use the payoff at the close where the sheet has no result, as in December 2022.
    """
    reported = np.where(np.isnan(profit_cell), raw_cell, profit_cell)
    recomputed = np.round(profit_usd(structures, action, premium, closed), _NOISE_DIGITS)
    worst, best = profit_bounds_usd(structures, action, premium)
    tolerance = TOLERANCE_USD + structures.contracts * CLOSE_ROUNDING * MULTIPLIER
    outside = (reported < worst - tolerance) | (reported > best + tolerance)
    disagrees = np.abs(reported - recomputed) > tolerance
    reason = np.select([outside, disagrees], [0, 1], NO_REASON)
    valid = ~np.isnan(reported) & (reason == NO_REASON)
    source = np.where(valid, np.where(np.isnan(profit_cell), 1, 0), NO_REASON)
    profit = np.where(valid, reported, np.nan)
    if payoff_labels:
        stands_in = np.isnan(reported) & ~np.isnan(recomputed)
        profit, source = np.where(stands_in, recomputed, profit), np.where(stands_in, 2, source)
    return Labels(
        profit=profit,
        reported=reported,
        recomputed=recomputed,
        reason=reason,
        source=source,
        checked=~np.isnan(recomputed),
    )
