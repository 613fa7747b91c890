"""Hypothesis strategies: any lawful bulletin, checkpoint or 5-minute result, however odd its numbers and texts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from magic8_companion.domain.codes import Confidence, DataStatus, EntrySource, Strategy, VerticalSide
from magic8_companion.domain.measured import NOTHING_MEASURED
from magic8_companion.domain.recommendation import (
    CheckpointResult,
    Entry,
    FiveMinuteResult,
    FiveMinuteSignal,
    RecommendationSet,
    SymbolRecommendation,
)
from magic8_companion.domain.scores import Evidence
from magic8_companion.domain.strategy import BASE_STRATEGIES, NO_TRADE
from magic8_companion.domain.structure import DIRECTION_OF, NEUTRAL, VerticalSpread, structure_of, vertical_of
from magic8_companion.domain.ticket import Ticket, TicketLeg
from magic8_companion.options.structures import STRIKE_COUNT, build
from tests.domain.measurements import MEASURED

BLOCKERS = ("delayed_data", "score_gap", "no_net_edge", "kill_switch", "volatility_pause", "expired", "superseded")
STATUSES = tuple(DataStatus)

moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001  # bounds are naive by definition
numbers = st.floats(allow_nan=False, allow_infinity=False)
scores = st.floats(0, 100)
shares = st.floats(0, 1)
names = st.text(min_size=1, max_size=12)
texts = st.text(max_size=12)
symbols = st.sampled_from(("SPX", "SPY", "NDX", "QQQ", "RUT", "IWM", "XSP", "AAPL", "TSLA"))
statuses = st.sampled_from(STATUSES)
ml_statuses = st.sampled_from(("ok", "partial", "disabled", "unavailable:no_model"))

strikes = st.lists(st.floats(0.5, 1e5), min_size=4, max_size=4, unique=True)
actions = st.sampled_from(("BUY", "SELL"))
rights = st.sampled_from(("C", "P"))
evidence = st.builds(Evidence, factor=names, value=st.none() | numbers | texts, points=numbers, why=texts)
metadata = st.fixed_dictionaries(
    {"model": names, "prediction_time": st.just("2024-03-14T15:05:04Z"), "model_version": names}
)
conditions = st.fixed_dictionaries(
    {
        "iv_rank": scores,
        "range_expectation": st.floats(0, 1),
        "gamma_environment": names,
        "data_source": names,
        "iv_source": names,
        "range_source": names,
        "spot": st.floats(0.01, 1e6),
    }
)


@st.composite
def tickets(draw: st.DrawFn, strategy: str) -> Ticket:
    """Build a ticket of any structure that the strategy has."""
    right = draw(rights) if strategy != "Butterfly" else draw(st.sampled_from(("C", "P", "CALL/PUT")))
    levels = draw(strikes)[: STRIKE_COUNT[strategy]]
    return Ticket(
        expiry=draw(st.dates(date(2020, 1, 1), date(2030, 12, 31))),
        legs=tuple(
            TicketLeg(action=leg.action, right=leg.right, strike=leg.strike, quantity=abs(leg.quantity))
            for leg in build(strategy, levels, draw(actions), right)
        ),
        limit_price=draw(numbers),
        max_profit=draw(numbers),
        max_loss=draw(numbers),
        breakevens=tuple(draw(st.lists(numbers, max_size=2))),
    )


@st.composite
def _trades(draw: st.DrawFn, strategy: str, source: str) -> dict[str, Any]:
    """Build ticket, structure, side and direction that mean one trade, as far as they are known."""
    ticket = draw(st.none() | tickets(strategy))
    values: dict[str, Any] = {"ticket": ticket, "structure": None if ticket is None else structure_of(ticket.legs)}
    if strategy == "Vertical":
        modelled = st.none() | st.builds(VerticalSpread, right=rights, action=actions)
        spread = draw(modelled) if ticket is None else vertical_of(ticket.legs)
        if spread is not None:
            values |= {name: getattr(spread, name) for name in ("side", "right", "action", "structure")}
        else:
            values["side"] = draw(st.sampled_from((None, *VerticalSide)))
    if source == "ml_5min":
        values["direction"] = DIRECTION_OF.get(values.get("side"), NEUTRAL)
    return values


@st.composite
def entries(draw: st.DrawFn, strategy: str, source: EntrySource, *, may_trade: bool = True) -> Entry:
    """Build an entry of ``checkpoint``, ``blend`` or ``ml_5min``."""
    confidence = draw(st.sampled_from(Confidence))
    blocked_by = draw(st.lists(st.sampled_from(BLOCKERS), unique=True, max_size=2).map(tuple))
    trade = draw(_trades(strategy, source))
    has_side = strategy != "Vertical" or trade["side"] is not None
    tradable = may_trade and has_side and confidence == "HIGH" and not blocked_by and draw(st.booleans())
    return Entry(
        score=draw(scores),
        confidence=confidence,
        should_trade=tradable,
        source=source,
        rationale=draw(texts),
        valid_until=draw(moments),
        blocked_by=blocked_by,
        win_probability=draw(st.none() | shares),
        implied_probability=draw(st.none() | shares),
        expected_value=draw(st.none() | numbers),
        **trade,
        **draw(_of_the_model() if source == "ml_5min" else _of_the_rules()),
    )


@st.composite
def _of_the_rules(draw: st.DrawFn) -> dict[str, Any]:
    values: dict[str, Any] = {"rule_score": draw(scores), "evidence": draw(st.lists(evidence, max_size=2).map(tuple))}
    if draw(st.booleans()):
        values |= {"ml_score": draw(scores), "agreement": draw(st.sampled_from(("agree", "mixed", "disagree")))}
    return values


@st.composite
def _of_the_model(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "ml_confidence": draw(shares),
        "volatility_regime": draw(st.sampled_from(("low", "normal", "high"))),
    }


@st.composite
def no_trades(draw: st.DrawFn, source: EntrySource = EntrySource.CHECKPOINT) -> Entry:
    """Build a No_Trade entry."""
    return Entry(
        score=draw(scores),
        confidence=Confidence.LOW,
        should_trade=False,
        source=source,
        rationale=draw(texts),
        ml_confidence=draw(st.none() | shares),
    )


@st.composite
def recommendations(draw: st.DrawFn, *, may_trade: bool = True) -> SymbolRecommendation:
    """Build the record of one symbol: some tradable entry is the best, or No_Trade says that there is none."""
    sources = st.sampled_from(EntrySource)
    strategies = {name: draw(entries(name, draw(sources), may_trade=may_trade)) for name in BASE_STRATEGIES}
    for name in draw(st.lists(st.sampled_from(BASE_STRATEGIES), unique=True, max_size=1)):
        strategies[f"{name}_5min"] = draw(entries(name, EntrySource.FIVE_MINUTE, may_trade=may_trade))
    tradable = [key for key, entry in strategies.items() if entry.should_trade]
    if not tradable:
        strategies[NO_TRADE] = draw(no_trades())
    key = draw(st.sampled_from(tradable or [NO_TRADE]))
    return SymbolRecommendation(
        strategies=strategies,
        best_strategy=Strategy(key.removesuffix("_5min")),
        best_strategy_source=strategies[key].source,
        best_strategy_key=key,
        data_source=draw(names),
        data_status=draw(statuses),
        ml_enhanced=draw(st.booleans()),
        ml_status=draw(ml_statuses),
        market_conditions=draw(st.none() | conditions),
        ml_5min_metadata=draw(st.none() | metadata),
        measured=draw(st.sampled_from((NOTHING_MEASURED, MEASURED))),
    )


@st.composite
def recommendation_sets(draw: st.DrawFn) -> RecommendationSet:
    """Build what a merge may hand to the publisher."""
    halt_reason = draw(st.none() | names)
    published_at = draw(moments)
    may_trade = halt_reason is None
    last_update = draw(st.none() | moments)
    return RecommendationSet(
        published_at=published_at,
        valid_until=published_at + timedelta(seconds=draw(st.integers(0, 300))),
        checkpoint_label=draw(st.sampled_from(("10:30 ET", "09:35 ET"))),
        checkpoint_at=draw(st.none() | moments),
        system_mode=draw(st.sampled_from(("simple", "standard", "enhanced"))),
        market_session=draw(st.sampled_from(("pre", "regular", "post", "closed"))),
        data_source=draw(names),
        data_status=draw(statuses),
        merge_strategy=draw(st.sampled_from(("overlay", "replace", "weighted"))),
        halt_reason=halt_reason,
        ml_enhanced=draw(st.booleans()),
        ml_status=draw(ml_statuses),
        ml_5min_enhanced=last_update is not None and draw(st.booleans()),
        last_5min_update=last_update,
        recommendations=draw(st.dictionaries(symbols, recommendations(may_trade=may_trade), max_size=2)),
        skipped=draw(st.dictionaries(symbols, names, max_size=2)),
    )


@st.composite
def signals(draw: st.DrawFn) -> FiveMinuteSignal:
    """Build the model's answer for one symbol; it may be No_Trade."""
    strategy = draw(st.sampled_from((*BASE_STRATEGIES, NO_TRADE)))
    return FiveMinuteSignal(
        strategy=Strategy(strategy),
        entry=draw(
            no_trades(EntrySource.FIVE_MINUTE) if strategy == NO_TRADE else entries(strategy, EntrySource.FIVE_MINUTE)
        ),
        prediction_time=draw(moments),
        model=draw(names),
        model_version=draw(names),
        data_status=draw(statuses),
    )


@st.composite
def five_minute_results(draw: st.DrawFn) -> FiveMinuteResult:
    """Build the result of one slot."""
    slot_at = draw(moments)
    return FiveMinuteResult(
        slot_at=slot_at,
        published_at=slot_at + timedelta(seconds=draw(st.integers(0, 60))),
        valid_until=slot_at + timedelta(minutes=10),
        data_source=draw(names),
        data_status=draw(statuses),
        ml_status=draw(ml_statuses),
        signals=draw(st.dictionaries(symbols, signals(), max_size=2)),
        skipped=draw(st.dictionaries(symbols, names, max_size=2)),
    )


@st.composite
def checkpoint_results(draw: st.DrawFn) -> CheckpointResult:
    """Build the result of one checkpoint."""
    return CheckpointResult(
        checkpoint_at=draw(moments),
        system_mode=draw(names),
        data_source=draw(names),
        data_status=draw(statuses),
        recommendations=draw(st.dictionaries(symbols, recommendations(), max_size=2)),
        skipped=draw(st.dictionaries(symbols, names, max_size=2)),
        ml_status=draw(ml_statuses),
    )
