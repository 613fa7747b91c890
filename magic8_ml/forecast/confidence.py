"""Confidence as a rank: how large is today's edge among those of the last year at this hour of the day.

A probability cannot be a confidence: one strategy is likely by design, another never.  The rank of its edge over the
price, among its own past edges, lets each strategy be outstanding one time in five.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

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

    ``edges[symbol][strategy][bucket]``; the symbol ``*`` holds all symbols together and serves those without their own.
    ``pools[symbol]`` says whose edges they are: own, part of the day, family or all.  ``days[symbol]`` counts their
    sessions; only the training knows them, and the manifest keeps them.
    """

    edges: Mapping[str, Sequence[Sequence[Floats]]]
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
        found = {name: source.of(n) for n, name in enumerate(symbols)}
        found[ALL_SYMBOLS] = source.of(None)
        return cls(
            edges={name: references for name, (references, _, _) in found.items()},
            pools={name: pool for name, (_, pool, _) in found.items()},
            days={name: days for name, (_, _, days) in found.items()},
        )

    def ranks(self, edges: Floats, name: str, bucket: Integers) -> Floats:
        """Return the mid-rank of each edge among the references that stand under ``name``, 0..1 at 4 decimals.

        ``edges`` and the answer have shape (n_rows, n_strategies), ``bucket`` (n_rows,); an unknown edge has no rank.
        """
        rounded = np.round(edges, _DECIMALS)
        answer = np.empty_like(rounded)
        for here in sorted(set(bucket.tolist())):
            rows = bucket == here
            for column in range(rounded.shape[1]):
                past, today = self.edges[name][column][here], rounded[rows, column]
                below, upto = np.searchsorted(past, today, "left"), np.searchsorted(past, today, "right")
                answer[rows, column] = (below + upto) / (2 * len(past))
        return np.where(np.isnan(rounded), np.nan, np.round(answer, _RANK_DECIMALS))

    def as_json(self) -> dict[str, Any]:
        """Return the plain form that :meth:`from_json` reads."""
        edges = {
            name: {
                strategy: [past.tolist() for past in buckets]
                for strategy, buckets in zip(BASE_STRATEGIES, of, strict=True)
            }
            for name, of in self.edges.items()
        }
        return {"edges": edges, "pools": dict(self.pools)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ReferenceEdges:
        """Read the plain form; raises ValueError unless each strategy has references in each half hour."""
        edges = {
            name: [[np.array(past, dtype=np.float64) for past in of[strategy]] for strategy in BASE_STRATEGIES]
            for name, of in data["edges"].items()
        }
        whole = [len(buckets) == BUCKETS and all(map(len, buckets)) for of in edges.values() for buckets in of]
        if ALL_SYMBOLS not in edges or not all(whole):
            raise ValueError("a strategy has no reference in one of the 13 half hours")
        return cls(edges=edges, pools={str(name): str(pool) for name, pool in data["pools"].items()})


def _recent(symbol: Integers, day: Integers) -> Mask:
    recent = np.zeros(len(day), dtype=np.bool_)
    for number in np.unique(symbol).tolist():
        mine = symbol == number
        recent |= mine & (day >= np.unique(day[mine])[-REFERENCE_SESSIONS:][0])
    return recent


class _ReferencePools:
    # the pools of the contract, from the narrowest that holds enough sessions to the widest

    def __init__(
        self, edges: Floats, symbols: tuple[str, ...], symbol: Integers, day: Integers, bucket: Integers
    ) -> None:
        self._edges, self._symbols = edges, symbols
        self._symbol, self._day, self._bucket = symbol, day, bucket

    def of(self, number: int | None) -> tuple[list[list[Floats]], str, int]:
        rows, pool = self._pool(number)
        return self._sorted(rows, by_group=pool == _PART_OF_DAY), pool, self._sessions(rows)

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

    def _sorted(self, rows: Mask, *, by_group: bool) -> list[list[Floats]]:
        where = [
            rows & ((GROUPS[self._bucket] == GROUPS[bucket]) if by_group else (self._bucket == bucket))
            for bucket in range(BUCKETS)
        ]
        return [[np.sort(self._edges[here, column]) for here in where] for column in range(self._edges.shape[1])]
