"""``python -m magic8_ml train``: files in, a model and a table out, or one sentence and exit code 1."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from magic8_ml.__main__ import main
from magic8_ml.forecast.model_files import load_model
from magic8_ml.registry.measured import measured_of
from magic8_ml.registry.versions import Registry
from tests.forecast.markets import Market, make_market


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a market of 190 sessions as files: bars/spy.parquet and vix.csv."""
    folder = tmp_path_factory.mktemp("files")
    drawn: Market = make_market(190)
    (folder / "bars").mkdir()
    drawn.bars["SPY"].frame().to_parquet(folder / "bars" / "spy.parquet")
    drawn.vix.frame().rename_axis("date").reset_index().to_csv(folder / "vix.csv", index=False)
    return folder


def run(files: Path, out: Path, *more: str) -> int:
    """Run the command on the files."""
    given = ["--bars-dir", str(files / "bars"), "--vix", str(files / "vix.csv"), "--out", str(out)]
    return main(["train", *given, *more])


def test_a_training_prints_one_line_and_one_sentence(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line is progress on standard error, the sentence names the model and what was measured of it."""
    assert run(files, tmp_path / "ml") == 0
    said = capsys.readouterr()
    champion = Registry(tmp_path / "ml" / "models").folder_of("champion")
    assert said.err.strip().count("\n") == 0
    assert said.out.strip().count("\n") == 0
    assert said.out.startswith(f"Model {champion.name} of SPY from ")


def test_a_model_is_written_and_a_table_printed(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With -v each stage has a line on stderr and the table goes to stdout; the whole folder is trained on."""
    assert run(files, tmp_path / "ml", "--symbols", "spy", "-v") == 0
    said = capsys.readouterr()
    champion = Registry(tmp_path / "ml" / "models").folder_of("champion")
    assert load_model(champion).version == champion.name
    assert champion.name in said.out
    assert "RPSS" in said.out
    assert "features SPY" in said.err


def test_rule_scores_measure_the_agreement(files: Path, tmp_path: Path) -> None:
    """With the rules' points at every entry time the manifest says how often agreed strategies won."""
    starts = make_market(190).bars["SPY"].starts
    times = pd.DatetimeIndex(starts.view("datetime64[ns]"), tz="UTC")
    points = pd.DataFrame({"symbol": "SPY", "time": times, "Butterfly": 75.0, "Iron_Condor": 75.0, "Vertical": 20.0})
    points.to_parquet(tmp_path / "rules.parquet")
    assert run(files, tmp_path / "ml", "--rule-scores", str(tmp_path / "rules.parquet")) == 0
    folder = Registry(tmp_path / "ml" / "models").folder_of("champion")
    measured = measured_of(load_model(folder).manifest)
    assert measured.agreement is not None
    assert measured.agreement.agree is not None
    assert measured.agreement.disagree is not None
    assert " on " in measured.agreement_sentence("agree")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--symbols", "IWM"), "no 5-minute bars of IWM"),
        (("--start-date", "2024-05-01", "--end-date", "2024-04-01"), "the range is empty"),
        (("--end-date", "2023-12-01"), "too little history"),
        (("--vix", "nowhere.csv"), "is not there"),
        (("--rule-scores", "nowhere.csv"), "the rule scores nowhere.csv cannot be used"),
        (("--out", "/dev/null/ml"), "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], sentence: str
) -> None:
    """Exit code 1, one line on stderr after the progress, no model."""
    assert run(files, tmp_path / "ml", *more) == 1
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("Training refused: ")
    assert sentence in last
    assert not (tmp_path / "ml" / "models").exists()


def test_a_malformed_date_is_a_usage_error(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 before anything is loaded; both spellings of an option mean the same."""
    for option in ("--to", "--end-date"):
        assert run(files, tmp_path, option, "yesterday") == 2
        assert "'yesterday' is not a date; write YYYY-MM-DD" in capsys.readouterr().err


def test_the_pipeline_trains_and_checks_in_one_go(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its steps are named, and the model that it leaves is one that check accepts."""
    out = str(tmp_path / "ml")
    given = ["--bars-dir", str(files / "bars"), "--vix", str(files / "vix.csv"), "--out", out]
    assert main(["pipeline", *given, "--symbols", "spy"]) == 0
    said = capsys.readouterr()
    assert [line for line in said.err.splitlines() if line in {"ingest", "train", "check"}] == ["train", "check"]
    assert "ML Integration: SUCCESS" in said.out
    assert main(["check", "--models", out]) == 0
    assert "valid until" in capsys.readouterr().out


def test_check_says_why_no_model_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 and one sentence that names the folder."""
    assert main(["check", "--models", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"ML Integration: FAILED: {tmp_path}: ")


def test_a_pipeline_ends_with_the_step_that_fails(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No history folder: exit code 1, and nothing is trained."""
    given = ["--bars-dir", str(files / "bars"), "--vix", str(files / "vix.csv"), "--out", str(tmp_path / "ml")]
    assert main(["pipeline", *given, "--raw", str(tmp_path / "nowhere")]) == 1
    assert "is not a folder" in capsys.readouterr().err
    assert not (tmp_path / "ml" / "models").exists()
