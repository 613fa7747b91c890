"""The members that need no features: the price, the forecast distribution, and the price moved towards the forecast.

========  ===================================================================================
price     recalibrated log odds of the premium: level + slope x ln odds
forecast  recalibrated log odds of the forecast distribution
both      price + b x (forecast - price), b within 0..1: how much of past differences came true
========  ===================================================================================

Each strategy is recalibrated by itself: a premium means another probability in a butterfly than in a condor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.metrics.logistic import fit_platt, fit_slope, log_odds
from magic8_ml.trades.levels import Nodes

PRICE: Final = "price"
FORECAST: Final = "forecast"
BOTH: Final = "both"
KINDS: Final = (PRICE, FORECAST, BOTH)

_BELIEF_DAYS: Final = 10.0
_FEWEST_DAYS: Final = 20


class RecalibrationParameters(NamedTuple):
    """What was learnt of one strategy: level and slope of the price and of the forecast, and b."""

    price_level: float = 0.0
    price_slope: float = 1.0
    forecast_level: float = 0.0
    forecast_slope: float = 1.0
    belief: float = 0.0


AS_SAID: Final = RecalibrationParameters()
"""The recalibration that changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalibration:
    """One member; a strategy without a recalibration of its own has that of all trades, ``every``."""

    kind: str
    every: RecalibrationParameters = AS_SAID
    strategies: Mapping[str, RecalibrationParameters]

    def margin(self, implied: Floats, forecast: Floats, strategy: Nodes) -> Floats:
        """Return log odds (n_rows,), NaN where a probability that this member needs is missing.

        >>> fly = Nodes(level="strategy", keys=("Butterfly",), place=np.array([0, 0]))
        >>> line = Recalibration(kind="both", every=RecalibrationParameters(belief=0.5), strategies={})
        >>> line.margin(np.array([0.5, 0.5]), np.array([0.8, np.nan]), fly).round(3).tolist()
        [0.693, nan]
        """
        table = np.array([self.strategies.get(key, self.every) for key in strategy.keys])
        of_row = RecalibrationParameters(*table[strategy.place].T)
        price = of_row.price_level + of_row.price_slope * log_odds(implied)
        if self.kind == PRICE:
            return np.asarray(price)
        said = of_row.forecast_level + of_row.forecast_slope * log_odds(forecast)
        return np.asarray(said if self.kind == FORECAST else price + of_row.belief * (said - price))

    def as_json(self) -> dict[str, Any]:
        """Return the plain form that :meth:`from_json` reads."""
        strategies = {key: list(numbers) for key, numbers in self.strategies.items()}
        return {"kind": self.kind, "every": list(self.every), "strategies": strategies}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Recalibration:
        """Read the plain form; raises ValueError for a kind that nobody knows."""
        if data["kind"] not in KINDS:
            raise ValueError(f"there is no member {data['kind']!r}")
        strategies = {str(key): _numbers(numbers) for key, numbers in data["strategies"].items()}
        return cls(kind=str(data["kind"]), every=_numbers(data["every"]), strategies=strategies)


def fit_lines(
    implied: Floats, forecast: Floats, strategy: Nodes, won: Floats, day: Integers
) -> tuple[Recalibration, ...]:
    """Fit every member that has days enough; each day weighs one, and rows without its probabilities do not count."""
    every = _recalibrated(AS_SAID, implied, forecast, won, day)
    strategies = {}
    for place, key in enumerate(strategy.keys):
        mine = strategy.place == place
        strategies[key] = _recalibrated(every, implied[mine], forecast[mine], won[mine], day[mine])
    known = {PRICE: np.isfinite(implied), FORECAST: np.isfinite(forecast)}
    known[BOTH] = known[PRICE] & known[FORECAST]
    kinds = [kind for kind in KINDS if _enough(day[known[kind]])]
    return tuple(Recalibration(kind=kind, every=every, strategies=strategies) for kind in kinds)


def first_known(
    lines: Sequence[Recalibration], implied: Floats, forecast: Floats, strategy: Nodes
) -> tuple[Floats, Integers]:
    """Return the log odds of the first of ``lines`` that can speak of each row, and its place, -1 where none can.

    >>> price = Recalibration(kind="price", strategies={})
    >>> both = Recalibration(kind="both", every=RecalibrationParameters(belief=1), strategies={})
    >>> fly = Nodes(level="strategy", keys=("Butterfly",), place=np.array([0, 0]))
    >>> margin, place = first_known([both, price], np.array([0.5, 0.5]), np.array([0.8, np.nan]), fly)
    >>> margin.round(3).tolist(), place.tolist()
    ([1.386, 0.0], [0, 1])
    """
    margin, place = np.full(len(implied), np.nan), np.full(len(implied), -1, dtype=np.int64)
    for number, line in enumerate(lines):
        said = line.margin(implied, forecast, strategy)
        take = (place < 0) & np.isfinite(said)
        margin[take], place[take] = said[take], number
    return margin, place


def _recalibrated(
    answer: RecalibrationParameters, implied: Floats, forecast: Floats, won: Floats, day: Integers
) -> RecalibrationParameters:
    # what cannot be learnt of these rows stays as it was
    priced, said = np.isfinite(implied), np.isfinite(forecast)
    if _enough(day[priced]):
        level, slope = fit_platt(log_odds(implied[priced]), won[priced], day[priced], _BELIEF_DAYS)
        answer = answer._replace(price_level=level, price_slope=slope)
    if _enough(day[said]):
        level, slope = fit_platt(log_odds(forecast[said]), won[said], day[said], _BELIEF_DAYS)
        answer = answer._replace(forecast_level=level, forecast_slope=slope)
    both = priced & said
    if _enough(day[both]):
        offset = answer.price_level + answer.price_slope * log_odds(implied[both])
        away = answer.forecast_level + answer.forecast_slope * log_odds(forecast[both]) - offset
        belief = fit_slope(away, won[both], day[both], offset, _BELIEF_DAYS).value
        answer = answer._replace(belief=float(np.clip(belief, 0.0, 1.0)))
    return answer


def _enough(day: Integers) -> bool:
    return len(np.unique(day)) >= _FEWEST_DAYS


def _numbers(values: Sequence[float]) -> RecalibrationParameters:
    return RecalibrationParameters(*map(float, values))
