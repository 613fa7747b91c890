"""One checkpoint from observation to result; a symbol that fails is skipped with its reason."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Protocol, TypeVar

from magic8_companion.domain.codes import DataStatus, ReasonCode
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import DELAYED, LIVE, STALE, STATUS_ORDER, MarketState
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.recommendation import CheckpointResult, SymbolRecommendation
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.engine.checkpoints import PASSING, Checkpoint
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.decide import decide
from magic8_companion.engine.digest import inputs_digest
from magic8_companion.engine.ticket_search import search_tickets
from magic8_companion.market_view import MarketView
from magic8_companion.ports import MarketData, Observer, Scorer

PATIENCE: Final = 2.0
"""A scorer keeps its own time limit; one that does not return within this many times that limit is given up."""

T = TypeVar("T")
Record = Callable[[Sequence[OptionChain]], None]
"""Keeps the chains of a checkpoint; runs in a thread of its own and must not raise."""

_log = logging.getLogger(__name__)


class Analyze(Protocol):
    """The analysis as the engine sees it: a plain function."""

    def __call__(self, state: MarketState) -> MarketView:
        """Return the view of a state, or raise ``DataUnavailable``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointEvaluation:
    """The result of a checkpoint and the digest of what each symbol's decision was made from."""

    result: CheckpointResult
    inputs: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evaluated:
    record: SymbolRecommendation
    inputs_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Skip:
    reason: str


class CheckpointPipeline:
    """Observe all symbols side by side, then evaluate one after the other in configured order, off the loop."""

    def __init__(
        self,
        observer: Observer,
        analyse: Analyze,
        scorer: Scorer,
        provider: MarketData,
        options: EngineConfig,
        *,
        record: Record | None = None,
    ) -> None:
        self._observer = observer
        self._analyse = analyse
        self._scorer = scorer
        self._provider = provider
        self._options = options
        self._record = record

    async def run(self, checkpoint: Checkpoint, earlier: CheckpointEvaluation | None = None) -> CheckpointEvaluation:
        """Return the evaluation of the checkpoint; the failure of a symbol skips that symbol.

        With an ``earlier`` evaluation of the same checkpoint, only the symbols skipped there for a passing reason are
        evaluated again; the others keep their records.
        """
        symbols = self._options.symbols
        if earlier is not None:
            symbols = tuple(name for name in symbols if earlier.result.skipped.get(name) in PASSING)
        _log.info("🎯 CHECKPOINT %s (%s mode)", checkpoint.label, self._options.system_mode)
        states = await asyncio.gather(*(_or_skip(symbol, partial(self._observe, symbol)) for symbol in symbols))
        self._hand_over([state.chain for state in states if isinstance(state, MarketState) and state.chain])
        records = {} if earlier is None else dict(earlier.result.recommendations)
        inputs = {} if earlier is None else dict(earlier.inputs)
        skipped = {} if earlier is None else {k: v for k, v in earlier.result.skipped.items() if k not in symbols}
        for symbol, state in zip(symbols, states, strict=True):
            answer = (
                state
                if isinstance(state, _Skip)
                else await _or_skip(symbol, partial(self._evaluate_in_time, state, checkpoint.valid_until))
            )
            if isinstance(answer, _Skip):
                skipped[symbol] = answer.reason
            else:
                records[symbol], inputs[symbol] = answer.record, answer.inputs_sha256
                _log_entries(symbol, answer.record)
        _log.info("✅ Checkpoint complete - %d symbols analyzed", len(records))
        records, skipped = self._in_order(records), self._in_order(skipped)
        return CheckpointEvaluation(result=self._result(checkpoint.at, records, skipped), inputs=inputs)

    def skip(self, checkpoint: Checkpoint, reason: str) -> CheckpointEvaluation:
        """Return the evaluation of a checkpoint that did not take place: every symbol is skipped with the reason."""
        skipped = dict.fromkeys(self._options.symbols, reason)
        return CheckpointEvaluation(result=self._result(checkpoint.at, {}, skipped), inputs={})

    def _in_order(self, by_symbol: Mapping[str, T]) -> dict[str, T]:
        return {symbol: by_symbol[symbol] for symbol in self._options.symbols if symbol in by_symbol}

    async def _observe(self, symbol: str) -> MarketState:
        return await self._observer.observe(symbol, with_chain=self._options.with_chain)

    def _hand_over(self, chains: Sequence[OptionChain]) -> None:
        # beside the checkpoint, which does not wait; the loop waits for its threads before it closes
        if self._record is not None and chains:
            asyncio.get_running_loop().run_in_executor(None, self._record, chains)

    async def _evaluate_in_time(self, state: MarketState, valid_until: datetime) -> _Evaluated:
        limit = PATIENCE * self._options.ml_timeout_seconds
        return await asyncio.wait_for(asyncio.to_thread(self._evaluate, state, valid_until), limit)

    def _evaluate(self, state: MarketState, valid_until: datetime) -> _Evaluated:
        view = self._analyse(state)
        card = self._scorer.score(view)
        tickets = search_tickets(view, card.ml, self._options.tickets)
        record = decide(card, view, valid_until, self._options, tickets)
        return _Evaluated(record=record, inputs_sha256=inputs_digest(state))

    def _result(
        self, at: datetime, records: Mapping[str, SymbolRecommendation], skipped: Mapping[str, str]
    ) -> CheckpointResult:
        worst = max(records.values(), key=lambda record: STATUS_ORDER.index(record.data_status), default=None)
        return CheckpointResult(
            checkpoint_at=at,
            system_mode=self._options.system_mode,
            data_source=self._provider.name if worst is None else worst.data_source,
            data_status=status_without_data(self._provider.status) if worst is None else worst.data_status,
            recommendations=records,
            skipped=skipped,
            ml_status=self._ml_status(records, skipped),
        )

    def _ml_status(self, records: Mapping[str, SymbolRecommendation], skipped: Mapping[str, str]) -> str:
        statuses = list(dict.fromkeys(record.ml_status for record in records.values()))
        if not statuses:
            return self._options.ml_status_without_scores(next(iter(skipped.values())))
        return "partial" if "ok" in statuses and len(statuses) > 1 else statuses[0]


def status_without_data(declared: str) -> DataStatus:
    """Return the data status of a symbol of which nothing is known: a live source's is stale.

    >>> status_without_data("live"), status_without_data("replay")
    ('stale', 'replay')
    """
    return STALE if declared in {LIVE, DELAYED} else DataStatus(declared)


async def _or_skip(symbol: str, work: Callable[[], Awaitable[T]]) -> T | _Skip:
    try:
        return await work()
    except DataUnavailable as refusal:
        _log.info("Skipped %s: %s", symbol, refusal)
        return _Skip(reason=refusal.reason)
    except TimeoutError:
        _log.info("Skipped %s: timeout", symbol)
        return _Skip(reason=ReasonCode.TIMEOUT)
    except Exception as error:  # noqa: BLE001  # whatever it is becomes the published reason of this symbol alone
        reason = f"exception:{type(error).__name__}"
        _log.exception("Skipped %s: %s", symbol, reason)
        return _Skip(reason=reason)


def _log_entries(symbol: str, record: SymbolRecommendation) -> None:
    _log.info("📊 %s recommendations:", symbol)
    for name in BASE_STRATEGIES:
        entry = record.strategies[name]
        decision = "✅ TRADE" if entry.should_trade else "⏭️  SKIP"
        _log.info("  %s: %s (%.1f) - %s", name, entry.confidence, entry.score, decision)
    if record.has_high:
        _log.info("  %s", record.measured.checkpoint_note)
