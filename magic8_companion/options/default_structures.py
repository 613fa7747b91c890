"""Choose the ticket of each strategy without a model: the default structure that costs least to trade.

Under the market's own distribution no structure earns its costs, so expected value cannot rank.  The choice depends on
the cost of crossing the spread and on the shape, in units of the standard deviation s that the smile implies to the
close:

Butterfly    bought, or an iron one sold: body within 0.35 s of the forward, wings 0.5 s to 1.5 s wide
Iron_Condor  sold: short strikes 0.6 s to 1.6 s away from the forward on both sides
Vertical     premium 20 % to 70 % of the width, win probability 30 % to 80 %

A bound widens to reach the nearest listed strike.  Of the structures within these bounds and the limits, the one with
the smallest cost per point of width is chosen.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Mask
from magic8_companion.domain.strategy import BASE_STRATEGIES, VERTICAL
from magic8_companion.options.candidates import Limits, StructureType
from magic8_companion.options.chain_quotes import ChainQuotes
from magic8_companion.options.distribution import SmileImplied
from magic8_companion.options.outlier_quotes import flag_outliers
from magic8_companion.options.products import Fees
from magic8_companion.options.ranking import Ranking, rank_candidates
from magic8_companion.options.smile import Smile
from magic8_companion.options.tickets import TicketChoice, price_ticket

CHEAPEST_DEFAULT: Final = "cheapest to trade of the customary shapes; no model, so no expected value"

_BODY: Final = 0.35
_WINGS: Final = (0.5, 1.5)
_SHORTS: Final = (0.6, 1.6)
_PREMIUM: Final = (0.20, 0.70)
_WIN: Final = (0.30, 0.80)
_CREDITS: Final = [kind for kind in StructureType if kind.is_credit]
_VERTICALS: Final = [kind for kind in StructureType if kind.strategy == VERTICAL]
_LONG_VOLATILITY: Final = [kind for kind in StructureType if kind.is_long_volatility]


def default_tickets(
    quotes: ChainQuotes, smile: Smile, *, limits: Limits | None = None, fees: Fees | None = None
) -> dict[str, TicketChoice]:
    """Return the default ticket of each strategy, or the reason for none; all probabilities are the market's.

    Raises
    ------
    DataUnavailable
        The fatal problem of the chain.
    """
    quotes = flag_outliers(quotes, smile)
    implied, charged = SmileImplied(smile=smile), fees or quotes.product.fees
    ranking = rank_candidates(quotes, implied, limits or Limits(), charged)
    has_shape = _within_limits(ranking) & _has_default_shape(ranking, quotes, smile)
    return {name: _choice(name, ranking, has_shape, quotes, implied, charged) for name in BASE_STRATEGIES}


def _within_limits(ranking: Ranking) -> Mask:
    # every check but the first, which needs a positive expected value
    return np.asarray(np.all([check.passes for check in ranking.checks[1:]], axis=0))


def _has_default_shape(ranking: Ranking, quotes: ChainQuotes, smile: Smile) -> Mask:
    kind, level = ranking.evaluation.candidates.kind, quotes.strikes[ranking.evaluation.candidates.strike_index]
    deviation, step = quotes.forward * smile.atm_total_vol, float(np.diff(quotes.strikes).min())
    body = np.abs(level[:, 1] - quotes.forward) <= max(_BODY * deviation, 0.5 * step)
    wing = level[:, 1] - level[:, 0]
    narrow, wide = _WINGS[0] * deviation, max(_WINGS[1] * deviation, step)
    butterfly = body & (wing >= narrow) & (wing <= wide)
    away = np.stack([quotes.forward - level[:, 1], level[:, 2] - quotes.forward])
    near, far = _SHORTS[0] * deviation, max(_SHORTS[1] * deviation, step)
    condor = ((away >= near) & (away <= far)).all(axis=0)
    non_directional = np.where(kind == StructureType.IRON_CONDOR, condor, butterfly) & ~np.isin(kind, _LONG_VOLATILITY)
    return np.where(np.isin(kind, _VERTICALS), _is_default_vertical(ranking), non_directional)


def _is_default_vertical(ranking: Ranking) -> Mask:
    found = ranking.evaluation
    width = found.max_profit + found.max_loss
    premium = np.where(np.isin(found.candidates.kind, _CREDITS), found.max_profit, found.max_loss) / width
    win = found.win_probability
    return (premium >= _PREMIUM[0]) & (premium <= _PREMIUM[1]) & (win >= _WIN[0]) & (win <= _WIN[1])


def _choice(
    strategy: str, ranking: Ranking, has_shape: Mask, quotes: ChainQuotes, implied: SmileImplied, fees: Fees
) -> TicketChoice:
    found = ranking.evaluation
    kinds = [kind for kind in StructureType if kind.strategy == strategy]
    indices = np.flatnonzero(has_shape & np.isin(found.candidates.kind, kinds))
    if not indices.size:
        miss = ranking.nearest_miss(strategy)
        if miss is None:
            return TicketChoice(ticket=None, reason="none passes: no candidate has quotes on all legs", quoted=False)
        broken = "; ".join(text for text in miss.reasons if "expected value" not in text)
        parts = ("none of customary shape is within the limits", broken)
        return TicketChoice(ticket=None, reason=": ".join(filter(None, parts)))
    per_width = found.expected_value[found.fill] / (found.max_profit + found.max_loss)
    legs = found.candidates.legs(int(indices[np.argmax(per_width[indices])]), quotes.strikes)
    ticket = price_ticket(strategy, legs, quotes, implied=implied, model=implied, fees=fees, fill=found.fill)
    return TicketChoice(ticket=ticket, reason=CHEAPEST_DEFAULT)
