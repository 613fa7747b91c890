"""Every probability of model and baselines beside what came, a line per row: for those who count themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_ml.evaluation.out_of_sample import OutOfSample
from magic8_ml.evaluation.rule_scores import moments_of
from magic8_ml.forecast.forecaster import LEVELS, Forecast
from magic8_ml.forecast.strategy_view import DIRECTIONS, OUTCOMES, REGIMES
from magic8_ml.forecast.structures import VERTICALS


def write_rows(judged: OutOfSample, path: Path) -> None:
    """Write CSV or parquet, by the ending of the name."""
    frame = row_table(judged)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)


def row_table(judged: OutOfSample) -> pd.DataFrame:
    """Return the table: what came, then ``model``, then each baseline by its number (``B1``, ``B2`` ...)."""
    rows, model = judged.rows, judged.model
    came, labelled = rows.known, rows.labelled
    columns: dict[str, object] = {
        "time": pd.DatetimeIndex(moments_of(rows).view("datetime64[ns]"), tz="UTC"),
        "symbol": np.array(rows.symbols)[rows.symbol],
        "realised_variance": came.realised,
        "move": came.move,
        "regime": _named(REGIMES, np.where(labelled, rows.regime, -1)),
        "direction": _named(DIRECTIONS, np.where(labelled, rows.direction, -1)),
        "vertical": _named(VERTICALS, model.vertical),
        **{f"{name}_won": judged.settlement.won[:, n] for n, name in enumerate(BASE_STRATEGIES)},
        "call": _named(OUTCOMES, model.chosen),
        "confidence": judged.call_confidence,
        **_said("model", model, model.win),
    }
    for name, forecast in judged.baselines.items():
        columns |= _said(name, forecast, judged.settlement.odds.get(name))
    columns |= {
        f"{name}: {strategy} wins": odds[:, n]
        for name, odds in judged.settlement.odds.items()
        if name not in judged.baselines
        for n, strategy in enumerate(BASE_STRATEGIES)
    }
    return pd.DataFrame(columns)


def _said(name: str, forecast: Forecast, odds: Floats | None) -> dict[str, object]:
    said: dict[str, object] = {f"{name}: sigma": forecast.sigma}
    said |= {f"{name}: {100 * level:g} % quantile": forecast.quantiles[:, n] for n, level in enumerate(LEVELS)}
    said |= {f"{name}: {label} volatility": forecast.regime[:, n] for n, label in enumerate(REGIMES)}
    said |= {f"{name}: {label}": forecast.direction[:, n] for n, label in enumerate(DIRECTIONS)}
    if odds is not None:
        said |= {f"{name}: {strategy} wins": odds[:, n] for n, strategy in enumerate(BASE_STRATEGIES)}
    return said


def _named(names: tuple[str, ...], numbers: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> list[str | None]:
    return [names[n] if n >= 0 else None for n in numbers.tolist()]
