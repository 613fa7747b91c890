"""Write every probability of model and baselines with the outcomes, one line per row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_ml.evaluation.out_of_sample import OutOfSample
from magic8_ml.evaluation.rule_scores import moments_of
from magic8_ml.forecast.forecaster import LEVELS, Forecast
from magic8_ml.forecast.labels import DIRECTIONS, OUTCOMES, REGIMES
from magic8_ml.forecast.structures import VERTICALS


def write_rows(out_of_sample: OutOfSample, path: Path) -> None:
    """Write CSV or parquet, depending on the suffix."""
    frame = row_table(out_of_sample)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)


def row_table(out_of_sample: OutOfSample) -> pd.DataFrame:
    """Return the table: the outcomes, then ``model``, then each baseline by its number (``B1``, ``B2`` ...)."""
    rows, model = out_of_sample.rows, out_of_sample.model
    outcomes, labelled = rows.known, rows.labelled
    columns: dict[str, object] = {
        "time": pd.DatetimeIndex(moments_of(rows).view("datetime64[ns]"), tz="UTC"),
        "symbol": np.array(rows.symbols)[rows.symbol],
        "realised_variance": outcomes.realised,
        "move": outcomes.move,
        "regime": _named(REGIMES, np.where(labelled, rows.regime, -1)),
        "direction": _named(DIRECTIONS, np.where(labelled, rows.direction, -1)),
        "vertical": _named(VERTICALS, model.vertical),
        **{f"{name}_won": out_of_sample.settlement.won[:, n] for n, name in enumerate(BASE_STRATEGIES)},
        "call": _named(OUTCOMES, model.chosen),
        "confidence": out_of_sample.call_confidence,
        **_probabilities("model", model, model.win),
    }
    for name, forecast in out_of_sample.baselines.items():
        columns |= _probabilities(name, forecast, out_of_sample.settlement.odds.get(name))
    columns |= {
        f"{name}: {strategy} wins": odds[:, n]
        for name, odds in out_of_sample.settlement.odds.items()
        if name not in out_of_sample.baselines
        for n, strategy in enumerate(BASE_STRATEGIES)
    }
    return pd.DataFrame(columns)


def _probabilities(name: str, forecast: Forecast, odds: Floats | None) -> dict[str, object]:
    columns: dict[str, object] = {f"{name}: sigma": forecast.sigma}
    columns |= {f"{name}: {100 * level:g} % quantile": forecast.quantiles[:, n] for n, level in enumerate(LEVELS)}
    columns |= {f"{name}: {label} volatility": forecast.regime[:, n] for n, label in enumerate(REGIMES)}
    columns |= {f"{name}: {label}": forecast.direction[:, n] for n, label in enumerate(DIRECTIONS)}
    if odds is not None:
        columns |= {f"{name}: {strategy} wins": odds[:, n] for n, strategy in enumerate(BASE_STRATEGIES)}
    return columns


def _named(names: tuple[str, ...], numbers: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> list[str | None]:
    return [names[n] if n >= 0 else None for n in numbers.tolist()]
