"""Confidence as a rank: how large is today's probability among those of the last year at this hour of the day.

A probability cannot be a confidence: one strategy is likely by design, another never.  Its rank among its own
walk-forward past lets each strategy be outstanding one time in five.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.bars import Floats
from magic8_ml.features.labels import BUCKETS
from magic8_ml.models.strategy_view import OUTCOMES

REFERENCE_SESSIONS: Final = 252
_DECIMALS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferenceRanks:
    """Walk-forward probabilities per outcome and 30-minute bucket, each sorted: ``values[outcome][bucket]``."""

    values: Mapping[str, Sequence[Floats]]

    @classmethod
    def collect(cls, probabilities: Floats, buckets: npt.NDArray[np.int64]) -> ReferenceRanks:
        """Sort out-of-fold strategy probabilities, shape (n_rows, n_outcomes), into their buckets."""
        rounded = np.round(probabilities, _DECIMALS)
        return cls(
            values={
                outcome: tuple(np.sort(rounded[buckets == bucket, column]) for bucket in range(BUCKETS))
                for column, outcome in enumerate(OUTCOMES)
            }
        )

    def ranks(self, probabilities: Floats, buckets: npt.NDArray[np.int64]) -> Floats:
        """Return the mid-rank of each probability among its references, in [0, 1] at 4 decimals.

        ``probabilities`` and the answer have shape (n_rows, n_outcomes), ``buckets`` (n_rows,).
        """
        rounded = np.round(probabilities, _DECIMALS)
        answer = np.empty_like(rounded)
        for bucket in set(buckets.tolist()):
            rows = buckets == bucket
            for column, outcome in enumerate(OUTCOMES):
                past, today = self.values[outcome][bucket], rounded[rows, column]
                below, upto = np.searchsorted(past, today, "left"), np.searchsorted(past, today, "right")
                answer[rows, column] = (below + upto) / (2 * len(past))
        return np.round(answer, 4)

    def as_json(self) -> dict[str, list[list[float]]]:
        """Return the plain form that :meth:`from_json` reads."""
        return {outcome: [past.tolist() for past in buckets] for outcome, buckets in self.values.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Sequence[Sequence[float]]]) -> ReferenceRanks:
        """Read the plain form; raises ValueError unless each outcome has references in each bucket."""
        values = {name: tuple(np.array(past, dtype=np.float64) for past in data[name]) for name in OUTCOMES}
        if any(len(buckets) != BUCKETS or not all(len(past) for past in buckets) for buckets in values.values()):
            raise ValueError("an outcome has no reference in one of the 13 half hours")
        return cls(values=values)
