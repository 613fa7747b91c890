"""From a trade to its answer: the level that carries it, what it rests on, and what becomes of it without a file."""

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
from magic8_ml.trades.training.fit import LearntWins
from magic8_ml.trades.training.tree_tasks import base_margin
from magic8_ml.trades.trees import leaf_sums
from tests.trades.made_trades import NAMES, THIN

DIGEST = "d" * 64
FLY = TradeKey(symbol="SPX", strategy="Butterfly", scale_group="small")
NEW_SYMBOL = TradeKey(symbol="IWM", strategy="Butterfly", scale_group="small")


def _load(folder: FilePath) -> WinModel:
    return load_win_model(folder, lambda _: DIGEST)


def _store(learnt: LearntWins, folder: FilePath, *, without: str | None = None) -> FilePath:
    paths = [path for path in learnt.sample.paths if path.symbol != without]
    records = [record for record in learnt.records if without is None or not record.key.startswith(without)]
    save_win_model(
        folder,
        base=learnt.base,
        records=records,
        paths=paths,
        boosters={record.name: learnt.boosters[record.name] for record in records if record.ships},
        thresholds={},
        facts={"last_day": "2025-01-02", "features": list(NAMES), "feature_digest": DIGEST},
    )
    return folder


@pytest.fixture
def folder(learnt: LearntWins, tmp_path: FilePath) -> FilePath:
    """Store the model, in a folder that a test may damage."""
    return _store(learnt, tmp_path / "model")


@pytest.fixture
def model(folder: FilePath) -> WinModel:
    """Load it."""
    return _load(folder)


def _ask(model: WinModel, *paths: TradeKey, implied: float = 0.6, seed: int = 1) -> list[WinEstimate | NoEstimate]:
    features = np.random.default_rng(seed).normal(size=(len(paths), len(NAMES))).astype(np.float32)
    return model.estimate(paths, features, np.full(len(paths), implied), np.full(len(paths), np.nan))


def _one(model: WinModel, path: TradeKey) -> WinEstimate:
    answer = _ask(model, path)[0]
    assert isinstance(answer, WinEstimate)
    return answer


def test_what_was_stored_answers_as_what_was_learnt(learnt: LearntWins, model: WinModel) -> None:
    """The route through the stored files gives the log odds that the chain of the fit gives."""
    sample = learnt.sample
    asked = sample[learnt.rows[-200:]]
    answers = model.estimate(
        [sample.paths[place] for place in asked.path], asked.features, asked.implied, asked.forecast
    )
    margin = _by_the_chain(learnt, asked)
    assert [answer.probability for answer in answers if isinstance(answer, WinEstimate)] == pytest.approx(
        expit(margin).tolist(), abs=1e-6
    )


def _by_the_chain(learnt: LearntWins, asked: Sample) -> np.ndarray:
    nodes = asked.nodes()
    sums = {item.level: np.full(len(asked), np.nan) for item in nodes}
    for item in nodes:
        for place, key in enumerate(item.keys):
            if (booster := learnt.boosters.get(f"{item.level}-{key}")) is not None:
                sums[item.level][item.place == place] = leaf_sums(booster, asked.features[item.place == place])
    line = base_margin(asked, learnt.base.lines)
    return learnt.chain.margins(OutOfFold(nodes=nodes, day=asked.day, won=asked.won, line=line, sums=sums))


def test_an_answer_says_what_it_rests_on(model: WinModel) -> None:
    """Level, key, sample, interval, members and weights."""
    answer = _one(model, FLY)
    assert (answer.level, answer.key) == ("symbol_strategy", "SPX_Butterfly")
    assert (answer.days, answer.trades) == (160, 480)
    assert 0 < answer.low < answer.probability < answer.high < 1
    assert answer.members["price"] == 1.0
    assert "default-default" in answer.members
    assert set(answer.weights) == set(LEVELS[1:])
    assert answer.refused == ()


def test_a_thin_pair_is_answered_by_its_symbol(model: WinModel) -> None:
    """Too few trades: the level above answers and the reason is said."""
    answer = _one(model, THIN)
    assert (answer.level, answer.key) == ("symbol", "XSP")
    assert answer.refused == ("symbol_strategy XSP_Vertical: 30 trades, 100 needed",)
    assert (answer.sessions["symbol"], answer.sessions["symbol_strategy"]) == (160, 10)


def test_a_new_symbol_is_answered_by_strategy_and_scale_group(model: WinModel) -> None:
    """Nothing was learnt of it: its group answers, less certain than a symbol that is known."""
    answer, known = _one(model, NEW_SYMBOL), _one(model, FLY)
    assert (answer.level, answer.key) == ("scale_group", "small")
    assert answer.refused == (
        "symbol IWM: no trade of it was learnt",
        "symbol_strategy IWM_Butterfly: no trade of it was learnt",
    )
    assert _width(answer) > _width(known)


def _width(answer: WinEstimate) -> float:
    low, high = (np.log(p / (1 - p)) for p in (answer.low, answer.high))
    return float(high - low)


def test_a_sibling_stands_for_a_new_name_of_an_asset(learnt: LearntWins, tmp_path: FilePath) -> None:
    """SPX, SPY and XSP are one asset: of a model that never saw SPX the first that it saw answers, and says so."""
    answer = _one(_load(_store(learnt, tmp_path / "model", without="SPX")), FLY)
    assert (answer.level, answer.key) == ("symbol_strategy", "SPY_Butterfly")
    assert answer.refused == ("symbol SPX: no trade of it was learnt, SPY stands for it",)


