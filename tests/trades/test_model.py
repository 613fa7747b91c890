"""The fitted model: which level gives an estimate, its basis, and the effect of missing or damaged files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path as FilePath

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from magic8_ml.registry.manifest import ModelUnavailable
from magic8_ml.trades.hierarchy import OutOfFold
from magic8_ml.trades.levels import LEVELS, TradeKey
from magic8_ml.trades.model import NoEstimate, WinEstimate, WinModel
from magic8_ml.trades.model_files import load_win_model, save_win_model
from magic8_ml.trades.sample import Sample
from magic8_ml.trades.training.fit import WinModelFit
from magic8_ml.trades.training.tree_tasks import base_logit
from magic8_ml.trades.trees import leaf_sums
from tests.trades.made_trades import NAMES, THIN

DIGEST = "d" * 64
FLY = TradeKey(symbol="SPX", strategy="Butterfly", scale_group="small")
NEW_SYMBOL = TradeKey(symbol="IWM", strategy="Butterfly", scale_group="small")


def _load(folder: FilePath) -> WinModel:
    return load_win_model(folder, lambda _: DIGEST)


def _store(fitted: WinModelFit, folder: FilePath, *, dropped_symbol: str | None = None) -> FilePath:
    trade_keys = [key for key in fitted.sample.trade_keys if key.symbol != dropped_symbol]
    records = [
        record for record in fitted.records if dropped_symbol is None or not record.key.startswith(dropped_symbol)
    ]
    save_win_model(
        folder,
        shared=fitted.shared,
        records=records,
        trade_keys=trade_keys,
        boosters={record.name: fitted.boosters[record.name] for record in records if record.uses_trees},
        thresholds={},
        facts={"last_day": "2025-01-02", "features": list(NAMES), "feature_digest": DIGEST},
    )
    return folder


@pytest.fixture
def folder(fitted: WinModelFit, tmp_path: FilePath) -> FilePath:
    """Store the model, in a folder that a test may damage."""
    return _store(fitted, tmp_path / "model")


@pytest.fixture
def model(folder: FilePath) -> WinModel:
    """Load it."""
    return _load(folder)


def _ask(model: WinModel, *trade_keys: TradeKey, implied: float = 0.6, seed: int = 1) -> list[WinEstimate | NoEstimate]:
    features = np.random.default_rng(seed).normal(size=(len(trade_keys), len(NAMES))).astype(np.float32)
    return model.estimate(trade_keys, features, np.full(len(trade_keys), implied), np.full(len(trade_keys), np.nan))


def _one(model: WinModel, key: TradeKey) -> WinEstimate:
    estimate = _ask(model, key)[0]
    assert isinstance(estimate, WinEstimate)
    return estimate


def test_stored_model_predicts_like_the_fitted_one(fitted: WinModelFit, model: WinModel) -> None:
    """Loading the stored files gives the log odds of the fitted hierarchy."""
    sample = fitted.sample
    trades = sample[fitted.rows[-200:]]
    estimates = model.estimate(
        [sample.trade_keys[code] for code in trades.key_code], trades.features, trades.implied, trades.forecast
    )
    logit = _logits_of_hierarchy(fitted, trades)
    assert [estimate.probability for estimate in estimates if isinstance(estimate, WinEstimate)] == pytest.approx(
        expit(logit).tolist(), abs=1e-6
    )


def _logits_of_hierarchy(fitted: WinModelFit, trades: Sample) -> np.ndarray:
    groups = trades.groups()
    tree_sums = {item.level: np.full(len(trades), np.nan) for item in groups}
    for item in groups:
        for code, key in enumerate(item.keys):
            if (booster := fitted.boosters.get(f"{item.level}-{key}")) is not None:
                tree_sums[item.level][item.codes == code] = leaf_sums(booster, trades.features[item.codes == code])
    logit = base_logit(trades, fitted.shared.base_models)
    return fitted.hierarchy.logits(
        OutOfFold(groups=groups, day=trades.day, won=trades.won, base_logit=logit, tree_sums=tree_sums)
    )


def test_an_estimate_lists_its_basis(model: WinModel) -> None:
    """Level, key, sample, interval, members and weights."""
    estimate = _one(model, FLY)
    assert (estimate.level, estimate.key) == ("symbol_strategy", "SPX_Butterfly")
    assert (estimate.days, estimate.trades) == (160, 480)
    assert 0 < estimate.low < estimate.probability < estimate.high < 1
    assert estimate.members["price"] == 1.0
    assert "default-default" in estimate.members
    assert set(estimate.weights) == set(LEVELS[1:])
    assert estimate.refused == ()


def test_a_pair_with_few_trades_uses_its_symbol(model: WinModel) -> None:
    """With too few trades the level above is reported, with the reason."""
    estimate = _one(model, THIN)
    assert (estimate.level, estimate.key) == ("symbol", "XSP")
    assert estimate.refused == ("symbol_strategy XSP_Vertical: 30 trades, 100 needed",)
    assert (estimate.sessions["symbol"], estimate.sessions["symbol_strategy"]) == (160, 10)


def test_a_new_symbol_uses_strategy_and_scale_group(model: WinModel) -> None:
    """A symbol without training data has a wider interval than a known one."""
    estimate, known = _one(model, NEW_SYMBOL), _one(model, FLY)
    assert (estimate.level, estimate.key) == ("scale_group", "small")
    assert estimate.refused == (
        "symbol IWM: no trades in the training data",
        "symbol_strategy IWM_Butterfly: no trades in the training data",
    )
    assert _width(estimate) > _width(known)


def _width(estimate: WinEstimate) -> float:
    low, high = (np.log(p / (1 - p)) for p in (estimate.low, estimate.high))
    return float(high - low)


def test_a_new_symbol_uses_one_of_the_same_asset(fitted: WinModelFit, tmp_path: FilePath) -> None:
    """SPX, SPY and XSP share one asset: a model without SPX uses SPY and reports it."""
    estimate = _one(_load(_store(fitted, tmp_path / "model", dropped_symbol="SPX")), FLY)
    assert (estimate.level, estimate.key) == ("symbol_strategy", "SPY_Butterfly")
    assert estimate.refused == ("symbol SPX: no trades in the training data, SPY is used instead",)


def test_a_new_strategy_has_no_estimate(model: WinModel) -> None:
    """The result is a reason, not a probability of one half."""
    estimate = _ask(model, TradeKey(symbol="SPX", strategy="Sonar", scale_group="small"))[0]
    assert isinstance(estimate, NoEstimate)
    assert estimate.reason == "strategy_unseen"


def test_without_premium_and_forecast_there_is_no_estimate(model: WinModel) -> None:
    """The result is a reason."""
    estimate = _ask(model, FLY, implied=np.nan)[0]
    assert isinstance(estimate, NoEstimate)
    assert estimate.reason == "no_base"


def _damage(folder: FilePath, name: str) -> None:
    path = folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_damaged_group_is_skipped(folder: FilePath) -> None:
    """If the pair's file is damaged, its symbol is used, with the reason and a wider interval."""
    before = _one(_load(folder), FLY)
    _damage(folder, "symbol_strategy-SPX_Butterfly.json")
    after = _one(_load(folder), FLY)
    assert (after.level, after.key) == ("symbol", "SPX")
    assert after.refused == ("symbol_strategy SPX_Butterfly: model_hash_mismatch: symbol_strategy-SPX_Butterfly.json",)
    assert _width(after) > _width(before)


