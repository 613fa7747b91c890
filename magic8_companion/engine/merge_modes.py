"""How one symbol's 5-minute answer enters its checkpoint entries: overlay, replace, weighted; pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from magic8_companion.domain.blend import HIGH, published
from magic8_companion.domain.blockers import block
from magic8_companion.domain.codes import Blocker, Confidence, EntrySource, Strategy
from magic8_companion.domain.recommendation import Entry, RecommendationSet
from magic8_companion.domain.strategy import BASE_STRATEGIES, FIVE_MINUTE_SUFFIX, NO_TRADE
from magic8_companion.domain.structure import BEAR, BULL
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.decide import best_of, blockers_of_best, grade, no_trade, why_nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One symbol with both sources: its base entries (aged), and the 5-minute ``entry`` of ``strategy``.

    ``lag`` is how much younger the 5-minute answer is than the checkpoint.
    """

    entries: Mapping[str, Entry]
    nothing: Entry
    strategy: Strategy
    entry: Entry
    lag: timedelta

    @property
    def confidence(self) -> float:
        """Return the confidence of the 5-minute answer, 0..1."""
        return self.entry.score / 100 if self.entry.ml_confidence is None else self.entry.ml_confidence

    @property
    def supports(self) -> Mapping[str, float]:
        """Return the score that the answer adds to each base entry; one on the other side adds nothing."""
        return {
            name: 100 * self.confidence if name == self.strategy and not self.opposed else 0.0
            for name in BASE_STRATEGIES
        }

    @property
    def opposed(self) -> bool:
        """Tell whether the answer is a Vertical on the other side of the checkpoint's."""
        base = self.entries.get(self.strategy)
        return base is not None and {base.side, self.entry.side} == {BULL, BEAR}

    @property
    def expired(self) -> bool:
        """Tell whether the checkpoint's entries have all expired."""
        return all(Blocker.EXPIRED in self.entries[name].blocked_by for name in BASE_STRATEGIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The entries of one symbol, the key of the deciding one (None: nothing may be traded), and why nothing may."""

    entries: Mapping[str, Entry]
    best_key: str | None
    nothing: Entry


def overlay(case: Case, options: EngineConfig) -> Merged:  # noqa: ARG001  # every mode takes the same two arguments
    """Leave the base entries alone; a tradable answer stands beside them and decides."""
    if not case.entry.should_trade:
        return Merged(entries=case.entries, best_key=best_of(case.entries), nothing=case.nothing)
    key = case.strategy + FIVE_MINUTE_SUFFIX
    return Merged(entries={**case.entries, key: case.entry}, best_key=key, nothing=case.nothing)


def take_over(case: Case, options: EngineConfig) -> Merged:  # noqa: ARG001  # every mode takes the same two arguments
    """Let the answer take its base name and supersede the other base entries (mode ``replace``)."""
    entries: dict[str, Entry] = {name: block(case.entries[name], Blocker.SUPERSEDED) for name in BASE_STRATEGIES}
    return answer_alone(entries, case.strategy, case.entry)


def weighted(case: Case, options: EngineConfig) -> Merged:
    """Mix both sources by confidence and recency; an expired checkpoint has no share."""
    if case.expired:
        return take_over(case, options)
    share = five_minute_share(case.confidence, case.lag, options.half_life_minutes)
    scores = {
        name: published((1 - share) * case.entries[name].score + share * support)
        for name, support in case.supports.items()
    }
    labels = grade(scores, options)
    entries: dict[str, Entry] = {
        name: _blend(name, scores[name], labels[name], case, share) for name in BASE_STRATEGIES
    }
    nothing = no_trade(
        why_nothing(entries, options), source=EntrySource.BLEND, blocked_by=blockers_of_best(entries, options)
    )
    return Merged(entries=entries, best_key=best_of(entries), nothing=nothing)


def answer_alone(entries: Mapping[str, Entry], strategy: Strategy, entry: Entry) -> Merged:
    """Publish the answer under its base name; the other ``entries`` must not be tradable."""
    if strategy == NO_TRADE:
        return Merged(entries=entries, best_key=None, nothing=entry)
    reason = f"{entry.rationale}; label {entry.confidence}"
    if entry.blocked_by:
        reason = f"{entry.rationale}; blocked: {', '.join(entry.blocked_by)}"
    return Merged(
        entries={**entries, strategy: entry},
        best_key=strategy if entry.should_trade else None,
        nothing=no_trade(reason, source=EntrySource.FIVE_MINUTE, blocked_by=entry.blocked_by),
    )


def five_minute_share(confidence: float, lag: timedelta, half_life_minutes: float) -> float:
    """Return the share of the 5-minute answer in the mix, 0..1.

    Both sources fade with the same half-life, the answer weighted by its confidence, so only the difference of their
    ages counts.

    >>> round(five_minute_share(0.825, timedelta(minutes=5), 30), 4)
    0.4808
    """
    checkpoint = math.exp2(-lag / timedelta(minutes=half_life_minutes))
    return confidence / (checkpoint + confidence)


def _blend(name: str, score: float, graded: tuple[Confidence, bool], case: Case, share: float) -> Entry:
    (confidence, capped), old = graded, case.entries[name]
    kept = tuple(reason for reason in old.blocked_by if reason != Blocker.SCORE_GAP)
    blocked_by = (*kept, *((Blocker.SCORE_GAP,) * capped), *(case.entry.blocked_by if name == case.strategy else ()))
    opposed = f" ({case.entry.side}, the other side)" if name == case.strategy and case.opposed else ""
    mixed = replace(
        old,
        score=score,
        confidence=confidence,
        should_trade=confidence == HIGH,
        blocked_by=(),
        source=EntrySource.BLEND,
        rationale=f"{old.rationale}; blended with {case.entry.rationale}{opposed}, share {share:.2f}",
        valid_until=_earliest(old.valid_until, case.entry.valid_until),
    )
    return block(mixed, *blocked_by)


def _earliest(*instants: datetime | None) -> datetime | None:
    return min((at for at in instants if at is not None), default=None)


MODES: Final[Mapping[str, Callable[[Case, EngineConfig], Merged]]] = {
    "overlay": overlay,
    "replace": take_over,
    "weighted": weighted,
}


def five_minute_keys(recommendation_set: RecommendationSet | None) -> set[tuple[str, str]]:
    """Return symbol and key of every entry that a 5-minute answer had a part in."""
    if recommendation_set is None:
        return set()
    return {
        (symbol, key)
        for symbol, record in recommendation_set.recommendations.items()
        for key, entry in record.strategies.items()
        if entry.source in {EntrySource.FIVE_MINUTE, EntrySource.BLEND} and key != NO_TRADE
    }
