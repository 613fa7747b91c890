"""From a forecast of the remaining variance to every probability: the forecast times what it missed by in the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from magic8_companion.domain.bars import Floats
from magic8_ml.models.forecast import LEVELS, Forecast, Integers, Rows

GROUPS: Final = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3])
"""Morning, midday, afternoon, last hour of the 13 half hours."""

N_GROUPS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residuals:
    """Sorted misses of the training rows per group of half hours: ln(realised / forecast) and move / sigma."""

    variance: Sequence[Floats]
    move: Sequence[Floats]

    @classmethod
    def of(cls, rows: Rows, variance: Floats) -> Residuals:
        """Collect the misses of ``variance`` (n_rows,) on rows with outcomes."""
        came, group = rows.known, GROUPS[rows.bucket]
        moved = came.realised > 0
        ratio = np.log(came.realised[moved] / variance[moved])
        scaled = came.move / np.sqrt(variance)
        return cls(
            variance=[np.sort(ratio[group[moved] == n]) for n in range(N_GROUPS)],
            move=[np.sort(scaled[group == n]) for n in range(N_GROUPS)],
        )

    def forecast(self, rows: Rows, variance: Floats) -> Forecast:
        """Say all that follows from ``variance`` (n_rows,)."""
        sigma, group = np.sqrt(variance), GROUPS[rows.bucket]
        unit = (rows.sigma_vix / sigma)[:, None]
        quantiles = np.stack([np.quantile(pool, LEVELS) for pool in self.move])[group] * sigma[:, None]
        return Forecast.silent(
            len(rows),
            sigma=sigma,
            regime=_classes(self.variance, group, 2 * np.log(rows.regime_cuts * unit)),
            direction=_classes(self.move, group, rows.direction_cuts * unit),
            quantiles=quantiles,
        )


def _classes(pools: Sequence[Floats], group: Integers, cuts: Floats) -> Floats:
    below = np.full(cuts.shape, np.nan)
    for n, pool in enumerate(pools):
        mine = (group == n) & np.isfinite(cuts).all(axis=1)
        below[mine] = (np.searchsorted(pool, cuts[mine]) + 0.5) / (len(pool) + 1)
    return np.stack((below[:, 0], below[:, 1] - below[:, 0], 1 - below[:, 1]), axis=1)
