"""An outsider scores the frozen model on files of his own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest

from magic8_companion.command_line import FAILED
from magic8_ml.__main__ import main
from magic8_ml.cli.verify import load_frozen
from magic8_ml.evaluation.forecast_goals import BEST_BASELINE, GOALS
from magic8_ml.evaluation.goals import ALL
from magic8_ml.evaluation.verify import forecast_as_served
from magic8_ml.forecast.training.dataset import dataset_of
from tests.evaluation.made_model import make_model
from tests.forecast.markets import Market, make_market

NEW_YORK = "America/New_York"


@dataclass(frozen=True)
class Case:
    """A market in files and a model that was frozen in the middle of it."""

    folder: Path
    market: Market
    last_day: str


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Draw 250 sessions, learn from the first 130 that have features, write the outsider's files."""
    folder = tmp_path_factory.mktemp("outsider")
    market = make_market(250)
    last = make_model(folder / "ml", market.bars, market.vix, learnt_days=130)
    frame = market.bars["SPY"].frame()[["open", "high", "low", "close"]].rename_axis("time").reset_index()
    frame.to_parquet(folder / "spy_utc.parquet", index=False)
    frame.assign(time=frame["time"].dt.tz_convert(NEW_YORK)).to_csv(folder / "spy_ny.csv", index=False)
    frame.assign(symbol="DIA").to_parquet(folder / "dia.parquet", index=False)
    market.vix.frame().rename_axis("date").reset_index().to_csv(folder / "vix.csv", index=False)
    return Case(folder, market, last)


def run(case: Case, out: Path | None, bars: str, *more: str) -> int:
    """Run the command on one of the files."""
    files = {"--bars": case.folder / bars, "--vix": case.folder / "vix.csv", "--model": case.folder / "ml"}
    if out is not None:
        files["--json"] = out
    return main(["verify", *(str(word) for option in files.items() for word in option), *more])


def report_in(path: Path) -> dict[str, Any]:
    """Read a report."""
    report: dict[str, Any] = orjson.loads(path.read_bytes())
    return report


