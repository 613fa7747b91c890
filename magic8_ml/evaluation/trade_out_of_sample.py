"""What was said of trades beside what came of them: the one value that every figure of a report is computed from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_ml.evaluation.trade_baselines import BASE_RATE, BASELINES
from magic8_ml.evaluation.trade_selection import Decisions, decisions_of
from magic8_ml.evaluation.trade_walk_forward import WinModel, said_before
from magic8_ml.forecast.training.progress import Progress, silent
from magic8_ml.forecast.training.walk_forward import Fold
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.rows import TradeRows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgedTrades:
    """Rows that the model spoke of, in the order of time.

    ``said`` maps the name of the model under evaluation and of every other to probabilities (n_rows,), NaN where it
    said nothing; ``model`` names the former.  ``decisions``: what each rule would have taken, by the model.
    ``silent`` tells of other models why they could not learn.
    """

    rows: TradeRows
    model: str
    said: Mapping[str, Floats]
    decisions: Decisions
    silent: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.rows)

    def __getitem__(self, rows: Mask | Integers) -> JudgedTrades:
        """Return some of the rows."""
        return JudgedTrades(
            rows=self.rows[rows],
            model=self.model,
            said={name: odds[rows] for name, odds in self.said.items()},
            decisions=self.decisions[rows],
            silent=self.silent,
        )

    @property
    def ours(self) -> Floats:
        """Return what the model under evaluation said."""
        return self.said[self.model]

    @property
    def won(self) -> Floats:
        """Return 1 where a row won, else 0."""
        return self.rows.won.astype(np.float64)

    @property
    def base(self) -> Floats:
        """Return the base rates known before."""
        return self.said[BASE_RATE.name]

    def parts(self) -> Iterator[tuple[str, JudgedTrades]]:
        """Yield every symbol and strategy that was traded, as ``SPX_Butterfly``, symbols first."""
        for place, (symbol, strategy) in enumerate(self.rows.pairs):
            mine = self.rows.pair == place
            if mine.any():
                yield f"{symbol}_{strategy}", self[mine]

    def strategies(self) -> Iterator[tuple[str, JudgedTrades]]:
        """Yield every strategy that was traded."""
        for place, name in enumerate(self.rows.strategies):
            mine = self.rows.strategy == place
            if mine.any():
                yield name, self[mine]


def judge(
    model: WinModel,
    rows: TradeRows,
    folds: Sequence[Fold],
    *,
    others: Sequence[WinModel] = (),
    progress: Progress = silent,
) -> JudgedTrades:
    """Walk model, baselines and ``others`` forward over the same folds; rows of which the model says nothing go out.

    Raises
    ------
    TrainingRefused
        When the model itself cannot learn from the days of a fold; another one is passed over.
    """
    told, silent = {model.name: said_before(model, rows, folds, progress)}, {}
    for one in (*others, *BASELINES):
        try:
            told[one.name] = said_before(one, rows, folds, progress)
        except TrainingRefused as refusal:
            silent[one.name] = str(refusal)
    decisions = decisions_of(rows, told[model.name], folds)
    kept = tested_rows(rows, folds) & np.isfinite(told[model.name])
    return JudgedTrades(
        rows=rows[kept],
        model=model.name,
        said={name: odds[kept] for name, odds in told.items()},
        decisions=decisions[kept],
        silent=silent,
    )


def tested_rows(rows: TradeRows, folds: Sequence[Fold]) -> Mask:
    """Tell which rows the folds test."""
    return np.isin(rows.day, np.concatenate([fold.test for fold in folds]))
