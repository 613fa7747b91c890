"""Fit the model of win probabilities on one sample of trades.

1. Cut the days into walk-forward folds.
2. Fit and rank the base models, then fit the trees per group and fold (in parallel): out-of-fold predictions.
3. Select prior strength, groups with trees and levels with offsets on all folds but the last.
4. Fit the final offsets on all out-of-fold predictions; trees and base models on all days.

The last fold gives the thresholds for comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import xgboost as xgb
from scipy.special import expit

from magic8_companion.domain.arrays import Floats, Integers
from magic8_ml.forecast.model_files import read_booster
from magic8_ml.forecast.training.walk_forward import Fold, WalkForwardConfig, folds_of
from magic8_ml.forecast.training.workers import ProgressCallback, no_progress, reproducible
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.base_models import PRICE, Recalibration, fit_base_models
from magic8_ml.trades.forest import Forest
from magic8_ml.trades.hierarchy import HierarchicalModel, OutOfFold, TreeMask, fit_hierarchy
from magic8_ml.trades.levels import LEVELS, trade_key
from magic8_ml.trades.model import GroupParameters, SharedParameters, WinModel
from magic8_ml.trades.rows import TradeRows
from magic8_ml.trades.sample import FORECAST_WIN, Sample, SampleSize, make_sample
from magic8_ml.trades.training.model_selection import (
    EMBARGO_DAYS,
    SelectedParts,
    WalkForwardPredictions,
    choose_prior_days,
    daily_mean,
    log_loss,
    select_parts,
)
from magic8_ml.trades.training.tree_tasks import (
    TREE_LEVELS,
    TaskRunner,
    TreeResult,
    TreeTask,
    TreeTaskInputs,
    WalkForwardStep,
    base_logit,
    run_in_process,
    tree_tasks_of,
)
from magic8_ml.trades.trees import TreeSettings

N_FOLDS: Final = 6
MIN_DAYS: Final = 100
_FIRST_SHARE: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WinModelFit:
    """The fitted parameters with their out-of-fold predictions, before storage.

    ``walk_forward``: out-of-fold predictions of the sample's ``rows``.  ``logits``: their final log odds, with offsets
    of earlier days, NaN in the first fold.  ``prices``: log odds of the recalibrated price alone, NaN without premium.
    """

    sample: Sample
    folds: tuple[Fold, ...]
    shared: SharedParameters
    records: tuple[GroupParameters, ...]
    boosters: Mapping[str, xgb.Booster]
    walk_forward: WalkForwardPredictions
    logits: Floats
    prices: Floats
    rows: Integers
    hierarchy: HierarchicalModel
    facts: Mapping[str, Any]

    def model(self) -> WinModel:
        """Return the model without storing it."""
        names = tuple(self.boosters)
        return WinModel(
            names=self.sample.names,
            shared=self.shared,
            records={record.name: record for record in self.records},
            boosters=names,
            forest=Forest.of([self.boosters[name] for name in names]),
            refused={},
            damaged={},
            digest="",
        )


@reproducible
def fit_win_model(
    sample: Sample, run: TaskRunner, settings: TreeSettings | None = None, progress: ProgressCallback = no_progress
) -> WinModelFit:
    """Fit every group; the same sample gives the same model to the bit, wherever ``run`` runs the tasks.

    Raises
    ------
    TrainingRefused
        When the sample is too small or has one outcome only.
    """
    folds = folds_for(sample)
    steps, losses = _fit_steps(sample, folds)
    inputs = TreeTaskInputs(sample=sample, groups=sample.groups(), steps=steps, settings=settings or TreeSettings())
    tasks = tree_tasks_of(inputs)
    progress("trees", 0, len(tasks), len(sample))
    results = run(inputs, tasks)
    progress("trees", len(tasks), len(tasks), len(sample))
    walk_forward, rows = _predict_walk_forward(inputs, folds, tasks, results)
    last = len(folds) - 1
    prior_days, prior_losses = choose_prior_days(walk_forward, range(1, last))
    finals = _final_trees(inputs, tasks, results)
    parts = select_parts(walk_forward, prior_days, _candidates(inputs, finals), range(1, last))
    hierarchy = fit_hierarchy(walk_forward.out_of_fold, prior_days, parts.uses_trees, parts.levels, fit_unused=True)
    records = _records(inputs, hierarchy, parts)
    return WinModelFit(
        sample=sample,
        folds=folds,
        shared=SharedParameters(
            base_models=steps[-1].base_models,
            prior_days=prior_days,
            variance_per_day=hierarchy.offsets[LEVELS[0]][0].variance_per_day,
            realised_fractions=sample.realised_fractions,
        ),
        records=records,
        boosters={
            record.name: read_booster(Path(f"{record.name}.ubj"), finals[record.name], sample.names)
            for record in records
            if record.uses_trees
        },
        walk_forward=walk_forward,
        logits=walk_forward.logits(prior_days, parts.uses_trees, parts.levels, range(1, last + 1)),
        prices=_prices(sample, steps)[rows],
        rows=rows,
        hierarchy=hierarchy,
        facts={**parts.facts(), "kappa": prior_days, "log_loss_by_kappa": prior_losses, "log_loss_by_member": losses},
    )


def folds_for(sample: Sample) -> tuple[Fold, ...]:
    """Cut the days into a first third for training and six test folds.

    Raises
    ------
    TrainingRefused
        With fewer than 100 days, or one outcome only.
    """
    days = len(np.unique(sample.day))
    if days < MIN_DAYS:
        raise TrainingRefused(f"too little history: {days} days with trades, need {MIN_DAYS}")
    if len(np.unique(sample.won)) < 2:
        raise TrainingRefused("every trade has the same result; training needs winners and losers")
    first = days // _FIRST_SHARE
    refit = -(-(days - first - EMBARGO_DAYS) // N_FOLDS)
    return folds_of(sample.day, WalkForwardConfig(training_days=first, refit_days=refit, embargo_days=EMBARGO_DAYS))


def _fit_steps(sample: Sample, folds: Sequence[Fold]) -> tuple[tuple[WalkForwardStep, ...], Mapping[str, float]]:
    # base models per fold and on all days, ranked by their loss on all folds but the last
    fitted = [_fit_base_models(sample, sample.day <= fold.train[-1]) for fold in folds]
    final = _fit_base_models(sample, np.ones(len(sample), dtype=np.bool_))
    kinds = [
        base_model.kind
        for base_model in final
        if all(base_model.kind in {other.kind for other in base_models} for base_models in fitted)
    ]
    if not kinds:
        raise TrainingRefused("too few trades have a premium or a forecast")
    losses = _member_losses(sample, folds[:-1], fitted, kinds)
    ranked = sorted(kinds, key=losses.__getitem__)
    steps = [
        WalkForwardStep(
            base_models=_select_kinds(base_models, ranked), train_until=int(fold.train[-1]), test_span=_test_span(fold)
        )
        for fold, base_models in zip(folds, fitted, strict=True)
    ]
    steps.append(
        WalkForwardStep(base_models=_select_kinds(final, ranked), train_until=int(sample.day.max()), test_span=None)
    )
    return tuple(steps), losses


def _fit_base_models(sample: Sample, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> tuple[Recalibration, ...]:
    known = sample[rows]
    return fit_base_models(known.implied, known.forecast, known.strategy_groups(), known.won, known.day)


def _select_kinds(base_models: Sequence[Recalibration], kinds: Sequence[str]) -> tuple[Recalibration, ...]:
    by_kind = {base_model.kind: base_model for base_model in base_models}
    return tuple(by_kind[kind] for kind in kinds)


def _member_losses(
    sample: Sample, folds: Sequence[Fold], fitted: Sequence[tuple[Recalibration, ...]], kinds: Sequence[str]
) -> dict[str, float]:
    logits_by_kind: dict[str, list[Floats]] = {kind: [] for kind in kinds}
    outcomes, days = [], []
    for fold, base_models in zip(folds, fitted, strict=False):
        test = sample[(sample.day >= fold.test[0]) & (sample.day <= fold.test[-1])]
        logits = [
            base_model.logit(test.implied, test.forecast, test.strategy_groups())
            for base_model in _select_kinds(base_models, kinds)
        ]
        common = np.isfinite(logits).all(axis=0)
        for kind, logit in zip(kinds, logits, strict=True):
            logits_by_kind[kind].append(logit[common])
        outcomes.append(test.won[common])
        days.append(test.day[common])
    won, day = np.concatenate(outcomes), np.concatenate(days)
    if not len(day):
        raise TrainingRefused("no trade has both a premium and a forecast; the base models cannot be compared")
    return {kind: daily_mean(log_loss(np.concatenate(parts), won), day) for kind, parts in logits_by_kind.items()}


def _test_span(fold: Fold) -> tuple[int, int]:
    return int(fold.test[0]), int(fold.test[-1])


def _predict_walk_forward(
    inputs: TreeTaskInputs, folds: Sequence[Fold], tasks: Sequence[TreeTask], results: Sequence[TreeResult]
) -> tuple[WalkForwardPredictions, Integers]:
    sample = inputs.sample
    base_logits, fold_index = np.full(len(sample), np.nan), np.full(len(sample), -1)
    tree_sums = {groups.level: np.full(len(sample), np.nan) for groups in inputs.groups}
    for number, step in enumerate(inputs.steps[: len(folds)]):
        test = step.is_test(sample.day)
        base_logits[test], fold_index[test] = base_logit(sample[test], step.base_models), number
    for task, result in zip(tasks, results, strict=True):
        groups, step = inputs.groups[task.level], inputs.steps[task.step]
        if step.test_span is not None:
            tree_sums[groups.level][(groups.codes == task.code) & step.is_test(sample.day)] = result.tree_sums
    rows = np.flatnonzero((fold_index >= 0) & np.isfinite(base_logits))
    predictions = OutOfFold(
        groups=inputs.groups, day=sample.day, won=sample.won, base_logit=base_logits, tree_sums=tree_sums
    )
    return WalkForwardPredictions(out_of_fold=predictions[rows], fold_index=fold_index[rows]), rows


def _prices(sample: Sample, steps: Sequence[WalkForwardStep]) -> Floats:
    price_logits = np.full(len(sample), np.nan)
    for step in steps:
        test = step.is_test(sample.day)
        price_logits[test] = base_logit(
            sample[test], [base_model for base_model in step.base_models if base_model.kind == PRICE]
        )
    return price_logits


def _final_trees(inputs: TreeTaskInputs, tasks: Sequence[TreeTask], results: Sequence[TreeResult]) -> dict[str, bytes]:
    finals = {}
    for task, result in zip(tasks, results, strict=True):
        if result.trees is not None:
            groups = inputs.groups[task.level]
            finals[GroupParameters.name_of(groups.level, groups.keys[task.code])] = result.trees
    return finals


def _candidates(inputs: TreeTaskInputs, finals: Mapping[str, bytes]) -> TreeMask:
    return {
        groups.level: np.array([GroupParameters.name_of(groups.level, key) in finals for key in groups.keys])
        for groups in inputs.groups
        if groups.level in TREE_LEVELS
    }


def _records(inputs: TreeTaskInputs, hierarchy: HierarchicalModel, parts: SelectedParts) -> tuple[GroupParameters, ...]:
    sample, records = inputs.sample, []
    for groups in inputs.groups:
        for code, key in enumerate(groups.keys):
            in_group = groups.codes == code
            uses_trees = groups.level in parts.uses_trees and bool(parts.uses_trees[groups.level][code])
            records.append(
                GroupParameters(
                    level=groups.level,
                    key=key,
                    size=SampleSize.of(sample.day[in_group], sample.won[in_group]),
                    offset=hierarchy.offsets[groups.level][code],
                    uses_trees=uses_trees,
                    evidence=parts.trees[groups.level].at(code) if groups.level in parts.trees else {},
                )
            )
    return tuple(records)


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledWinEstimator:
    """The production model as an estimator for evaluation: partial pooling with selected trees."""

    run: TaskRunner = run_in_process
    settings: TreeSettings = field(default_factory=TreeSettings)
    name: str = "pooled"

    def fit(self, rows: TradeRows) -> FittedPooledModel:
        """Fit; the same rows give the same model to the bit."""
        return FittedPooledModel(model=fit_win_model(make_sample(rows), self.run, self.settings).model())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedPooledModel:
    """A fitted production model."""

    model: WinModel

    def predict(self, rows: TradeRows) -> Floats:
        """Return win probabilities, (n_rows,), NaN where there is no estimate."""
        pairs, key_code = np.unique(rows.pair, return_inverse=True)
        trade_keys = [trade_key(*rows.pairs[pair]) for pair in pairs.tolist()]
        features = rows.with_columns(self.model.names).features.astype(np.float32)
        return np.asarray(
            expit(self.model.logits(trade_keys, key_code, features, rows.implied, rows.column(FORECAST_WIN))[0])
        )
