"""Rows, forecasts and the interface of every forecaster and baseline.

    Rows ──fit──> FittedForecaster ──predict──> Forecast        one row per symbol and entry time, arrays throughout

A forecaster gets rows without outcomes when it predicts, so it cannot use what it is scored on.  In walk-forward it
also gets its own earlier out-of-fold forecasts (``past``): calibration may only use forecasts that were made before
the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Protocol

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask

LEVELS: Final = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Probabilities of the published quantiles: columns of ``Forecast.quantiles``."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes:
    """Outcomes of each row; shape (n_rows,).  Log returns are from the row's spot.

    ``realised``: variance of the rest of the day; ``move``: to the close; ``highest`` and ``lowest``: extremes of the
    rest of the path, taken from bar highs and lows.
    """

    realised: Floats
    move: Floats
    highest: Floats
    lowest: Floats

    def __getitem__(self, rows: Mask | Integers | slice) -> Outcomes:
        """Return some of the rows."""
        return Outcomes(**{item.name: getattr(self, item.name)[rows] for item in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """One row per symbol and entry time, everything known at that time; arrays have shape (n_rows,).

    ``symbol`` indexes ``symbols``; ``day`` is the session's position on the exchange calendar; ``bucket`` the
    30-minute interval of a full day that lies as far from the close, 0..12; ``bars_done`` the complete bars of today.
    ``features`` (n_rows, n_features) in catalogue order, NaN is missing.

    Three prices of the rest of the day, as standard deviation of its log return: ``sigma_vix`` is VIX x share of the
    last 30 sessions, ``sigma_today`` the same with today's pace in it, ``sigma_share`` VIX x share of the last 120
    sessions (NaN where fewer than 60 are known; for baselines, serving has no such history).

    ``regime_terciles`` (n_rows, 2) are q33 and q67 of u = sqrt(realised)/sigma_vix, ``direction_terciles`` those of
    z = move/sigma_vix, ``regime_terciles_today`` those of sqrt(realised)/sigma_today: same symbol and bucket, trailing
    sessions, shifted by a day, NaN while fewer than 60 are known.
    """

    symbols: tuple[str, ...]
    symbol: Integers
    day: Integers
    bucket: Integers
    bars_done: Integers
    half_day: Mask
    features: Floats
    spot: Floats
    sigma_vix: Floats
    sigma_today: Floats
    sigma_share: Floats
    regime_terciles: Floats
    direction_terciles: Floats
    regime_terciles_today: Floats
    outcomes: Outcomes | None = None

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.day)

    def __getitem__(self, rows: Mask | Integers | slice) -> Rows:
        """Return some of the rows, in the given order."""
        arrays: dict[str, Any] = {
            item.name: getattr(self, item.name)[rows] for item in fields(self) if item.name not in _NOT_ARRAYS
        }
        outcomes = None if self.outcomes is None else self.outcomes[rows]
        return Rows(symbols=self.symbols, outcomes=outcomes, **arrays)

    @property
    def known(self) -> Outcomes:
        """Return the outcomes of rows that have them."""
        if self.outcomes is None:
            raise ValueError("these rows have no outcomes yet")
        return self.outcomes

    @property
    def labelled(self) -> Mask:
        """Tell which rows have thresholds, so that their outcome has a class."""
        return np.isfinite(self.regime_terciles[:, 0]) & np.isfinite(self.direction_terciles[:, 0])

    @property
    def regime(self) -> Integers:
        """Return 0 low, 1 normal, 2 high: realised over implied against its trailing terciles."""
        return classes_of(np.sqrt(self.known.realised) / self.sigma_vix, self.regime_terciles)

    @property
    def regime_today(self) -> Integers:
        """Return the regime against the price that includes today's pace."""
        return classes_of(np.sqrt(self.known.realised) / self.sigma_today, self.regime_terciles_today)

    @property
    def direction(self) -> Integers:
        """Return 0 bearish, 1 neutral, 2 bullish: the remaining move against its trailing terciles."""
        return classes_of(self.known.move / self.sigma_vix, self.direction_terciles)

    def without_outcomes(self) -> Rows:
        """Return the same rows as they looked when they were to be predicted."""
        return replace(self, outcomes=None)


