"""The forecast distribution of the five-minute model as trades see it: sigma times what it missed by in the past."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.forecast.residuals import Residuals


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResidualMoves:
    """A forecast per trade; ``sigma`` (n,) NaN where there is none, ``bucket`` (n,) the half hour, 0..12.

    ``parts`` pairs residuals with the places of the trades that they serve: one part when one model serves all, one
    per fold in a walk-forward.
    """

    sigma: Floats
    bucket: Integers
    parts: Sequence[tuple[Residuals, Integers]]

    def below(self, returns: Floats) -> Floats:
        """Return P(log return < ``returns``), NaN without forecast; shape (n, m)."""
        return self._by_part(returns, Residuals.below)

    def calls(self, strikes: Floats) -> Floats:
        """Return E[max(settlement / price - strike, 0)], NaN without forecast; shape (n, m)."""
        return self._by_part(strikes, Residuals.call_values)

    def _by_part(self, asked: Floats, answer: Callable[[Residuals, Floats, Floats, Integers], Floats]) -> Floats:
        answers = np.full(asked.shape, np.nan)
        for residuals, rows in self.parts:
            answers[rows] = answer(residuals, asked[rows], self.sigma[rows], self.bucket[rows])
        return answers
