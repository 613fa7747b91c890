"""All models of win probabilities from one sample of trades.

days ──folds──> base members ──rank──> trees per node and fold (in parallel) ──> predictions made before their days
     ──> kappa, which trees ship, which levels' offsets count (all blocks but the last)
     ──> thresholds for comparison (the last block)
     ──> offsets on all of them, trees and members on all days
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import xgboost as xgb
from scipy.special import expit

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.forecast.training.progress import Progress, silent
from magic8_ml.forecast.training.walk_forward import Fold, WalkForwardConfig, folds_of
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.base_models import PRICE, Recalibration, fit_lines
from magic8_ml.trades.forest import Forest
from magic8_ml.trades.hierarchy import HierarchicalModel, OutOfFold, Ships, fit_chain
from magic8_ml.trades.levels import LEVELS, trade_key
from magic8_ml.trades.model import Base, Record, WinModel
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.sample import FORECAST_WIN, Sample, Size, sample_of
from magic8_ml.trades.training.model_selection import (
    EMBARGO_DAYS,
    Parts,
    Walk,
    choose_kappa,
    choose_parts,
    daily_mean,
    log_loss,
)
from magic8_ml.trades.training.tree_tasks import (
    TREE_LEVELS,
    Run,
    Shared,
    Step,
    TreeResult,
    TreeTask,
    base_margin,
    in_this_process,
    tasks_of,
)
from magic8_ml.trades.trees import TreeSettings

BLOCKS: Final = 6
FEWEST_DAYS: Final = 100
_FIRST_SHARE: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearntWins:
    """What was learnt, before it is stored.

    ``walk`` holds predictions made before their days and ``rows`` their places in the sample; ``margins`` are their
    final log odds by offsets of earlier days (NaN in the first block), ``prices`` those of the recalibrated price alone
    (NaN where no premium is known).
    """

    sample: Sample
    folds: tuple[Fold, ...]
    base: Base
    records: tuple[Record, ...]
    boosters: Mapping[str, xgb.Booster]
    walk: Walk
    margins: Floats
    prices: Floats
    rows: Integers
    chain: HierarchicalModel
    facts: Mapping[str, Any]

    def model(self) -> WinModel:
        """Return the model as it answers, without storing it."""
        names = tuple(self.boosters)
        return WinModel(
            names=self.sample.names,
            base=self.base,
            records={record.name: record for record in self.records},
            boosters=names,
            forest=Forest.of([self.boosters[name] for name in names]),
            refused={},
            damaged={},
            digest="",
        )


def learn_wins(
    sample: Sample, run: Run, settings: TreeSettings | None = None, progress: Progress = silent
) -> LearntWins:
    """Learn every node; the same sample gives the same models to the bit, whoever runs the tasks.

    Raises
    ------
    TrainingRefused
        When the sample cannot carry a model.
    """
    folds = folds_for(sample)
    steps, losses = _steps(sample, folds)
    shared = Shared(sample=sample, nodes=sample.nodes(), steps=steps, settings=settings or TreeSettings())
    tasks = tasks_of(shared)
    progress("trees", 0, len(tasks), len(sample))
    results = run(shared, tasks)
    progress("trees", len(tasks), len(tasks), len(sample))
    walk, rows = _walk(shared, folds, tasks, results)
    last = len(folds) - 1
    kappa, kappa_losses = choose_kappa(walk, range(1, last))
    finals = _final_trees(shared, tasks, results)
    parts = choose_parts(walk, kappa, _candidates(shared, finals), range(1, last))
    chain = fit_chain(walk.told, kappa, parts.ships, parts.levels, others=True)
    records = _records(shared, chain, parts)
    return LearntWins(
        sample=sample,
        folds=folds,
        base=Base(
            lines=steps[-1].lines,
            kappa=kappa,
            spread=chain.offsets[LEVELS[0]][0].spread,
            shares=sample.shares,
        ),
        records=records,
        boosters={record.name: _booster(finals[record.name]) for record in records if record.ships},
        walk=walk,
        margins=walk.margins(kappa, parts.ships, parts.levels, range(1, last + 1)),
        prices=_prices(sample, steps)[rows],
        rows=rows,
        chain=chain,
        facts={**parts.facts(), "kappa": kappa, "log_loss_by_kappa": kappa_losses, "log_loss_by_member": losses},
    )


def folds_for(sample: Sample) -> tuple[Fold, ...]:
    """Cut the days into a first third to learn from and six blocks.

    Raises
    ------
    TrainingRefused
        With fewer than 100 days, or only one result.
    """
    days = len(np.unique(sample.day))
    if days < FEWEST_DAYS:
        raise TrainingRefused(f"too little history: {days} days with trades, need {FEWEST_DAYS}")
    if len(np.unique(sample.won)) < 2:
        raise TrainingRefused("every trade has the same result: there is nothing to tell apart")
    first = days // _FIRST_SHARE
    refit = -(-(days - first - EMBARGO_DAYS) // BLOCKS)
    return folds_of(sample.day, WalkForwardConfig(training_days=first, refit_days=refit, embargo_days=EMBARGO_DAYS))


def _steps(sample: Sample, folds: Sequence[Fold]) -> tuple[tuple[Step, ...], Mapping[str, float]]:
    # base members per fold and on all days, ranked by what they said of all blocks but the last
    fitted = [_lines(sample, sample.day <= fold.train[-1]) for fold in folds]
    every = _lines(sample, np.ones(len(sample), dtype=np.bool_))
    kinds = [line.kind for line in every if all(line.kind in {other.kind for other in lines} for lines in fitted)]
    if not kinds:
        raise TrainingRefused("neither premium nor forecast is known of enough trades")
    losses = _member_losses(sample, folds[:-1], fitted, kinds)
    ranked = sorted(kinds, key=losses.__getitem__)
    steps = [
        Step(lines=_picked(lines, ranked), learnt_until=int(fold.train[-1]), told=_span(fold))
        for fold, lines in zip(folds, fitted, strict=True)
    ]
    steps.append(Step(lines=_picked(every, ranked), learnt_until=int(sample.day.max()), told=None))
    return tuple(steps), losses


def _lines(sample: Sample, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> tuple[Recalibration, ...]:
    known = sample[rows]
    return fit_lines(known.implied, known.forecast, known.strategy_nodes(), known.won, known.day)


def _picked(lines: Sequence[Recalibration], kinds: Sequence[str]) -> tuple[Recalibration, ...]:
    by_kind = {line.kind: line for line in lines}
    return tuple(by_kind[kind] for kind in kinds)


def _member_losses(
    sample: Sample, folds: Sequence[Fold], fitted: Sequence[tuple[Recalibration, ...]], kinds: Sequence[str]
) -> dict[str, float]:
    said: dict[str, list[Floats]] = {kind: [] for kind in kinds}
    won, day = [], []
    for fold, lines in zip(folds, fitted, strict=False):
        told = sample[(sample.day >= fold.test[0]) & (sample.day <= fold.test[-1])]
        margins = [line.margin(told.implied, told.forecast, told.strategy_nodes()) for line in _picked(lines, kinds)]
        common = np.isfinite(margins).all(axis=0)
        for kind, margin in zip(kinds, margins, strict=True):
            said[kind].append(margin[common])
        won.append(told.won[common])
        day.append(told.day[common])
    came, days = np.concatenate(won), np.concatenate(day)
    if not len(days):
        raise TrainingRefused("no trade has both a premium and a forecast: nothing can be compared")
    return {kind: daily_mean(log_loss(np.concatenate(parts), came), days) for kind, parts in said.items()}


def _span(fold: Fold) -> tuple[int, int]:
    return int(fold.test[0]), int(fold.test[-1])


def _walk(
    shared: Shared, folds: Sequence[Fold], tasks: Sequence[TreeTask], results: Sequence[TreeResult]
) -> tuple[Walk, Integers]:
    sample = shared.sample
    line, block = np.full(len(sample), np.nan), np.full(len(sample), -1)
    sums = {nodes.level: np.full(len(sample), np.nan) for nodes in shared.nodes}
    for number, step in enumerate(shared.steps[: len(folds)]):
        told = step.tells(sample.day)
        line[told], block[told] = base_margin(sample[told], step.lines), number
    for task, result in zip(tasks, results, strict=True):
        nodes, step = shared.nodes[task.level], shared.steps[task.step]
        if step.told is not None:
            sums[nodes.level][(nodes.place == task.place) & step.tells(sample.day)] = result.sums
    rows = np.flatnonzero((block >= 0) & np.isfinite(line))
    told_rows = OutOfFold(nodes=shared.nodes, day=sample.day, won=sample.won, line=line, sums=sums)
    return Walk(told=told_rows[rows], block=block[rows]), rows


def _prices(sample: Sample, steps: Sequence[Step]) -> Floats:
    answer = np.full(len(sample), np.nan)
    for step in steps:
        told = step.tells(sample.day)
        answer[told] = base_margin(sample[told], [line for line in step.lines if line.kind == PRICE])
    return answer


def _final_trees(shared: Shared, tasks: Sequence[TreeTask], results: Sequence[TreeResult]) -> dict[str, bytes]:
    finals = {}
    for task, result in zip(tasks, results, strict=True):
        if result.trees is not None:
            nodes = shared.nodes[task.level]
            finals[Record.name_of(nodes.level, nodes.keys[task.place])] = result.trees
    return finals


def _candidates(shared: Shared, finals: Mapping[str, bytes]) -> Ships:
    return {
        nodes.level: np.array([Record.name_of(nodes.level, key) in finals for key in nodes.keys])
        for nodes in shared.nodes
        if nodes.level in TREE_LEVELS
    }


def _records(shared: Shared, chain: HierarchicalModel, parts: Parts) -> tuple[Record, ...]:
    sample, records = shared.sample, []
    for nodes in shared.nodes:
        for place, key in enumerate(nodes.keys):
            mine = nodes.place == place
            own = bool(parts.ships[nodes.level][place]) if nodes.level in parts.ships else False
            records.append(
                Record(
                    level=nodes.level,
                    key=key,
                    size=Size.of(sample.day[mine], sample.won[mine]),
                    offset=chain.offsets[nodes.level][place],
                    ships=own,
                    evidence=parts.trees[nodes.level].at(place) if nodes.level in parts.trees else {},
                )
            )
    return tuple(records)


def _booster(content: bytes) -> xgb.Booster:
    booster = xgb.Booster({"nthread": 1})
    booster.load_model(bytearray(content))
    return booster


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledWins:
    """Partial pooling over the levels, with the trees that ship; ``run`` does the work."""

    run: Run = in_this_process
    settings: TreeSettings = field(default_factory=TreeSettings)
    name: str = "pooled"

    def fit(self, rows: TradeRows) -> FittedPooledWins:
        """Learn; the same rows give the same model to the bit, whoever runs it."""
        return FittedPooledWins(model=learn_wins(sample_of(rows), self.run, self.settings).model())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedPooledWins:
    """What was learnt."""

    model: WinModel

    def predict(self, rows: TradeRows) -> Floats:
        """Return the probability that each row wins, (n_rows,), NaN where nothing can be said."""
        pairs, path = np.unique(rows.pair, return_inverse=True)
        paths = [trade_key(*rows.pairs[pair]) for pair in pairs.tolist()]
        features = rows.with_columns(self.model.names).features.astype(np.float32)
        return np.asarray(expit(self.model.margins(paths, path, features, rows.implied, rows.column(FORECAST_WIN))[0]))