@pytest.fixture(scope="module")
def verified(case: Case, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """Verify on the UTC parquet once, with page and rows."""
    folder = tmp_path_factory.mktemp("verified")
    more = ("--html", str(folder / "out.html"), "--rows", str(folder / "rows.csv"))
    return run(case, folder / "out.json", "spy_utc.parquet", *more), folder


def test_the_report_has_the_promised_form(case: Case, verified: tuple[int, Path]) -> None:
    """Model, freeze, and every endpoint for the symbol and for all, scored after the freeze alone."""
    _, folder = verified
    report = report_in(folder / "out.json")
    assert report["model"]["last_day"] == case.last_day
    assert report["model"]["version"].startswith(case.last_day)
    assert report["scored"]["first"] > case.last_day
    goals = [goal.name for goal in GOALS if goal.name != BEST_BASELINE]
    assert [(e["symbol"], e["name"]) for e in report["endpoints"]] == [
        (s, name) for s in (ALL, "SPY") for name in goals
    ]
    for endpoint in report["endpoints"]:
        assert {"name", "symbol", "value", "low", "high", "floor", "passed", "n_days"} <= endpoint.keys()


def test_the_exit_code_says_whether_a_goal_failed(verified: tuple[int, Path]) -> None:
    """0 when none failed, 1 when one did; a goal that cannot be tested yet is no failure, and is called so."""
    code, folder = verified
    report = report_in(folder / "out.json")
    failed = [e["name"] for e in report["endpoints"] if e["passed"] is False]
    assert code == (FAILED if failed else 0)
    waiting = {e["name"]: e["passed"] for e in report["endpoints"] if e["status"] == "not yet testable"}
    assert "win_bss_vs_recalibrated_price" in waiting
    assert set(waiting.values()) == {None}


def test_page_and_rows_are_written(verified: tuple[int, Path]) -> None:
    """The page names the goals; the table holds one line per scored row."""
    _, folder = verified
    report = report_in(folder / "out.json")
    html = (folder / "out.html").read_text(encoding="utf-8")
    assert "regime_rpss_vs_climatology" in html
    assert report["model"]["last_day"] in html
    assert all(digest in html for digest in report["model"]["files"].values())
    assert len(pd.read_csv(folder / "rows.csv")) == report["scored"]["rows"]


def test_without_a_file_the_goals_are_still_printed(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    """An outsider who names bars and VIX alone reads every goal on the screen."""
    assert run(case, None, "spy_utc.parquet") in {0, FAILED}
    assert "regime_rpss_vs_climatology" in capsys.readouterr().out


def test_new_york_csv_and_utc_parquet_give_the_same_report(
    case: Case, verified: tuple[int, Path], tmp_path: Path
) -> None:
    """The zone in which bars are stamped changes nothing, to the byte."""
    code, folder = verified
    assert run(case, tmp_path / "ny.json", "spy_ny.csv") == code
    assert (tmp_path / "ny.json").read_bytes() == (folder / "out.json").read_bytes()


def test_days_before_the_freeze_are_refused_unless_asked_for(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By default nothing up to the freeze is scored; asked for, it is, and flagged."""
    early = pd.read_parquet(case.folder / "spy_utc.parquet")
    early[early["time"] < pd.Timestamp(case.last_day, tz="UTC")].to_parquet(case.folder / "spy_early.parquet")
    assert run(case, tmp_path / "no.json", "spy_early.parquet") == FAILED
    assert "--from DATE" in capsys.readouterr().err
    assert not (tmp_path / "no.json").exists()
    run(case, tmp_path / "early.json", "spy_early.parquet", "--from", "2023-01-01")
    report = report_in(tmp_path / "early.json")
    assert any("not after the freeze" in sentence for sentence in report["warnings"])
    assert any("only prices are compared with" in sentence for sentence in report["warnings"])


def test_days_on_which_the_model_has_expired_are_counted(case: Case, verified: tuple[int, Path]) -> None:
    """They are scored, because a forecast does not spoil in a day; in service there would be none."""
    warnings = report_in(verified[1] / "out.json")["warnings"]
    full_days = 62  # of the 63 sessions, the last is a half day
    said = f"{103 - full_days} of 103 scored days come after 2024-07-03"
    assert any(sentence.startswith(said) for sentence in warnings)


def test_days_too_early_for_the_baselines_are_compared_with_prices(case: Case, tmp_path: Path) -> None:
    """The price needs no past, so it is a baseline from the first day on; climatology answers later."""
    run(case, tmp_path / "early.json", "spy_utc.parquet", "--from", "2023-01-01")
    endpoints = {e["name"]: e for e in report_in(tmp_path / "early.json")["endpoints"] if e["symbol"] == ALL}
    assert endpoints["qlike_gain_vs_vix_share"]["n_days"] == endpoints["coverage_80"]["n_days"]
    later = endpoints["qlike_gain_vs_har_today"]["n_days"]
    assert endpoints["qlike_gain_vs_vix_share"]["n_days"] - later == 61


def test_a_symbol_never_trained_gets_forecasts_and_no_calls(case: Case) -> None:
    """Its volatility is forecast; calls are left out, and the report says why."""
    rows = dataset_of({"DIA": case.market.bars["SPY"]}, case.market.vix).rows
    said = forecast_as_served(load_frozen(case.folder / "ml"), rows[-500:])
    assert (said.chosen == -1).all()
    assert np.isfinite(said.sigma).all()


def test_rows_the_like_of_which_was_never_seen_get_no_call(case: Case) -> None:
    """As in service, a feature far outside of what was learnt silences the row."""
    rows = dataset_of(case.market.bars, case.market.vix).rows[-500:]
    model = load_frozen(case.folder / "ml")
    ordinary = forecast_as_served(model, rows).chosen
    rows.features[0] = 1e6
    strange = forecast_as_served(model, rows).chosen
    assert strange[0] == -1
    assert np.array_equal(strange[1:], ordinary[1:])


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--model", "nowhere"), "nowhere"),
        (("--vix", "nowhere.csv"), "is not there"),
        (("--bars", "nowhere.csv"), "no CSV or parquet file"),
        (("--from", "2031-01-01"), "are scored from 2031-01-01 on"),
    ],
)
def test_what_cannot_be_verified_is_refused_in_one_sentence(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], sentence: str
) -> None:
    """Exit code 1, one line on stderr, no file."""
    assert run(case, tmp_path / "no.json", "spy_utc.parquet", *more) == FAILED
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("Verification refused: ")
    assert sentence in last
    assert not (tmp_path / "no.json").exists()


def test_older_bars_and_vix_rows_are_history_alone(case: Case, verified: tuple[int, Path], tmp_path: Path) -> None:
    """New days in one file and the days before them in another give the figures of one file, on the new days only."""
    whole = report_in(verified[1] / "out.json")
    frame = pd.read_parquet(case.folder / "spy_utc.parquet")
    vix = pd.read_csv(case.folder / "vix.csv")
    cut = pd.Timestamp(whole["scored"]["first"], tz=NEW_YORK)
    parts = {"new": frame["time"] >= cut, "old": frame["time"] < cut}
    for name, rows in parts.items():
        frame[rows].to_parquet(tmp_path / f"spy_{name}.parquet", index=False)
    days = pd.to_datetime(vix["date"], utc=True).dt.date.astype(str) >= whole["scored"]["first"]
    vix[days].to_csv(tmp_path / "vix_new.csv", index=False)
    vix[~days].to_csv(tmp_path / "vix_old.csv", index=False)
    words = ["verify", "--bars", str(tmp_path / "spy_new.parquet"), "--vix", str(tmp_path / "vix_new.csv")]
    words += ["--model", str(case.folder / "ml"), "--json", str(tmp_path / "out.json")]
    history = ["--history-bars", str(tmp_path / "spy_old.parquet"), "--history-vix", str(tmp_path / "vix_old.csv")]
    main([*words, *history])
    split = report_in(tmp_path / "out.json")
    assert (split["endpoints"], split["scored"]) == (whole["endpoints"], whole["scored"])
    main([*words, *history, "--from", "2015-01-02"])
    assert report_in(tmp_path / "out.json")["scored"] == whole["scored"]
