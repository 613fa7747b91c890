"""The rule scorer's points at the rows of a model, read from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.outside_files.parquet import read_parquet
from magic8_companion.outside_files.plain_files import opened
from magic8_ml.forecast.forecaster import Rows
from magic8_ml.forecast.session_table import BAR_NS, session_table
from magic8_ml.metrics.refusal import TrainingRefused

_COLUMNS: Final = ("symbol", "time", *BASE_STRATEGIES)


def _table(path: Path) -> pd.DataFrame:
    if path.suffix.lower() == ".parquet":
        frame: pd.DataFrame = read_parquet(path).to_pandas()
        return frame
    with opened(path) as stream:
        return pd.read_csv(stream)


def read_rule_scores(path: Path, rows: Rows) -> Floats:
    """Return the points at each row, (n_rows, 3); NaN where the file has none.

    Raises
    ------
    TrainingRefused
        When the file cannot be read, lacks a column, or its times have no zone.
    """
    try:
        frame = _table(path)
        frame = frame[list(_COLUMNS)]
        stamps = pd.DatetimeIndex(pd.to_datetime(frame["time"]))
    except (OSError, ValueError, KeyError) as error:
        raise TrainingRefused(f"the rule scores {path} cannot be used: {error}") from error
    if stamps.tz is None:
        raise TrainingRefused(f"the rule scores {path} have times without a zone")
    points = frame[list(BASE_STRATEGIES)].to_numpy(dtype=np.float64)
    keys = zip(frame["symbol"].astype(str), stamps.tz_convert("UTC").as_unit("ns").asi8.tolist(), strict=True)
    found = dict(zip(keys, points, strict=True))
    nothing = np.full(len(BASE_STRATEGIES), np.nan)
    wanted = zip(rows.symbol.tolist(), moments_of(rows).tolist(), strict=True)
    return np.stack([found.get((rows.symbols[symbol], at), nothing) for symbol, at in wanted])


def moments_of(rows: Rows) -> Integers:
    """Return when each row was known: the end of its last complete bar, nanoseconds UTC."""
    return np.asarray(session_table().opens[rows.day] + rows.bars_done * BAR_NS)