def test_a_new_strategy_has_no_answer(model: WinModel) -> None:
    """Never one half: a reason."""
    answer = _ask(model, TradeKey(symbol="SPX", strategy="Sonar", scale_group="small"))[0]
    assert isinstance(answer, NoEstimate)
    assert answer.reason == "strategy_unseen"


def test_without_a_price_there_is_no_answer(model: WinModel) -> None:
    """Neither premium nor forecast: a reason."""
    answer = _ask(model, FLY, implied=np.nan)[0]
    assert isinstance(answer, NoEstimate)
    assert answer.reason == "no_base"


def _damage(folder: FilePath, name: str) -> None:
    path = folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_damaged_level_is_refused_and_the_next_answers(folder: FilePath) -> None:
    """The pair's file is torn: its symbol answers, says why, and is less certain."""
    before = _one(_load(folder), FLY)
    _damage(folder, "symbol_strategy-SPX_Butterfly.json")
    after = _one(_load(folder), FLY)
    assert (after.level, after.key) == ("symbol", "SPX")
    assert after.refused == ("symbol_strategy SPX_Butterfly: model_hash_mismatch: symbol_strategy-SPX_Butterfly.json",)
    assert _width(after) > _width(before)


def test_a_foreign_file_is_refused(folder: FilePath) -> None:
    """The file of another node in its place, or none at all: refused like a torn one."""
    (folder / "symbol_strategy-SPX_Butterfly.json").write_bytes(
        (folder / "symbol_strategy-SPY_Butterfly.json").read_bytes()
    )
    assert _one(_load(folder), FLY).level == "symbol"
    (folder / "symbol_strategy-SPX_Butterfly.json").unlink()
    assert _one(_load(folder), FLY).refused[0].endswith("model_corrupt: symbol_strategy-SPX_Butterfly.json")


def test_a_pair_carries_what_it_rests_on(folder: FilePath) -> None:
    """Files of the levels above are torn: the pair answers as before, and the model knows of the damage."""
    before = _one(_load(folder), FLY)
    for name in ("symbol-SPX", "strategy-Butterfly", "default-default"):
        _damage(folder, f"{name}.json")
    model = _load(folder)
    assert _one(model, FLY) == before
    assert set(model.damaged) == {"symbol-SPX", "strategy-Butterfly", "default-default"}


def test_torn_trees_of_the_root_leave_no_answer(folder: FilePath) -> None:
    """Everything rests on them: unavailable with its reason, not one half."""
    _damage(folder, "default-default.ubj")
    answer = _ask(_load(folder), FLY)[0]
    assert isinstance(answer, NoEstimate)
    assert answer.reason == "model_unavailable"
    assert "model_hash_mismatch" in answer.detail


def test_a_model_for_other_features_is_refused(folder: FilePath) -> None:
    """As a whole: other meanings, or names that no catalogue knows."""
    with pytest.raises(ModelUnavailable, match="feature_mismatch"):
        load_win_model(folder, lambda _: "e" * 64)
    with pytest.raises(ModelUnavailable, match="feature_mismatch"):
        load_win_model(folder)


def test_a_model_of_an_older_format_is_refused(folder: FilePath) -> None:
    """It does not say what its answers are worth: train again."""
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    (folder / "manifest.json").write_bytes(orjson.dumps({**manifest, "format_version": 1}))
    with pytest.raises(ModelUnavailable, match="has format 1, not 3: train again"):
        _load(folder)


def test_shares_are_stored_and_nonsense_is_refused(learnt: LearntWins, model: WinModel, tmp_path: FilePath) -> None:
    """What winners and losers took comes back to the bit; a model whose shares are none cannot serve."""
    assert model.base.shares.as_json() == learnt.sample.shares.as_json()
    none = replace(learnt.sample.shares, gain=-learnt.sample.shares.gain)
    broken = replace(learnt, base=replace(learnt.base, shares=none))
    with pytest.raises(ModelUnavailable, match="a share of the reward is not above 0"):
        _load(_store(broken, tmp_path / "broken"))


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format_version": 2, "model_version": "x", "symbols": []}'])
def test_no_manifest_no_model(folder: FilePath, content: bytes) -> None:
    """Torn, empty, or that of another kind of model."""
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(ModelUnavailable):
        _load(folder)


@settings(max_examples=60, deadline=None)
@given(asked=st.lists(st.tuples(st.sampled_from(["SPX", "SPY", "XSP", "IWM"]), st.integers(0, 9999)), max_size=12))
def test_one_by_one_or_together(learnt_model: WinModel, asked: list[tuple[str, int]]) -> None:
    """The same trade gets the same answer to the bit, whoever stands beside it."""
    paths = [TradeKey(symbol=name, strategy="Vertical", scale_group="small") for name, _ in asked]
    rows = [np.random.default_rng(seed) for _, seed in asked]
    features = np.array([rng.normal(size=len(NAMES)) for rng in rows], dtype=np.float32).reshape(-1, len(NAMES))
    implied = np.array([rng.uniform(0.1, 0.9) for rng in rows])
    nothing = np.full(len(asked), np.nan)
    together = learnt_model.estimate(paths, features, implied, nothing)
    alone = [
        learnt_model.estimate([path], features[n : n + 1], implied[n : n + 1], nothing[:1])[0]
        for n, path in enumerate(paths)
    ]
    assert together == alone


@pytest.fixture(scope="session")
def learnt_model(learnt: LearntWins, tmp_path_factory: pytest.TempPathFactory) -> WinModel:
    """Store and load once for the property test."""
    return _load(_store(learnt, tmp_path_factory.mktemp("win") / "model"))