def test_a_foreign_file_is_refused(folder: FilePath) -> None:
    """The file of another group, or a missing file, counts as damaged."""
    (folder / "symbol_strategy-SPX_Butterfly.json").write_bytes(
        (folder / "symbol_strategy-SPY_Butterfly.json").read_bytes()
    )
    assert _one(_load(folder), FLY).level == "symbol"
    (folder / "symbol_strategy-SPX_Butterfly.json").unlink()
    assert _one(_load(folder), FLY).refused[0].endswith("model_corrupt: symbol_strategy-SPX_Butterfly.json")


def test_a_pair_holds_copies_of_the_levels_above(folder: FilePath) -> None:
    """If files of the levels above are damaged, the estimate of a pair stays the same, and the damage is listed."""
    before = _one(_load(folder), FLY)
    for name in ("symbol-SPX", "strategy-Butterfly", "default-default"):
        _damage(folder, f"{name}.json")
    model = _load(folder)
    assert _one(model, FLY) == before
    assert set(model.damaged) == {"symbol-SPX", "strategy-Butterfly", "default-default"}


def test_damaged_trees_of_the_root_leave_no_estimate(folder: FilePath) -> None:
    """All estimates depend on them, so the result is a reason."""
    _damage(folder, "default-default.ubj")
    estimate = _ask(_load(folder), FLY)[0]
    assert isinstance(estimate, NoEstimate)
    assert estimate.reason == "model_unavailable"
    assert "model_hash_mismatch" in estimate.detail


