"""From scores to a decision: labels, blockers, the best strategy, and the reason when there is none; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from magic8_companion.domain.blend import HIGH, LOW, MEDIUM, label, published
from magic8_companion.domain.blockers import block, data_blockers
from magic8_companion.domain.codes import Blocker, Confidence, DataStatus, EntrySource, Strategy
from magic8_companion.domain.entry_structure import with_structure
from magic8_companion.domain.measured import NOTHING_MEASURED
from magic8_companion.domain.ml_result import Prediction
from magic8_companion.domain.recommendation import Entry, SymbolRecommendation
from magic8_companion.domain.scores import ScoreCard
from magic8_companion.domain.strategy import BASE_STRATEGIES, NO_TRADE, TIE_ORDER
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.sides import side_of_day
from magic8_companion.engine.ticket_search import TicketResult
from magic8_companion.market_view import MarketView


def decide(
    card: ScoreCard,
    view: MarketView,
    valid_until: datetime,
    options: EngineConfig,
    tickets: Mapping[str, TicketResult] = MappingProxyType({}),
) -> SymbolRecommendation:
    """Return the recommendation of one symbol at a checkpoint; its entries live until ``valid_until``.

    ``tickets`` holds the result of the ticket search by strategy; empty in a mode that reads no chain.
    """
    state = view.state
    blocked_by = blockers_of_data(state.data_status, options)
    labels = grade(card.scores, options)
    prediction = card.ml if isinstance(card.ml, Prediction) else None
    priced = {
        name: _priced(_entry(name, card, labels[name], valid_until), tickets.get(name)) for name in BASE_STRATEGIES
    }
    entries: dict[str, Entry] = {
        name: block(
            with_structure(name, priced[name], prediction, side_of_day(state)),
            *blocked_by,
            *_own_blockers(name, card, labels),
            *_price_blockers(tickets.get(name)),
        )
        for name in BASE_STRATEGIES
    }
    best = best_of(entries)
    if best is None:
        entries[NO_TRADE] = _nothing(card, entries, options)
    return SymbolRecommendation(
        strategies=entries,
        best_strategy=best or NO_TRADE,
        best_strategy_source=EntrySource.CHECKPOINT,
        best_strategy_key=best or NO_TRADE,
        data_source=state.data_source,
        data_status=state.data_status,
        ml_enhanced=isinstance(card.ml, Prediction),
        ml_status=card.ml_status,
        market_conditions=view.market_conditions(),
        measured=card.ml.measured if isinstance(card.ml, Prediction) else NOTHING_MEASURED,
    )


def skipped_record(
    reason: str,
    *,
    valid_until: datetime,
    data_source: str,
    data_status: DataStatus,
    ml_status: str,
    blocked_by: tuple[Blocker, ...] = (),
) -> SymbolRecommendation:
    """Return the record of a symbol without scores: present, complete, and nothing tradable."""
    blocked_by = (Blocker.SKIPPED, *blocked_by)
    entry = Entry(
        score=0.0,
        confidence=LOW,
        should_trade=False,
        source=EntrySource.CHECKPOINT,
        rationale=reason,
        valid_until=valid_until,
        blocked_by=blocked_by,
    )
    return SymbolRecommendation(
        strategies={**dict.fromkeys(BASE_STRATEGIES, entry), NO_TRADE: no_trade(reason, blocked_by=blocked_by)},
        best_strategy=NO_TRADE,
        best_strategy_source=EntrySource.CHECKPOINT,
        best_strategy_key=NO_TRADE,
        data_source=data_source,
        data_status=data_status,
        ml_enhanced=False,
        ml_status=ml_status,
    )


def grade(scores: Mapping[str, float], options: EngineConfig) -> dict[str, tuple[Confidence, bool]]:
    """Return the label of each published score, and whether the score gap took a HIGH from it.

    With a gap to hold, a leader without the lead and everybody who does not lead is at most MEDIUM.
    """
    ranked = sorted(scores, key=lambda name: (-scores[name], TIE_ORDER.index(name)))
    lead = published(scores[ranked[0]] - scores[ranked[1]])
    graded = {}
    for name in scores:
        earned = label(scores[name], options.high_score, options.medium_score)
        free = options.min_score_gap == 0 or (name == ranked[0] and lead >= options.min_score_gap)
        capped = earned == HIGH and not free
        graded[name] = (MEDIUM if capped else earned, capped)
    return graded


def blockers_of_data(data_status: DataStatus, options: EngineConfig) -> tuple[str, ...]:
    """Return what forbids every entry made from data of this status."""
    return data_blockers(
        data_status,
        trade_on_delayed_data=options.trade_on_delayed_data,
        nonlive_in_live_dir=options.nonlive_in_live_dir,
    )


def best_of(entries: Mapping[str, Entry]) -> Strategy | None:
    """Return the tradable base strategy with the highest score, or None.

    Ties go to the higher expected value (an unknown one counts lowest), then to Iron_Condor, Vertical, Butterfly.
    """
    tradable = [name for name in TIE_ORDER if entries[name].should_trade]
    return max(tradable, key=lambda name: (entries[name].score, _expected_value(entries[name])), default=None)


def why_nothing(entries: Mapping[str, Entry], options: EngineConfig) -> str:
    """Return in a few words why none of the base entries may be traded.

    >>> from pathlib import Path
    >>> entry = Entry(score=52.0, confidence="MEDIUM", should_trade=False, source="checkpoint", rationale="")
    >>> why_nothing(dict.fromkeys(BASE_STRATEGIES, entry), EngineConfig(symbols=("SPX",), kill_switch_file=Path("K")))
    'best score 52.0 is below 65'
    """
    name = _highest(entries)
    best = entries[name]
    if best.score < options.high_score or not best.blocked_by:
        return f"best score {best.score:.1f} is below {options.high_score:g}"
    return f"{name} {best.score:.1f} is blocked: {', '.join(best.blocked_by)}"


def blockers_of_best(entries: Mapping[str, Entry], options: EngineConfig) -> tuple[str, ...]:
    """Return what forbids the best of the base entries; empty when its score is too low anyway."""
    best = entries[_highest(entries)]
    return best.blocked_by if best.score >= options.high_score else ()


def no_trade(
    reason: str,
    *,
    source: EntrySource = EntrySource.CHECKPOINT,
    confidence: float = 0.0,
    blocked_by: tuple[str, ...] = (),
) -> Entry:
    """Return a No_Trade entry; ``confidence`` is the model's, when No_Trade was its answer."""
    return Entry(
        score=published(100 * confidence),
        confidence=LOW,
        should_trade=False,
        source=source,
        rationale=reason,
        ml_confidence=confidence,
        blocked_by=blocked_by,
    )


