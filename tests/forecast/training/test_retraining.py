"""A retraining adds a version and decides, by days that neither model has seen, whether it serves."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.errors import AlreadyRunning
from magic8_companion.durable import locked
from magic8_ml.forecast.forecaster import Forecast, Rows
from magic8_ml.forecast.model_files import load_model
from magic8_ml.forecast.training.dataset import dataset_of
from magic8_ml.forecast.training.retrain import (
    EMBARGO_DAYS,
    LOCK,
    MIN_DAYS,
    compare,
    compare_paired,
    count_new_sessions,
    days_to_compare,
    decide,
    retrain,
)
from magic8_ml.registry.versions import Registry
from tests.forecast.markets import make_market, session_of
from tests.registry.made_registry import NEW_SESSIONS, Retraining
from tests.registry.market_files import files_of


class FixedForecast:
    """A fitted forecaster that believes in the regime that comes, on some days more than on others."""

    def __init__(self, rows: Rows, shrinkage: Floats) -> None:
        days = np.unique(rows.day)
        right = np.eye(3)[rows.regime]
        weight = shrinkage[np.searchsorted(days, rows.day)][:, None]
        self._forecast = weight * right + (1 - weight) / 3

    def predict(self, rows: Rows) -> Forecast:
        assert rows.outcomes is None
        return Forecast.partial(len(rows), regime=self._forecast)


@pytest.fixture(scope="module")
def test_rows() -> Rows:
    """Return the labelled rows of the newest eight days of a market."""
    market = make_market(110)
    rows = dataset_of(market.bars, market.vix).rows
    return days_to_compare(rows, int(np.unique(rows.day)[-9 - EMBARGO_DAYS]))


def believing(rows: Rows, *by_day: float) -> FixedForecast:
    """Return a forecaster with a belief for each day, the last one repeated."""
    days = len(np.unique(rows.day))
    return FixedForecast(rows, np.array([*by_day, *[by_day[-1]] * (days - len(by_day))]))


def test_the_first_day_after_the_freeze_is_left_out(test_rows: Rows) -> None:
    """Between what was learnt and what is compared lies a day of embargo; every row compared has a class."""
    assert len(np.unique(test_rows.day)) == 8
    assert test_rows.labelled.all()


def test_an_equal_challenger_is_not_worse(test_rows: Rows) -> None:
    """The same answers tie, and a tie promotes: the newer model has seen more."""
    found = compare_paired(believing(test_rows, 0.3), believing(test_rows, 0.3), test_rows)
    assert found.is_not_worse
    assert found.champion == found.challenger
    assert "not worse" in found.summary()
    assert "8 days" in found.summary()


def test_a_better_challenger_wins_and_a_worse_one_does_not(test_rows: Rows) -> None:
    """Steadily more or less belief in what comes decides."""
    assert compare_paired(believing(test_rows, 0.3), believing(test_rows, 0.5), test_rows).is_not_worse
    worse = compare_paired(believing(test_rows, 0.5), believing(test_rows, 0.3), test_rows)
    assert not worse.is_not_worse
    assert worse.summary().startswith("worse: regime RPS")


def test_bad_days_for_both_do_not_decide(test_rows: Rows) -> None:
    """Paired by day, a small steady lead counts although the days themselves differ by far."""
    days = (0.9, 0.0, 0.7, 0.1, 0.8, 0.2, 0.6, 0.3)
    lower = tuple(max(0.0, day - 0.02) for day in days)
    assert not compare_paired(believing(test_rows, *days), believing(test_rows, *lower), test_rows).is_not_worse
    assert compare_paired(believing(test_rows, *lower), believing(test_rows, *days), test_rows).is_not_worse


def test_one_bad_day_is_not_enough(test_rows: Rows) -> None:
    """Worse on a single day and equal on the others is within the error of the difference."""
    assert compare_paired(believing(test_rows, 0.5), believing(test_rows, 0.3, 0.5), test_rows).is_not_worse


def test_too_few_days_decide_nothing(test_rows: Rows) -> None:
    """However good the challenger is on them."""
    few = test_rows[test_rows.day >= np.unique(test_rows.day)[1 - MIN_DAYS]]
    found = compare_paired(believing(few, 0.1), believing(few, 0.9), few)
    assert not found.is_not_worse
    assert found.summary() == f"{MIN_DAYS - 1} new days to compare on, need {MIN_DAYS}"


def test_a_retraining_decides_by_its_rule_and_gives_the_reason(retraining: Retraining) -> None:
    """The new version has seen the newest day; its role is the one that the comparison gives, with the numbers."""
    registry, decided = Registry(retraining.out / "models"), retraining.decided
    roles = registry.roles
    assert roles is not None
    assert {roles.champion, roles.challenger} - {None} == {decided.version} | (
        set() if decided.promoted else {retraining.first}
    )
    assert (roles.champion == decided.version) == decided.promoted
    assert registry.history()[-1]["why"] == decided.why
    _, newest = session_of(retraining.market.bars["SPY"], -1)
    assert decided.version.startswith(newest.day.isoformat())


def test_the_same_recipe_on_the_same_data_ties_with_the_champion(retraining: Retraining) -> None:
    """The twin is the recipe up to the freeze: against a champion of that very recipe there is hardly a difference."""
    champion = load_model(Registry(retraining.out / "models").folder_of(retraining.first))
    rows = dataset_of(retraining.market.bars, retraining.market.vix).rows
    found = compare(champion, rows)
    assert found.days == NEW_SESSIONS - EMBARGO_DAYS
    assert abs(found.challenger - found.champion) < 0.02


@pytest.mark.parametrize(("left", "gives_way"), [(0, True), (4, True), (5, False)])
def test_a_champion_that_soon_expires_gives_way_undefeated(retraining: Retraining, left: int, gives_way: bool) -> None:
    """With less than a week to serve nothing is compared; with a week the comparison decides."""
    champion = load_model(Registry(retraining.out / "models").folder_of(retraining.first))
    frozen = champion.manifest["passport"]["frozen"] | {"valid_sessions": NEW_SESSIONS + left}
    passport = champion.manifest["passport"] | {"frozen": frozen}
    rows = dataset_of(retraining.market.bars, retraining.market.vix).rows
    promoted, why = decide(replace(champion, manifest={**champion.manifest, "passport": passport}), rows)
    assert ("more sessions only" in why) == gives_way
    assert promoted or not gives_way


def test_what_the_champion_lacks_is_counted_in_sessions(retraining: Retraining, tmp_path: Path) -> None:
    """Ten before the retraining; none is known where nobody serves."""
    registry = Registry(retraining.out / "models")
    champion = load_model(registry.folder_of("champion"))
    expected = 0 if champion.version == retraining.decided.version else NEW_SESSIONS
    assert count_new_sessions(retraining.market.bars, retraining.out) == expected
    assert count_new_sessions(retraining.market.bars, tmp_path) is None


def test_only_one_retraining_at_a_time(retraining: Retraining, tmp_path: Path) -> None:
    """The second one is refused at once and leaves everything as it is."""
    (tmp_path / "models").mkdir()
    with locked(tmp_path / "models" / LOCK), pytest.raises(AlreadyRunning, match="another process"):
        retrain(retraining.market.bars, retraining.market.vix, tmp_path)
    assert [path.name for path in (tmp_path / "models").iterdir()] == [LOCK]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "magic8_ml", "retrain", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


PRIORITY = """
import os
from magic8_ml.forecast.training.workers import AUTOGROUP, lower_priority
weight = lambda: AUTOGROUP.read_text().split()[-1:] if AUTOGROUP.exists() else []
before = weight()
lower_priority()
print(os.nice(0), before, weight())
"""


@pytest.mark.skipif(os.name != "posix", reason="priorities of this kind are POSIX's")
@pytest.mark.parametrize("own_session", [True, False])
def test_a_retraining_gives_way(own_session: bool) -> None:
    """The process always; its session only if nobody else lives in it; a session may have no weight at all."""
    arguments = [sys.executable, "-c", PRIORITY]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True, start_new_session=own_session)
    niceness, before, after = done.stdout.split()
    assert niceness == "19"
    assert after == ("['19']" if own_session and before != "[]" else before)


def test_the_command_lets_a_young_champion_be(retraining: Retraining, tmp_path: Path) -> None:
    """Nothing is learnt while the champion lacks fewer sessions than asked for."""
    arguments = [*files_of(retraining.market, tmp_path), "--out", str(retraining.out), "--if-older-than-sessions", "11"]
    before = Registry(retraining.out / "models").versions()
    done = run(*arguments, "--json")
    answer = orjson.loads(done.stdout)
    assert answer["version"] is None
    assert "nothing to do" in answer["why"]
    assert Registry(retraining.out / "models").versions() == before


def test_the_command_refuses_in_one_sentence(tmp_path: Path) -> None:
    """Too little history: exit code 1, and nobody serves."""
    done = run(*files_of(make_market(60), tmp_path), "--out", str(tmp_path / "ml"))
    assert done.returncode == 1
    assert "Retraining refused: too little history" in done.stderr
    assert Registry(tmp_path / "ml" / "models").roles is None