def test_a_model_for_other_features_is_refused(folder: FilePath) -> None:
    """Changed definitions or unknown feature names refuse the whole model."""
    with pytest.raises(ModelUnavailable, match="feature_mismatch"):
        load_win_model(folder, lambda _: "e" * 64)
    with pytest.raises(ModelUnavailable, match="feature_mismatch"):
        load_win_model(folder)


def test_a_model_of_an_older_format_is_refused(folder: FilePath) -> None:
    """The error names both formats and says to train again."""
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    (folder / "manifest.json").write_bytes(orjson.dumps({**manifest, "format_version": 1}))
    with pytest.raises(ModelUnavailable, match="has format 1, not 3: train again"):
        _load(folder)


def test_realised_fractions_are_stored_and_validated(fitted: WinModelFit, model: WinModel, tmp_path: FilePath) -> None:
    """They are read back to the bit; invalid fractions make the model unusable."""
    assert model.shared.realised_fractions.as_json() == fitted.sample.realised_fractions.as_json()
    none = replace(fitted.sample.realised_fractions, gain=-fitted.sample.realised_fractions.gain)
    broken = replace(fitted, shared=replace(fitted.shared, realised_fractions=none))
    with pytest.raises(ModelUnavailable, match="gain must be above 0"):
        _load(_store(broken, tmp_path / "broken"))


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format_version": 2, "model_version": "x", "symbols": []}'])
def test_no_manifest_no_model(folder: FilePath, content: bytes) -> None:
    """Damaged, empty, or of another kind of model."""
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(ModelUnavailable):
        _load(folder)


@settings(max_examples=60, deadline=None)
@given(trades=st.lists(st.tuples(st.sampled_from(["SPX", "SPY", "XSP", "IWM"]), st.integers(0, 9999)), max_size=12))
def test_one_by_one_or_together(stored_model: WinModel, trades: list[tuple[str, int]]) -> None:
    """A batch gives each trade the same estimate, to the bit, as a single call."""
    trade_keys = [TradeKey(symbol=name, strategy="Vertical", scale_group="small") for name, _ in trades]
    rows = [np.random.default_rng(seed) for _, seed in trades]
    features = np.array([rng.normal(size=len(NAMES)) for rng in rows], dtype=np.float32).reshape(-1, len(NAMES))
    implied = np.array([rng.uniform(0.1, 0.9) for rng in rows])
    nothing = np.full(len(trades), np.nan)
    together = stored_model.estimate(trade_keys, features, implied, nothing)
    alone = [
        stored_model.estimate([key], features[n : n + 1], implied[n : n + 1], nothing[:1])[0]
        for n, key in enumerate(trade_keys)
    ]
    assert together == alone


@pytest.fixture(scope="session")
def stored_model(fitted: WinModelFit, tmp_path_factory: pytest.TempPathFactory) -> WinModel:
    """Store and load once for the property test."""
    return _load(_store(fitted, tmp_path_factory.mktemp("win") / "model"))
