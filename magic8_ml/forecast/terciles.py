"""The terciles in service: the limits of low and high, bearish and bullish after the last training day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.labels import BUCKETS, ENTRY_BARS, trailing_terciles
from magic8_ml.forecast.symbol_families import ALL_SYMBOLS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Terciles:
    """q33 and q67 per symbol and half hour, shape (13, 2); the symbol ``*`` is the mean of all."""

    regime: Mapping[str, Floats]
    direction: Mapping[str, Floats]

    @classmethod
    def after(cls, rows: Rows) -> Terciles:
        """Measure u and z of every symbol with enough days."""
        outcomes = rows.known
        return cls(
            regime=_by_symbol(rows, np.sqrt(outcomes.realised) / rows.sigma_vix),
            direction=_by_symbol(rows, outcomes.move / rows.sigma_vix),
        )

    @property
    def are_known(self) -> bool:
        """Tell whether any symbol had enough days; without one the model abstains."""
        return not bool(np.isnan(self.regime[ALL_SYMBOLS]).any())

    def as_json(self) -> dict[str, Any]:
        """Return the plain form that :meth:`from_json` reads."""
        return {
            name: {symbol: terciles.tolist() for symbol, terciles in getattr(self, name).items()}
            for name in ("regime", "direction")
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Terciles:
        """Read the plain form; raises ValueError unless every symbol has two terciles in each half hour."""
        terciles = {
            name: {symbol: np.array(of, dtype=np.float64) for symbol, of in data[name].items()}
            for name in ("regime", "direction")
        }
        for of in terciles.values():
            if ALL_SYMBOLS not in of or any(values.shape != (BUCKETS, 2) for values in of.values()):
                raise ValueError("the terciles of a symbol are not two for each half hour")
        return cls(**terciles)


def _by_symbol(rows: Rows, values: Floats) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for number, name in enumerate(rows.symbols):
        mine = rows.symbol == number
        days = np.unique(rows.day[mine])
        if len(days):
            by_day = values[mine].reshape(len(days), len(ENTRY_BARS))
            terciles = trailing_terciles(days, by_day, days[-1:] + 1)[0]
            found |= {} if np.isnan(terciles).any() else {name: terciles}
    average = np.mean(list(found.values()), axis=0) if found else np.full((BUCKETS, 2), np.nan)
    return {**found, ALL_SYMBOLS: average}
