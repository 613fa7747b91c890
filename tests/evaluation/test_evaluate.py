"""An evaluation from rows to report, log and command."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest

from magic8_ml.evaluation.evaluate import EvaluationConfig, evaluate
from magic8_ml.evaluation.rule_scores import moments_of, read_rule_scores
from magic8_ml.evaluation.trials import FILE
from magic8_ml.forecast.forecaster import Forecast, Past, Rows
from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.training.walk_forward import WalkForwardConfig, folds_of, rows_of_folds, walk_forward
from magic8_ml.metrics.refusal import TrainingRefused
from tests.evaluation.demo_model import DemoModel
from tests.evaluation.made_evaluation import PLAN, Made
from tests.evaluation.rows import make_rows


class Witness:
    """Records what it was taught and asked, and says nothing."""

    name = "witness"

    def __init__(self) -> None:
        self.taught: list[set[int]] = []
        self.past: list[set[int]] = []
        self.asked: list[set[int]] = []
        self.saw_outcomes = False

    def fit(self, rows: Rows, past: Past | None = None) -> Witness:
        """Remember the days."""
        self.taught.append(set(rows.day.tolist()))
        self.past.append(set() if past is None else set(past.rows.day.tolist()))
        return self

    def predict(self, rows: Rows) -> Forecast:
        """Remember the question."""
        self.asked.append(set(rows.day.tolist()))
        self.saw_outcomes |= rows.outcomes is not None
        return Forecast.partial(len(rows), sigma=rows.day.astype(np.float64))


def test_no_day_is_on_two_sides(drawn_rows: Rows) -> None:
    """All symbols of a tested day are purged, a day of embargo lies between, outcomes are never shown."""
    witness = Witness()
    folds = folds_of(drawn_rows.day, PLAN)
    said = walk_forward(witness, drawn_rows, folds)
    assert not witness.saw_outcomes
    for taught, past, asked in zip(witness.taught, witness.past, witness.asked, strict=True):
        assert not taught & asked
        assert min(asked) - max(taught) == 2
        assert past <= taught
        assert len(taught) >= PLAN.training_days
    tested = rows_of_folds(drawn_rows, folds)
    assert said.sigma.tolist() == drawn_rows.day[tested].tolist()
    assert sum(map(len, witness.asked)) == len(np.unique(drawn_rows.day[tested]))


def test_every_design_is_logged_and_the_final_segment_named(made: Made) -> None:
    """The log stands beside the report; the report says how often and on which days."""
    lines = [orjson.loads(line) for line in (made.folder / FILE).read_bytes().splitlines()]
    assert [line["configuration"] for line in lines] == ["demo", "<twin>"]
    protocol = made.report["protocol"]
    assert protocol["configurations"] == 2
    assert protocol["final_segment"] == [made.report["scored"]["first"], made.report["scored"]["last"]]
    assert protocol["selection_bias"]["trials"] == 2
    assert protocol["folds"][0]["train_days"] == PLAN.training_days


def test_the_exhibit_stands_beside_the_honest_figures(made: Made) -> None:
    """The same classifier looks better under the random split than by day."""
    by_protocol = {line["protocol"]: line for line in made.report["leakage_demo"]}
    random, _, grouped, forward = by_protocol.values()
    assert random["brier_skill"] > max(grouped["brier_skill"], forward["brier_skill"])


def test_only_the_days_asked_for_are_scored(tmp_path: Path) -> None:
    """Dates limit what is scored, not what is learnt from; what was tried before there was a log is counted too."""
    rows = make_rows(120)
    days = np.unique(rows.day)
    first, last = (session_table().sessions[int(days[n])].day for n in (90, 109))
    plan = WalkForwardConfig(training_days=60, refit_days=30)
    question = EvaluationConfig(designs=(DemoModel(),), plan=plan, first=first, last=last, demo_rounds=5)
    report = evaluate(rows, replace(question, tried_before=40), tmp_path, facts={}).report
    assert (report["protocol"]["configurations"], report["protocol"]["selection_bias"]["trials"]) == (41, 41)
    assert (report["scored"]["first"], report["scored"]["last"]) == (first.isoformat(), last.isoformat())
    assert report["scored"]["days"] == 20


@pytest.mark.parametrize(
    ("plan", "first", "sentence"),
    [(WalkForwardConfig(training_days=400), None, "too little history"), (PLAN, date(2029, 1, 1), "no day to score")],
)
def test_what_cannot_be_scored_is_refused(
    drawn_rows: Rows, tmp_path: Path, plan: WalkForwardConfig, first: date | None, sentence: str
) -> None:
    """One sentence, and nothing in the log."""
    with pytest.raises(TrainingRefused, match=sentence):
        evaluate(drawn_rows, EvaluationConfig(designs=(Witness(),), plan=plan, first=first), tmp_path, facts={})
    assert not (tmp_path / FILE).exists()


def test_rule_scores_find_their_rows(tmp_path: Path) -> None:
    """A file in any zone is joined by symbol and moment; rows without scores stay unknown."""
    rows = make_rows(3)
    at = pd.DatetimeIndex(moments_of(rows).view("datetime64[ns]"), tz="UTC").tz_convert("America/New_York")
    frame = pd.DataFrame({"symbol": "SPY", "time": at, "Butterfly": 10.0, "Iron_Condor": 20.0, "Vertical": 30.0})
    frame.iloc[5:].to_parquet(tmp_path / "rules.parquet")
    points = read_rule_scores(tmp_path / "rules.parquet", rows)
    assert np.isnan(points[:5]).all()
    assert points[5].tolist() == [10.0, 20.0, 30.0]


@pytest.mark.parametrize(
    "text",
    ["symbol,time\nSPY,2025-01-02\n", "symbol,time,Butterfly,Iron_Condor,Vertical\nSPY,2025-01-02 10:00,1,2,3\n"],
)
def test_rule_scores_that_cannot_be_used_are_refused(tmp_path: Path, text: str) -> None:
    """A missing column or a time without zone."""
    (tmp_path / "rules.csv").write_text(text)
    with pytest.raises(TrainingRefused, match="rule scores"):
        read_rule_scores(tmp_path / "rules.csv", make_rows(2))
