"""The report: skill where skill was put, none where none was, alarms where the answer was given away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import average_precision_score

from magic8_ml.evaluation.page import trade_evaluation_page
from magic8_ml.evaluation.trade_baselines import FORECAST
from magic8_ml.evaluation.trade_evaluate import TradeEvaluationConfig, evaluate_trades
from magic8_ml.evaluation.trade_leakage_demo import demonstrate_trade_leakage
from magic8_ml.evaluation.trade_scores import correlation
from magic8_ml.evaluation.trade_summary import summary
from magic8_ml.forecast.training.walk_forward import WalkForwardConfig
from magic8_ml.metrics.classification import average_precision
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.trades.rows import TradeRows
from tests.evaluation.made_trades import made_trades
from tests.reports.html_reader import check_self_contained

PLAN = WalkForwardConfig(training_days=60, refit_days=40)


def report(rows: TradeRows, out: Path, rounds: int = 0) -> dict[str, Any]:
    """Return the report of the recalibrated forecast."""
    question = TradeEvaluationConfig(model=FORECAST, plan=PLAN, demo_rounds=rounds)
    return evaluate_trades(rows, question, out, facts={"source": "made"}, limits=["made up"])


def value(found: dict[str, Any], goal: str) -> float:
    """Return the value of a goal."""
    return float(next(record["value"] for record in found["goals"] if goal in record["name"]))


def test_skill_is_found_where_it_was_put(tmp_path: Path) -> None:
    """A forecast that knows more than the price beats it, is calibrated, and earns on what it takes."""
    found = report(made_trades(days=260), tmp_path)
    assert value(found, "base rate") > value(found, "recalibrated premium") > 0.02
    assert value(found, "slope") == pytest.approx(1.0, abs=0.15)
    assert value(found, "taken less skipped") > 0.1
    assert {record["status"] for record in found["goals"]} == {"passed"}
    assert [line["name"] for line in found["pairs"]] == [
        *("SPX_Butterfly", "SPX_Iron_Condor", "QQQ_Butterfly", "QQQ_Iron_Condor")
    ]
    assert sum(line["rows"] for line in found["pairs"]) == found["scored"]["rows"]


def test_results_shuffled_by_day_leave_no_skill(tmp_path: Path) -> None:
    """With the results of other days there is nothing to know: no skill over base rate or price."""
    rows = made_trades(days=160)
    draws = np.random.default_rng(1)
    other = draws.permutation(160)[np.arange(len(rows)) // 40] * 40 + np.arange(len(rows)) % 40
    found = report(replace(rows, won=rows.won[other], profit=rows.profit[other]), tmp_path)
    assert value(found, "base rate") < 0.005
    assert value(found, "recalibrated premium") < 0.005
    assert found["alarms"] == []


def test_a_column_that_knows_the_result_raises_the_alarm(tmp_path: Path) -> None:
    """A forecast made of the outcome is too good to be true, and the report says so first of all."""
    rows = made_trades(days=120)
    leaked = replace(rows, features=np.array(rows.features))
    leaked.features[:, rows.names.index("forecast_win")] = np.where(rows.won, 0.8, 0.2)
    found = report(leaked, tmp_path)
    assert any("Too good to be true" in sentence for sentence in found["alarms"])
    assert "Too good to be true" in summary(found).splitlines()[2]


def test_the_exhibit_shows_what_a_random_split_pretends() -> None:
    """Where trades of a day share their fate, the random split of rows looks skilful and the walk-forward does not."""
    lines = demonstrate_trade_leakage(made_trades(days=80, edge=0.0, together=0.9), rounds=25)
    by_name = {(line.recipe, line.protocol): line for line in lines}
    assert len(lines) == len(by_name) == 8
    for recipe in {line.recipe for line in lines}:
        random, leaked, by_day, forward = (line for line in lines if line.recipe == recipe)
        assert random.brier_skill > 0.2
        assert random.brier_skill > max(by_day.brier_skill, forward.brier_skill) + 0.15
        assert leaked.accuracy > 0.99
        assert (
            random.is_out_of_sample,
            leaked.is_out_of_sample,
            by_day.is_out_of_sample,
            forward.is_out_of_sample,
        ) == (
            False,
            False,
            True,
            True,
        )
        assert forward.price_skill < 0


def test_thresholds_and_rules_are_compared(tmp_path: Path) -> None:
    """Every rule is listed with its share, its win rate and its result; thresholds have the shape of files."""
    found = report(made_trades(days=200), tmp_path)
    assert [rule["name"] for rule in found["rules"]] == [
        *("expected value above 0", "best F1", "recall nearest 0.80", "every trade")
    ]
    assert found["rules"][-1]["share"] == 1.0
    assert found["rules"][0]["net_per_risk"][0] > found["rules"][-1]["net_per_risk"][0]
    assert found["thresholds"]["best_f1"]["SPX"].keys() == {"Butterfly", "Iron_Condor"}
    assert set(found["thresholds"]) == {"expected_value", "best_f1", "recall80"}


def test_former_hopes_are_reported_as_they_come_out(tmp_path: Path) -> None:
    """Accuracy is next to the more common outcome, the correlation of reward and profit next to its interval."""
    hopes = {record["name"]: record for record in report(made_trades(days=160), tmp_path)["hopes"]}
    assert hopes["accuracy"]["found"][0] < 0.85
    middle, low, high = hopes["correlation of reward/risk with profit in US dollars"]["found"]
    assert low < middle < high < 0.7


def test_the_page_is_self_contained(tmp_path: Path) -> None:
    """One file, no script, nothing from elsewhere; names are escaped."""
    found = report(made_trades(days=110), tmp_path, rounds=5)
    found["title"] = "<b>made</b>"
    drawn = trade_evaluation_page(found)
    page = check_self_contained(drawn)
    assert "<b>made</b>" in page.text
    assert drawn.count("<svg") > 8
    assert page.targets[-3:] == ["leakage", "targets", "protocol"]
    for text in ("What each rule would have taken", "SPX_Butterfly", "the more common outcome"):
        assert text in page.text
    for recipe in {line["recipe"] for line in found["leakage_demo"]}:
        assert page.text.count(recipe) == 1


def test_the_report_is_plain_json_and_logged(tmp_path: Path) -> None:
    """Nothing but JSON values, no NaN, and a line per run in the trial log."""
    rows = made_trades(days=110)
    first, second = report(rows, tmp_path), report(rows, tmp_path)
    assert orjson.loads(orjson.dumps(first)) == first
    assert (first["protocol"]["runs_logged"], second["protocol"]["runs_logged"]) == (1, 2)
    assert second["protocol"]["configurations_tried"] == 1
    assert first["model"]["digest"] == rows.digest


def test_too_little_is_refused(tmp_path: Path) -> None:
    """Fewer days than the plan learns from, or a model that says nothing, end in a sentence."""
    with pytest.raises(TrainingRefused, match="too few"):
        report(made_trades(days=30), tmp_path)
    rows = made_trades(days=110)
    silent = replace(rows, features=np.full(rows.features.shape, np.nan))
    with pytest.raises(TrainingRefused, match="said nothing"):
        report(silent, tmp_path)


def test_average_precision_is_that_of_the_library() -> None:
    """Equal probabilities count together."""
    rows = made_trades(days=20)
    said = rows.implied.round(1)
    assert average_precision(said, rows.won) == pytest.approx(average_precision_score(rows.won, said))
    assert np.isnan(average_precision(said, np.zeros(len(rows), dtype=bool)))


def test_the_correlation_is_pearsons() -> None:
    """The value is that of all rows; rows with a gap are left out."""
    rows = made_trades(days=60)
    first = np.append(rows.implied, np.nan)
    second = np.append(rows.won.astype(float), 1.0)
    found = correlation(first, second, np.append(rows.day, rows.day[-1]))
    assert found.value == pytest.approx(pearsonr(rows.implied, rows.won).statistic)
    assert found.low < found.value < found.high
    assert np.isnan(correlation(first[-1:], second[-1:], rows.day[:1]).value)
