"""The gamma command through the real entry point: sources, outputs, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from magic8_companion.__main__ import main
from tests.real_data import real_data_dir

KEYS = {"symbol", "spot", "net_gex", "gross_gex", "gamma_flip", "call_wall", "put_wall", "max_pain", "conventions"}


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of one's own, with a fixed simulated day."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("M8C_REPLAY_DATE", "2025-06-26")
    return tmp_path


def test_without_options_a_json_and_a_page_are_written(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both lie in the run's output folder under gamma, and a sentence says what they show."""
    assert main(["gamma", "--symbol", "spxw"]) == 0
    said = capsys.readouterr().out
    assert "assuming calls+ puts-" in said
    assert max(len(line) for line in said.splitlines() if not line.startswith("written")) <= 120
    assert "options are dear by construction" in said
    (file,) = (elsewhere / "data" / "simulated" / "gamma").glob("SPX_*.json")
    shown = json.loads(file.read_text())
    assert set(shown) >= KEYS
    assert shown["as_of"] == "2025-06-26T14:36:00Z"
    page = file.with_suffix(".html").read_text()
    assert page.startswith("<!doctype html>")
    assert "exposure by strike, simulated data" in page
    assert "options are dear by construction" in page


def test_the_time_of_day_is_free(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON to standard output writes no file."""
    assert main(["gamma", "--symbol", "SPY", "--time", "14:45", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["as_of"] == "2025-06-26T18:45:00Z"
    assert not (elsewhere / "data" / "simulated" / "gamma").exists()


def test_the_picture_can_be_svg(elsewhere: Path) -> None:
    """The chart alone, as a file of its own."""
    assert main(["gamma", "--picture", "x.svg"]) == 0
    assert (elsewhere / "x.svg").read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--picture", "x.png"), 2, ".html or .svg"),
        (("--symbol", "VIX"), 1, "VIX: the simulated market has no options"),
        (("--chain-file", "nowhere.parquet"), 1, "is not a file"),
        (("--provider", "replay"), 2, "replay"),
        (("--provider", "nobody"), 2, "nobody"),
        (("--date", "2025-12-25"), 1, "holiday"),
    ],
)
@pytest.mark.usefixtures("elsewhere")
def test_what_cannot_be_shown_is_said(
    words: tuple[str, ...], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence and an exit code, no traceback: 1 when there is no such data, 2 when the request is wrong."""
    assert main(["gamma", *words]) == code
    assert sentence in capsys.readouterr().err


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("symbol", "day", "net", "flip", "walls"),
    [
        ("SPX", "2025-06-20", -12.15e9, 6010.0, (5975.0, 5945.0)),
        ("SPX", "2025-07-09", 7.46e9, 6232.0, (6275.0, 6230.0)),
        ("SPY", "2025-06-18", 0.10e9, 598.2, (599.0, 598.0)),
    ],
)
@pytest.mark.usefixtures("elsewhere")
def test_recorded_chains_give_their_anchors_from_the_folder_and_from_the_file(
    symbol: str, day: str, net: float, flip: float, walls: tuple[float, float], capsys: pytest.CaptureFixture[str]
) -> None:
    """The last snapshot of the day, whichever way it is asked for."""
    folder = real_data_dir()
    by_folder = ("--provider", "replay", "--replay-dir", str(folder))
    by_file = ("--chain-file", str(folder / "chains_0dte_ib_3snapshots.parquet"))
    answers = []
    for words in (by_folder, by_file):
        assert main(["gamma", "--symbol", symbol, "--date", day, *words, "--json", "-"]) == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0] == answers[1]
    shown = answers[0]
    assert shown["net_gex"] == pytest.approx(net, abs=0.02 * shown["gross_gex"])
    assert shown["gamma_flip"] == pytest.approx(flip, rel=0.0002)
    assert (shown["call_wall"], shown["put_wall"]) == walls
