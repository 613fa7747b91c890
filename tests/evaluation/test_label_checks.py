"""Whether HIGH is what its name says: each check with its target, and a reason wherever it is not reached."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from magic8_ml.evaluation.evaluate import EvaluationConfig, evaluate
from magic8_ml.evaluation.label_checks import blend_checks, label_checks
from magic8_ml.evaluation.out_of_sample import OutOfSample
from magic8_ml.evaluation.records import CheckRecord
from magic8_ml.evaluation.summary import summary
from magic8_ml.forecast.called_trades import CalledTrades
from magic8_ml.forecast.forecaster import Rows
from tests.evaluation.demo_model import DemoModel
from tests.evaluation.made_evaluation import PLAN, Made

NAMES = [
    "share_of_high",
    "wins_of_high",
    *(f"high_less_implied_{name}" for name in ("all", "butterfly", "iron_condor", "vertical")),
    *(f"high_less_rest_{name}" for name in ("butterfly", "iron_condor", "vertical")),
    *(f"mix_{name}" for name in ("iron_condor", "vertical", "butterfly")),
]


def _named(calls: CalledTrades) -> dict[str, CheckRecord]:
    return {check["name"]: check for check in label_checks(calls)}


def _good_calls() -> CalledTrades:
    # 20 answers a day: 11 condors, 6 verticals, 2 butterflies, 1 No_Trade; every fourth is HIGH and wins
    chosen = np.array([1] * 11 + [2] * 6 + [0] * 2 + [3])
    high = np.isin(np.arange(20), [0, 1, 2, 11, 17])
    confidence = np.where(chosen == 3, np.nan, np.where(high, 0.9, 0.5))
    won = np.where(chosen == 3, np.nan, high)
    days = 80
    return CalledTrades(
        day=np.repeat(np.arange(days) + 2000, 20),
        chosen=np.tile(chosen, days),
        confidence=np.tile(confidence, days),
        won=np.tile(won, days),
        implied=np.tile(np.where(chosen == 3, np.nan, 0.6), days),
    )


def test_a_label_that_keeps_its_promise_reaches_every_check() -> None:
    """A quarter of the answers HIGH, all of them won, a mix as the guide has it: nothing needs a reason."""
    found = _named(_good_calls())
    assert list(found) == NAMES
    assert {check["status"] for check in found.values()} == {"reached"}
    assert {check["reason"] for check in found.values()} == {""}


def test_what_is_not_reached_has_its_reason(made: Made) -> None:
    """Every check of the evaluation says why it is not reached, and stands in the terminal and on the page."""
    checks = made.report["label_checks"]
    assert [check["name"] for check in checks] == NAMES
    assert all(bool(check["reason"]) == (check["status"] != "reached") for check in checks)
    text = summary(made.report)
    assert made.report["high_measured"].startswith("HIGH calls won")
    assert all(part in " ".join(text.split()) for part in (*NAMES, made.report["high_measured"]))


def test_strategies_are_compared_with_themselves() -> None:
    """HIGH calls that win less often only because they are verticals are no worse than the other verticals."""
    good = _good_calls()
    vertical = good.chosen == 2
    won = np.where(vertical, good.day % 2, 1.0)
    mixed = CalledTrades(
        day=good.day,
        chosen=good.chosen,
        confidence=np.where(vertical, 0.9, 0.5),
        won=won,
        implied=good.implied,
    )
    found = _named(mixed)
    assert found["wins_of_high"]["status"] == "not reached"
    assert found["high_less_rest_vertical"]["status"] == "not known"


def test_a_difference_within_chance_is_not_proven(out_of_sample: OutOfSample) -> None:
    """A positive difference whose interval holds zero is no proof, a negative one is not reached."""
    calls = out_of_sample.calls
    for check in label_checks(calls):
        if check["name"].startswith("high_less") and check["status"] != "not known":
            value, low = check["value"], check["low"]
            assert value is not None
            assert low is not None
            expected = "not reached" if value < 0 else "reached" if low > 0 else "not proven"
            assert check["status"] == expected


def test_checkpoints_are_checked_like_slots() -> None:
    """The blend has its own share of HIGH, and each strategy is compared with prices and with its other calls."""
    good = _good_calls()
    found = {check["name"]: check for check in blend_checks(replace(good, threshold=0.95)[good.chosen < 3])}
    assert list(found) == [f"blend_{name}" for name in NAMES if name != "wins_of_high" and "mix" not in name]
    assert found["blend_share_of_high"]["status"] == "not reached"
    assert "a blended score of 95 or more" in found["blend_share_of_high"]["reason"]
    assert found["blend_high_less_implied_all"]["status"] == "not known"
    same = {check["name"]: check for check in blend_checks(good[good.chosen < 3])}
    assert same["blend_high_less_implied_vertical"]["value"] == pytest.approx(0.4)
    assert same["blend_high_less_rest_iron_condor"]["status"] == "reached"


def test_an_evaluation_with_rule_scores_measures_the_blend(drawn_rows: Rows, made: Made, tmp_path: Path) -> None:
    """With the points of the rules the report has HIGH at checkpoints and its checks; else it is not measured."""
    assert made.report["blend_measured"] == "HIGH at a checkpoint: not measured"
    points = np.random.default_rng(8).uniform(0, 100, (len(drawn_rows), 3))
    config = EvaluationConfig(designs=(DemoModel(),), plan=PLAN, demo_rounds=2)
    report = evaluate(drawn_rows, config, tmp_path, facts={}, points=points).report
    assert report["blend_measured"].startswith("HIGH at a checkpoint: HIGH calls won")
    checks = [check for check in report["label_checks"] if check["name"].startswith("blend_")]
    assert len(checks) == 8
    assert all(bool(check["reason"]) == (check["status"] != "reached") for check in checks)
    assert "blend_share_of_high" in summary(report)
