"""Out-of-sample predictions and realized outcomes: every figure of a report is computed from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.domain.strategy import BASE_STRATEGIES, VERTICAL
from magic8_ml.forecast.called_trades import CalledTrades, pick
from magic8_ml.forecast.forecaster import Forecast, Rows
from magic8_ml.forecast.structures import VERTICALS

MEDIUM: Final = 0.65


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settlement:
    """Results of the canonical structures; columns are ``BASE_STRATEGIES``, shape (n_rows, 3), NaN where unknown.

    ``won``: 1 when the net result at settlement was above zero.  ``gross`` at an anchored premium and ``cost`` in the
    base scenario are in units of the largest loss.
    ``odds`` maps the name of a baseline to its probabilities of the same events.
    """

    won: Floats
    gross: Floats
    cost: Floats
    odds: Mapping[str, Floats]

    @property
    def net(self) -> Floats:
        """Return the result after costs in the base scenario."""
        return self.gross - self.cost

    def __getitem__(self, rows: Mask | Integers) -> Settlement:
        """Return some of the rows."""
        return Settlement(
            won=self.won[rows],
            gross=self.gross[rows],
            cost=self.cost[rows],
            odds={name: odds[rows] for name, odds in self.odds.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaceLosses:
    """Losses (RPS) of the regime against the price that knows today, (n_rows,); NaN without enough earlier days."""

    model: Floats
    climatology: Floats

    def __getitem__(self, rows: Mask | Integers) -> PaceLosses:
        """Return some of the rows."""
        return PaceLosses(model=self.model[rows], climatology=self.climatology[rows])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutOfSample:
    """Scored rows with their outcomes, the model's forecast, the baselines' and the trades.

    ``pace``: regime losses against the price that knows today's pace.
    """

    rows: Rows
    model: Forecast
    baselines: Mapping[str, Forecast]
    settlement: Settlement
    pace: PaceLosses

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.rows)

    def __getitem__(self, rows: Mask | Integers) -> OutOfSample:
        """Return some of the rows."""
        return replace(
            self,
            rows=self.rows[rows],
            model=self.model[rows],
            baselines={name: forecast[rows] for name, forecast in self.baselines.items()},
            settlement=self.settlement[rows],
            pace=self.pace[rows],
        )

    def of_symbol(self, symbol: str) -> OutOfSample:
        """Return the rows of one symbol."""
        return self[self.rows.symbol == self.rows.symbols.index(symbol)]

    @property
    def n_days(self) -> int:
        """Count the days."""
        return len(np.unique(self.rows.day))

    @property
    def answered(self) -> Mask:
        """Tell where the model gave a call, No_Trade included."""
        return self.model.chosen >= 0

    @property
    def high(self) -> Mask:
        """Tell where the call is a strategy at HIGH confidence."""
        return self.calls.high

    @property
    def call_confidence(self) -> Floats:
        """Return the confidence of the strategy called, NaN where none is."""
        return self.calls.confidence

    @property
    def calls(self) -> CalledTrades:
        """Return the calls, settled."""
        return CalledTrades.of(self.model, self.settlement.won, self.rows.day)

    def structures(self) -> Iterator[tuple[str, int, Mask]]:
        """Yield each structure meant: its name, its strategy's column, and the rows at which it is the one meant."""
        for column, strategy in enumerate(BASE_STRATEGIES[:2]):
            yield strategy, column, np.ones(len(self), dtype=np.bool_)
        for kind, name in enumerate(VERTICALS):
            yield f"{VERTICAL} ({name.replace('_', ' ')})", 2, self.model.vertical == kind

    def of_call(self, columns: Floats) -> Floats:
        """Pick from (n_rows, 3) the column of the strategy called, NaN where none is."""
        return pick(columns, self.model.chosen)
