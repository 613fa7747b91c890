"""Confidence as a rank: how large is today's edge among those of the last year at this hour of the day.

A probability cannot be a confidence: one strategy is likely by design, another never.  The rank of its edge over the
price, among its own past edges, lets each strategy be outstanding one time in five.

The answer is the strategy of the highest rank, and the highest of three ranks is above 0.80 half of the time.  So the
confidence of an answer is a rank again: that of today's highest rank among the highest ranks of the last year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_ml.forecast.labels import BUCKETS, GROUPS
from magic8_ml.forecast.symbol_families import ALL_SYMBOLS, family_of

REFERENCE_SESSIONS: Final = 252
MIN_SESSIONS: Final = 60
_PART_OF_DAY: Final = "part of the day"
_DECIMALS: Final = 6
_RANK_DECIMALS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferenceEdges:
    """Past edges per symbol, strategy and half hour, ascending, and the pool each symbol's were taken from.

    ``edges[symbol][strategy][bucket]``; ``highest[symbol][bucket]`` are the highest ranks of the same rows; the symbol
    ``*`` holds all symbols together and serves those without their own.  ``pools[symbol]`` says whose edges they are:
    own, part of the day, family or all.  ``days[symbol]`` counts their sessions; only the training knows them, and the
    manifest keeps them.
    """

    edges: Mapping[str, Sequence[Sequence[Floats]]]
    highest: Mapping[str, Sequence[Floats]]
    pools: Mapping[str, str]
    days: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def collect(
        cls, edges: Floats, symbols: tuple[str, ...], symbol: Integers, day: Integers, bucket: Integers
    ) -> ReferenceEdges:
        """Sort past edges, shape (n_rows, n_strategies); of each symbol only its last 252 sessions count."""
        rounded = np.round(edges, _DECIMALS)
        recent = _recent(symbol, day)
        source = _ReferencePools(rounded[recent], symbols, symbol[recent], day[recent], bucket[recent])
        numbers: dict[str, int | None] = {name: n for n, name in enumerate(symbols)} | {ALL_SYMBOLS: None}
        found = {name: source.of(number) for name, number in numbers.items()}
        return cls(
            edges={name: pool.edges for name, pool in found.items()},
            highest={name: pool.highest for name, pool in found.items()},
            pools={name: pool.name for name, pool in found.items()},
            days={name: pool.days for name, pool in found.items()},
        )

    def ranks(self, edges: Floats, name: str, bucket: Integers) -> Floats:
        """Return the mid-rank of each edge among the references that stand under ``name``, 0..1 at 4 decimals.

        ``edges`` and the answer have shape (n_rows, n_strategies), ``bucket`` (n_rows,); an unknown edge has no rank.
        """
        rounded = np.round(edges, _DECIMALS)
        columns = [_ranks(past, rounded[:, column], bucket) for column, past in enumerate(self.edges[name])]
        return np.stack(columns, axis=1)

    def rank_of_highest(self, ranks: Floats, name: str, bucket: Integers) -> Floats:
        """Return the mid-rank of each row's highest rank among those of the references, 0..1 at 4 decimals.

        ``ranks`` (n_rows, n_strategies) are those of :meth:`ranks`; the answer has shape (n_rows,).
        """
        return _ranks(self.highest[name], _highest(ranks), bucket)

    def as_json(self) -> dict[str, Any]:
        """Return the plain form that :meth:`from_json` reads."""
        edges = {
            name: {
                strategy: [past.tolist() for past in buckets]
                for strategy, buckets in zip(BASE_STRATEGIES, of, strict=True)
            }
            for name, of in self.edges.items()
        }
        highest = {name: [past.tolist() for past in of] for name, of in self.highest.items()}
        return {"edges": edges, "highest": highest, "pools": dict(self.pools)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ReferenceEdges:
        """Read the plain form; raises ValueError unless each strategy has references in each half hour."""
        edges = {
            name: [[np.array(past, dtype=np.float64) for past in of[strategy]] for strategy in BASE_STRATEGIES]
            for name, of in data["edges"].items()
        }
        highest = {name: [np.array(past, dtype=np.float64) for past in of] for name, of in data["highest"].items()}
        every = [*(buckets for of in edges.values() for buckets in of), *highest.values()]
        whole = [len(buckets) == BUCKETS and all(map(len, buckets)) for buckets in every]
        if ALL_SYMBOLS not in edges or highest.keys() != edges.keys() or not all(whole):
            raise ValueError("a strategy has no reference in one of the 13 half hours")
        return cls(edges=edges, highest=highest, pools={str(name): str(pool) for name, pool in data["pools"].items()})


def _ranks(references: Sequence[Floats], values: Floats, bucket: Integers) -> Floats:
    answer = np.empty_like(values)
    for here in sorted(set(bucket.tolist())):
        rows, past = bucket == here, references[here]
        below, upto = np.searchsorted(past, values[rows], "left"), np.searchsorted(past, values[rows], "right")
        answer[rows] = (below + upto) / (2 * len(past))
    return np.where(np.isnan(values), np.nan, np.round(answer, _RANK_DECIMALS))


def _highest(ranks: Floats) -> Floats:
    return np.where(np.isnan(ranks).all(axis=1), np.nan, np.nan_to_num(ranks, nan=-1.0).max(axis=1))


def _recent(symbol: Integers, day: Integers) -> Mask:
    recent = np.zeros(len(day), dtype=np.bool_)
    for number in np.unique(symbol).tolist():
        mine = symbol == number
        recent |= mine & (day >= np.unique(day[mine])[-REFERENCE_SESSIONS:][0])
    return recent


class _Pool(NamedTuple):
    name: str
    edges: list[list[Floats]]
    highest: list[Floats]
    days: int


class _ReferencePools:
    # the pools of the contract, from the narrowest that holds enough sessions to the widest

    def __init__(
        self, edges: Floats, symbols: tuple[str, ...], symbol: Integers, day: Integers, bucket: Integers
    ) -> None:
        self._edges, self._symbols = edges, symbols
        self._symbol, self._day, self._bucket = symbol, day, bucket

    def of(self, number: int | None) -> _Pool:
        rows, pool = self._pool(number)
        edges = self._sorted(rows, self._edges, by_group=pool == _PART_OF_DAY)
        columns = [_ranks(past, self._edges[:, column], self._bucket) for column, past in enumerate(edges)]
        highest = _highest(np.stack(columns, axis=1))[:, None]
        (sorted_highest,) = self._sorted(rows, highest, by_group=pool == _PART_OF_DAY)
        return _Pool(pool, edges, sorted_highest, self._sessions(rows))

    def _pool(self, number: int | None) -> tuple[Mask, str]:
        all_rows = np.ones(len(self._day), dtype=np.bool_)
        if number is None:
            return all_rows, "all"
        own = self._symbol == number
        if self._sessions(own) >= MIN_SESSIONS:
            return own, "own"
        if 2 * self._sessions(own) >= MIN_SESSIONS:
            return own, _PART_OF_DAY
        siblings = family_of(self._symbols[number])
        family = np.isin(self._symbol, [n for n, name in enumerate(self._symbols) if name in siblings])
        return (family, "family") if self._sessions(family) >= MIN_SESSIONS else (all_rows, "all")

    def _sessions(self, rows: Mask) -> int:
        return len(np.unique(self._day[rows]))

    def _sorted(self, rows: Mask, values: Floats, *, by_group: bool) -> list[list[Floats]]:
        where = [
            rows & ((GROUPS[self._bucket] == GROUPS[bucket]) if by_group else (self._bucket == bucket))
            for bucket in range(BUCKETS)
        ]
        return [[np.sort(values[here, column]) for here in where] for column in range(values.shape[1])]