_NOT_ARRAYS: Final = frozenset({"symbols", "outcomes"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """The forecast of each row; NaN where there is none.

    ``sigma`` (n_rows,): forecast standard deviation of the log return to the close.
    ``direction``, ``regime`` (n_rows, 3): probabilities of the classes of the same names.
    ``quantiles`` (n_rows, len(LEVELS)): of the log return to the close.

    Of the canonical structure of each of ``BASE_STRATEGIES``, columns in that order, at the modelled premium:
    ``win`` and ``implied`` (n_rows, 3): probability of a net gain, by the forecast and by the price;
    ``edge`` (n_rows, 3): ln odds of ``win`` before it is shrunk, less those of ``implied``;
    ``value`` (n_rows, 3): expected net result in units of the largest loss;
    ``touch`` (n_rows, 3): probability that a short strike (of a butterfly: a wing) is reached before the close;
    ``confidence`` (n_rows, 3): mid-rank of the edge among its references, 0..1 at 4 decimals;
    ``call_confidence`` (n_rows,): mid-rank of the highest of the three among the highest ones of the references;
    ``vertical`` (n_rows,): which of the four verticals is meant, an index of ``structures.VERTICALS``;
    ``chosen`` (n_rows,): the answer, an index of ``strategy_view.OUTCOMES``, -1 for none.
    """

    sigma: Floats
    direction: Floats
    regime: Floats
    quantiles: Floats
    win: Floats
    implied: Floats
    edge: Floats
    value: Floats
    touch: Floats
    confidence: Floats
    call_confidence: Floats
    vertical: Integers
    chosen: Integers

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.sigma)

    def __getitem__(self, rows: Mask | Integers | slice) -> Forecast:
        """Return some of the rows."""
        return Forecast(**{item.name: getattr(self, item.name)[rows] for item in fields(self)})

    @classmethod
    def partial(cls, n_rows: int, **values: Any) -> Forecast:  # noqa: ANN401 - any of the arrays
        """Return a forecast with only the given fields.

        >>> float(Forecast.partial(2, sigma=np.array([0.01, 0.02])).sigma[1])
        0.02
        """
        shapes = {"direction": (3,), "regime": (3,), "quantiles": (len(LEVELS),)}
        shapes |= dict.fromkeys(("win", "implied", "edge", "value", "touch", "confidence"), (3,))
        nothing: dict[str, Any] = {
            "sigma": np.full(n_rows, np.nan),
            "call_confidence": np.full(n_rows, np.nan),
            **{name: np.full((n_rows, *shape), np.nan) for name, shape in shapes.items()},
            "vertical": np.zeros(n_rows, dtype=np.int64),
            "chosen": np.full(n_rows, -1),
        }
        return cls(**{**nothing, **values})

    @classmethod
    def concat(cls, parts: list[Forecast]) -> Forecast:
        """Concatenate forecasts."""
        return cls(**{item.name: np.concatenate([getattr(p, item.name) for p in parts]) for item in fields(cls)})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """Rows with their outcomes and the forecasts that were made before the outcomes."""

    rows: Rows
    forecast: Forecast

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.rows)


class FittedForecaster(Protocol):
    """A fitted forecaster; predicting changes no state."""

    def predict(self, rows: Rows) -> Forecast:
        """Forecast rows; a row's forecast depends on that row alone, never on its neighbours or its outcome."""


class Forecaster(Protocol):
    """A model that can be fitted; ``name`` is its name in reports."""

    @property
    def name(self) -> str:
        """Return the name in reports and trial logs."""

    def fit(self, rows: Rows, past: Past | None = None) -> FittedForecaster:
        """Fit on rows with outcomes and, for calibration, on earlier forecasts of this same forecaster.

        The same rows give the same forecaster, to the bit; rows are not changed.
        """


class Storable(Protocol):
    """A fitted forecaster that can be stored: plain numbers and boosters, never a pickle."""

    def as_files(self) -> Mapping[str, bytes]:
        """Return the content of each file by its name: ``*.json`` numbers, ``*.ubj`` boosters; same fit, same bytes."""


def classes_of(values: Floats, terciles: Floats) -> Integers:
    """Return 0 below the first tercile, 2 above the second, else 1; ``terciles`` has shape (n_rows, 2).

    >>> classes_of(np.array([0.5, 1.0, 3.0]), np.array([[0.8, 1.2]] * 3)).tolist()
    [0, 1, 2]
    """
    return np.asarray(1 - (values < terciles[:, 0]) + (values > terciles[:, 1]), dtype=np.int64)


def concat_rows(parts: list[Rows]) -> Rows:
    """Concatenate rows with outcomes; they must have the same symbols."""
    if len({part.symbols for part in parts}) != 1:
        raise ValueError("rows of different symbol tables cannot be joined")
    arrays: dict[str, Any] = {
        item.name: np.concatenate([getattr(part, item.name) for part in parts])
        for item in fields(Rows)
        if item.name not in _NOT_ARRAYS
    }
    outcomes = Outcomes(
        **{item.name: np.concatenate([getattr(part.known, item.name) for part in parts]) for item in fields(Outcomes)}
    )
    return Rows(symbols=parts[0].symbols, outcomes=outcomes, **arrays)
