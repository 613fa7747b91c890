"""From a chain to the ticket of each strategy, or the reason why there is none; no failure here skips a symbol.

With a model of the remaining move, tickets are ranked by what it expects of them after costs; a strategy without one
above zero has no net edge.  Without a model a ticket of customary shape is shown with the market's own probability, and
nothing is said of its expected value: under the market's distribution that is minus the costs, always.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from magic8_companion.domain.codes import ReasonCode, VerticalSide
from magic8_companion.domain.entry_structure import side_of_vertical
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.ml_result import MLResult, Prediction
from magic8_companion.domain.scores import Evidence
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.domain.structure import BEAR, BULL
from magic8_companion.domain.ticket import Ticket
from magic8_companion.engine.config import TicketConfig
from magic8_companion.engine.sides import side_of_day
from magic8_companion.market_view import MarketView
from magic8_companion.options.candidates import Limits, StructureType
from magic8_companion.options.chain_quotes import ChainQuotes
from magic8_companion.options.costs import Fill
from magic8_companion.options.default_structures import default_tickets
from magic8_companion.options.distribution import ScaledResiduals
from magic8_companion.options.fitted_chain import FittedChain
from magic8_companion.options.products import MULTIPLIER, Fees, product
from magic8_companion.options.tickets import PricedTicket, TicketChoice, best_tickets
from magic8_companion.plausibility import Implausible, PriceBounds, implausible_quotes, unusable_quotes

NARROWEST: Final = 0.0005
"""Least wing as a share of the price: 3.4 points at an index of 6,800."""
LEAST_WIN_PROBABILITY: Final = 0.20
"""Below it a model's edge rests on its far tail, where it has seen least."""

USUAL: Final = TicketConfig()

_PER_CENT: Final = 0.01
_BULLISH: Final = (StructureType.CALL_DEBIT, StructureType.PUT_CREDIT)
_BEARISH: Final = (StructureType.PUT_DEBIT, StructureType.CALL_CREDIT)
_KINDS_OF_SIDE: Final[Mapping[VerticalSide | None, tuple[StructureType, ...]]] = {BULL: _BULLISH, BEAR: _BEARISH}
# a score of Butterfly or Iron_Condor speaks for a calm close: what is turned round would bet against its own score
_NON_DIRECTIONAL: Final = tuple(
    kind for kind in StructureType if kind not in (*_BULLISH, *_BEARISH) and not kind.is_long_volatility
)

