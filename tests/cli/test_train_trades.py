"""The command that trains all win probabilities: from a ledger on disk to a champion, or one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from magic8_ml.__main__ import main
from magic8_ml.registry.passport import WIN_PROBABILITY, passport_problem
from magic8_ml.registry.versions import Registry
from magic8_ml.trades.dataset import MarketFiles, ledger_data
from magic8_ml.trades.model_files import load_win_model
from magic8_ml.trades.sample import make_sample
from tests.trades.simulated_trades import Simulated


def _words(simulated: Simulated, ledger: Path, out: Path) -> list[str]:
    files = ["--bars-dir", str(simulated.folder / "bars"), "--vix", str(simulated.folder / "vix_daily.parquet")]
    return ["train-trades", "--ledger", str(ledger), *files, "--no-forecasts", "--out", str(out), "--workers", "1"]


def test_a_ledger_becomes_a_champion(simulated: Simulated, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Stored with a passport, promoted, and its figures and limits are printed."""
    assert main(_words(simulated, simulated.folder, tmp_path)) == 0
    said = capsys.readouterr().out
    assert "SPX_Iron_Condor" in said
    assert "no evidence of a tradable edge" in said
    registry = Registry(tmp_path / "win_models")
    folder = registry.folder_of("champion")
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    assert passport_problem(manifest) is None
    assert manifest["kind"] == WIN_PROBABILITY
    assert manifest["passport"]["availability"]["late"] == []
    assert set(manifest["evaluation"]["by_symbol_strategy"]) == {"SPX_Butterfly", "SPX_Iron_Condor", "SPX_Vertical"}
    model = load_win_model(folder)
    assert [base_model.kind for base_model in model.shared.base_models] == ["price"]
    thresholds = orjson.loads((folder / "thresholds.json").read_bytes())
    assert {"individual", "grouped", "individual_recall80", "grouped_recall80", "window"} == set(thresholds)


def test_no_ledger_no_training(simulated: Simulated, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, exit code 1, nothing written."""
    assert main(_words(simulated, tmp_path / "nowhere", tmp_path / "out")) == 1
    assert "holds no ledger" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_no_history_no_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The history is named by the word that evaluates it, too; where there is none, one sentence."""
    words = ["--history", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out"), "--workers", "1"]
    assert main(["train-trades", *words]) == 1
    assert "Training refused: " in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def _flip_coins(ledger: Path, out: Path, seed: int) -> None:
    # a tenth of every premium makes the prices confident; each result is a coin's
    rng = np.random.default_rng(seed)
    for file in sorted((ledger / "ledger").glob("month=*/trades.parquet")):
        table = pq.read_table(file)
        columns = {name: 0.1 * table[name].to_numpy() for name in ("premium", "slippage", "fees")}
        columns["gross"] = np.where(rng.random(len(table)) < 0.5, 1.0, -1.0) * 100.0
        for name, values in columns.items():
            table = table.set_column(table.column_names.index(name), name, pa.array(values))
        copy = out / "ledger" / file.parent.name / file.name
        copy.parent.mkdir(parents=True)
        pq.write_table(table, copy)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_coin_flips_are_answered_as_coin_flips_or_refused(
    simulated: Simulated, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    """Confident prices and results by chance: every price there answers 40..60 %, or no model is stored."""
    _flip_coins(simulated.folder, tmp_path, seed)
    code = main(_words(simulated, tmp_path, tmp_path / "out"))
    if code == 1:
        assert "Training refused: walk-forward: the model is worse than the base rates" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()
        return
    model = load_win_model(Registry(tmp_path / "out" / "win_models").folder_of("champion"))
    files = MarketFiles(bars=simulated.folder / "bars", vix=simulated.folder / "vix_daily.parquet", forecasts=False)
    sample = make_sample(ledger_data(tmp_path, files).rows)
    assert sample.names == model.names
    trade_keys = [sample.trade_keys[code] for code in sample.key_code.tolist()]
    answers = model.estimate(trade_keys, sample.features, sample.implied, sample.forecast)
    assert max(abs(answer.probability - 0.5) for answer in answers) < 0.1
    assert min(answer.high - answer.low for answer in answers) > 0.02
