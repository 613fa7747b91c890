"""The command from files to report, and each refusal as one sentence."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from magic8_ml.__main__ import main
from magic8_ml.history.ledger_store import write_ledger
from tests.history.simulated_ledger import spy_ledger, write_files


def arguments(ledger: Path, out: Path, *more: str) -> list[str]:
    """Return the words of the command."""
    return ["evaluate-trades", "--ledger", str(ledger), "--out", str(out), "--model", "price", *more]


def test_a_ledger_becomes_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bars, VIX and ledger in; JSON, page and trial log out, with the limits of simulated premia."""
    write_ledger(tmp_path, spy_ledger(), {})
    bars, vix = write_files(tmp_path / "files", ("SPY",))
    more = ("--bars-dir", str(bars), "--vix", str(vix), "--training-days", "50", "--no-exhibit", "--no-forecasts")
    assert main(arguments(tmp_path, tmp_path / "out", *more)) == 0
    report = orjson.loads((tmp_path / "out" / "win_probability.json").read_bytes())
    assert report["data"]["source"] == "simulated ledger"
    assert any("Premia are modelled" in limit for limit in report["limits"])
    assert report["leakage_demo"] == []
    assert "need 100" in report["unavailable"]["pooled"]
    assert (tmp_path / "out" / "win_probability.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "Brier skill over the base rate" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "code", "sentence"),
    [
        ((), 1, "holds no ledger"),
        (("--training-days", "0"), 2, "0 is not in the range x>=1"),
        (("--history", "history"), 2, "give either --history or --ledger"),
        (("--vix", "nowhere.csv"), 1, "is not there"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], code: int, sentence: str
) -> None:
    """One sentence on stderr, exit code 1 for a refusal and 2 for wrong options; nothing is written."""
    if "--vix" in more:
        write_ledger(tmp_path, spy_ledger(), {})
    assert main(arguments(tmp_path, tmp_path / "out", *more)) == code
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out" / "win_probability.json").exists()