def _entry(name: str, card: ScoreCard, graded: tuple[Confidence, bool], valid_until: datetime) -> Entry:
    rule = card.rules[name]
    prediction = card.ml if isinstance(card.ml, Prediction) else None
    score, (confidence, _) = card.scores[name], graded
    return Entry(
        score=score,
        confidence=confidence,
        should_trade=confidence == HIGH,
        source=EntrySource.CHECKPOINT,
        rationale=_rationale(rule.rationale, confidence, prediction),
        valid_until=valid_until,
        rule_score=published(rule.value),
        evidence=rule.evidence,
        ml_score=None if prediction is None else published(card.ml_scores[name]),
        agreement=None if prediction is None else card.agreement[name],
        agreement_evidence=(
            None if prediction is None else prediction.measured.agreement_sentence(card.agreement[name])
        ),
        win_probability=None if prediction is None else prediction.win_probability.get(name),
        implied_probability=None if prediction is None else prediction.implied_probability.get(name),
        expected_value=None if prediction is None else prediction.expected_value.get(name),
    )


def _rationale(reason: str, confidence: Confidence, prediction: Prediction | None) -> str:
    # wherever a person meets HIGH, it says what the label has meant
    if confidence != HIGH:
        return reason
    measured = NOTHING_MEASURED if prediction is None else prediction.measured
    before = f"{reason.removesuffix('.')}. " if reason else ""
    return f"{before}{measured.checkpoint_note}."


def _priced(entry: Entry, ticket: TicketResult | None) -> Entry:
    if ticket is None:
        return entry
    if ticket.ticket is None:
        entry = replace(entry, rationale=f"{entry.rationale} No ticket: {ticket.reason}.")
    if ticket.evidence is None:
        return entry
    # where quotes were looked at, the numbers are those of the ticket alone, never of a structure that nobody quotes
    return replace(
        entry,
        evidence=(*(entry.evidence or ()), ticket.evidence),
        ticket=ticket.ticket,
        win_probability=ticket.win_probability,
        implied_probability=ticket.implied_probability,
        expected_value=ticket.expected_value,
    )


def _price_blockers(ticket: TicketResult | None) -> tuple[str, ...]:
    if ticket is None:
        return ()
    implausible = () if ticket.implausible is None else (ticket.implausible,)
    return (Blocker.NO_NET_EDGE,) * ticket.no_net_edge + implausible


def _own_blockers(name: str, card: ScoreCard, labels: Mapping[str, tuple[Confidence, bool]]) -> tuple[str, ...]:
    _, capped = labels[name]
    vetoes = card.ml.blocked_by if isinstance(card.ml, Prediction) and card.ml.strategy == name else ()
    return (Blocker.SCORE_GAP,) * capped + vetoes


def _nothing(card: ScoreCard, entries: Mapping[str, Entry], options: EngineConfig) -> Entry:
    reason, blocked_by = why_nothing(entries, options), blockers_of_best(entries, options)
    if isinstance(card.ml, Prediction) and card.ml.strategy == NO_TRADE:
        return no_trade(f"ML: {NO_TRADE}; {reason}", confidence=card.ml.confidence, blocked_by=blocked_by)
    return no_trade(reason, blocked_by=blocked_by)


def _highest(entries: Mapping[str, Entry]) -> Strategy:
    return max(TIE_ORDER, key=lambda name: entries[name].score)


def _expected_value(entry: Entry) -> float:
    return float("-inf") if entry.expected_value is None else entry.expected_value