_IMPLAUSIBLE: Final = frozenset(
    {
        ReasonCode.BAD_CHAIN,
        ReasonCode.SPOT_OUTSIDE_STRIKES,
        ReasonCode.QUOTES_OFF_PARITY,
        ReasonCode.QUOTES_CONTRADICT,
        ReasonCode.SMILE_ARBITRAGE,
    }
)
"""Why quotes cannot be true; quotes that are merely missing leave the scores as they are."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketResult:
    """What became of the search for one strategy's ticket.

    ``evidence`` gives no points: it holds the order line and what it earns in each cost scenario; None
    where there was no chain to search.  ``no_net_edge`` tells that a model found quotes to execute and nothing to earn.
    ``implausible`` is why the quotes cannot be true: the strategy must not be traded on them.
    """

    reason: str
    evidence: Evidence | None
    ticket: Ticket | None = None
    win_probability: float | None = None
    implied_probability: float | None = None
    expected_value: float | None = None
    no_net_edge: bool = False
    implausible: str | None = None


def search_tickets(view: MarketView, ml: MLResult | None, options: TicketConfig = USUAL) -> Mapping[str, TicketResult]:
    """Return a result for each base strategy; none at all in a mode that reads no chain."""
    state = view.state
    if view.fitted_chain is None:
        return _without_chain(state.missing.get("chain"))
    prediction, quotes = ml if isinstance(ml, Prediction) else None, view.fitted_chain.quotes
    try:
        if quotes is not None and (finding := _implausible(state, quotes)) is not None:
            return dict.fromkeys(BASE_STRATEGIES, _nothing(finding.sentence, implausible=finding.reason))
        return _search(state, view.fitted_chain, prediction, options)
    except DataUnavailable as refusal:
        finding = None if quotes is None else unusable_quotes(quotes)
        reason = refusal.reason if finding is None else finding.reason
        blocker = reason if reason in _IMPLAUSIBLE else None
        return dict.fromkeys(BASE_STRATEGIES, _nothing(str(refusal), implausible=blocker))
    except Exception as error:  # noqa: BLE001  # whatever it is becomes the published reason: scores stand without it
        _log.exception("No tickets for %s", state.symbol)
        return dict.fromkeys(BASE_STRATEGIES, _nothing(f"exception:{type(error).__name__}"))


def limits_of(spot: float, deviation: float, side: VerticalSide | None, options: TicketConfig = USUAL) -> Limits:
    """Return limits in proportion to the price; ``deviation`` is one standard deviation to the close in points.

    On a wild day wings may be as wide as that; no butterfly's body is farther away.  Verticals are of one
    ``side``, bull or bear, or of both when it is None.

    >>> round(limits_of(6800.0, 20.0, BULL).max_width, 1)
    40.8
    """
    sided = _KINDS_OF_SIDE.get(side, (*_BULLISH, *_BEARISH))
    widest = max(_PER_CENT * options.max_width_pct * spot, deviation)
    return Limits(
        min_width=NARROWEST * spot,
        max_width=widest,
        max_margin=options.max_margin or MULTIPLIER * widest,
        min_credit_share=_PER_CENT * options.min_credit_pct,
        max_spread_share=_PER_CENT * options.max_spread_pct,
        max_body_distance=max(deviation, NARROWEST * spot),
        kinds=tuple(sorted((*_NON_DIRECTIONAL, *sided))),
    )


def fees_under(options: TicketConfig, symbol: str) -> Fees:
    """Return the fees of a symbol's options with the broker's own commission."""
    return replace(product(symbol).fees, commission=options.commission)


def _search(
    state: MarketState, fitted: FittedChain, prediction: Prediction | None, options: TicketConfig
) -> dict[str, TicketResult]:
    quotes, smile = fitted.require_fit()
    side = side_of_vertical(prediction, side_of_day(state))
    limits = limits_of(quotes.spot, quotes.forward * smile.atm_total_vol, side, options)
    fees = fees_under(options, quotes.symbol)
    if prediction is None or prediction.move is None:
        found = default_tickets(quotes, smile, limits=limits, fees=fees)
        return {name: _market_result(proposal, quotes) for name, proposal in found.items()}
    move = prediction.move
    model = ScaledResiduals(mean=quotes.forward, scale=move.scale, residuals=move.residuals)
    limits = replace(limits, min_win_probability=LEAST_WIN_PROBABILITY)
    ranked = best_tickets(quotes, smile, limits=limits, model=model, fees=fees)
    return {name: _model_result(proposal, quotes) for name, proposal in ranked.items()}


def _implausible(state: MarketState, quotes: ChainQuotes) -> Implausible | None:
    return (
        implausible_quotes(quotes, state.spot, PriceBounds.of(state.bars, state.history)) if len(state.bars) else None
    )


def _without_chain(why: str | None) -> dict[str, TicketResult]:
    if why is None:
        return {}
    blocker = why if why in _IMPLAUSIBLE else None
    result = TicketResult(reason=f"no chain: {why}", evidence=None, implausible=blocker)
    return dict.fromkeys(BASE_STRATEGIES, result)


def _nothing(reason: str, *, no_net_edge: bool = False, implausible: str | None = None) -> TicketResult:
    evidence = Evidence(factor="ticket", value=None, points=0.0, why=reason)
    return TicketResult(reason=reason, evidence=evidence, no_net_edge=no_net_edge, implausible=implausible)


def _unquoted(proposal: TicketChoice, quotes: ChainQuotes) -> TicketResult:
    # a strategy without one quoted candidate: are the quotes missing, or do they contradict each other?
    finding = unusable_quotes(quotes)
    return _nothing(proposal.reason, implausible=None if finding is None else finding.reason)


def _market_result(proposal: TicketChoice, quotes: ChainQuotes) -> TicketResult:
    if not proposal.quoted:
        return _unquoted(proposal, quotes)
    if proposal.ticket is None:
        return _nothing(proposal.reason)
    priced = proposal.ticket
    fair = f"costs {-priced.expected_value[Fill.NATURAL]:.2f} $ against the market's own odds"
    return TicketResult(
        reason=proposal.reason,
        evidence=_evidence(priced, f"{proposal.reason}; {fair}"),
        ticket=priced.ticket,
        implied_probability=priced.implied_probability,
    )


def _model_result(proposal: TicketChoice, quotes: ChainQuotes) -> TicketResult:
    if not proposal.quoted:
        return _unquoted(proposal, quotes)
    if proposal.ticket is None:
        return _nothing(proposal.reason, no_net_edge=True)
    priced = proposal.ticket
    earned = ", ".join(f"{scenario} {value:.2f} $" for scenario, value in priced.expected_value.items())
    return TicketResult(
        reason=proposal.reason,
        evidence=_evidence(priced, f"{proposal.reason}: {earned}; worst 5 % lose {priced.cvar:.2f} $"),
        ticket=priced.ticket,
        win_probability=priced.win_probability,
        implied_probability=priced.implied_probability,
        expected_value=priced.expected_value[Fill.NATURAL],
    )


def _evidence(priced: PricedTicket, why: str) -> Evidence:
    sentences = "; ".join((why, f"fees {priced.fees:.2f} $", *priced.warnings))
    return Evidence(factor="ticket", value=priced.order_line, points=0.0, why=sentences)
