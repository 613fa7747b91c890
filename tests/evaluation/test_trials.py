"""The log of trials counts everything and forgets nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from magic8_ml.evaluation.trials import FILE, Trial, log_trials
from magic8_ml.metrics.refusal import TrainingRefused

TRIAL = Trial(
    configuration="har",
    settings={"rounds": 100},
    data="d1",
    first="2025-01-02",
    last="2025-06-30",
    figures={"sharpe_daily": 0.1},
)


def test_runs_and_distinct_configurations_are_counted(tmp_path: Path) -> None:
    """The same configuration again is a run more, not a configuration more."""
    other = replace(TRIAL, settings={"rounds": 200})
    first = log_trials(tmp_path, [TRIAL, other])
    second = log_trials(tmp_path, [TRIAL])
    assert (first.runs, first.configurations) == (1, 2)
    assert (second.runs, second.configurations) == (2, 2)
    assert len(second.figures) == 3
    assert [line["run"] for line in second.tried] == [2, 1]
    assert (tmp_path / FILE).read_bytes().count(b"\n") == 3


def test_opening_the_final_segment_again_with_something_else_is_told(tmp_path: Path) -> None:
    """Another configuration on overlapping days opens it once more; the very same trial does not."""
    assert log_trials(tmp_path, [TRIAL]).opened_before == 0
    assert log_trials(tmp_path, [TRIAL]).opened_before == 0
    assert log_trials(tmp_path, [replace(TRIAL, settings={}, first="2025-06-30", last="2025-12-31")]).opened_before == 2
    later = replace(TRIAL, first="2026-01-02", last="2026-06-30")
    assert log_trials(tmp_path, [later]).opened_before == 0


def test_a_log_that_cannot_be_read_stops_the_evaluation(tmp_path: Path) -> None:
    """A count that forgets is worse than none."""
    (tmp_path / FILE).write_text("{torn\n")
    with pytest.raises(TrainingRefused, match="log of trials"):
        log_trials(tmp_path, [TRIAL])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("run", "1"),
        ("run", 1e300),
        ("identity", "<script>alert(1)</script>"),
        ("configuration", ["har"]),
        ("first", "<b>2025</b>"),
        ("figures", {"sharpe_daily": "<img src=x>"}),
        ("figures", [0.1]),
        ("settings", 5),
    ],
)
def test_a_line_of_other_types_stops_the_evaluation(tmp_path: Path, name: str, value: object) -> None:
    """What is no figure, day or digest is refused with its place, before it reaches a page."""
    log_trials(tmp_path, [TRIAL])
    line = {**orjson.loads((tmp_path / FILE).read_bytes()), name: value}
    (tmp_path / FILE).write_bytes(orjson.dumps(line) + b"\n")
    with pytest.raises(TrainingRefused, match=rf"entry 1, {name}"):
        log_trials(tmp_path, [TRIAL])
