"""What a report holds: endpoints in the promised form, comparisons, groups, and what did not work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from magic8_ml.evaluation.forecast_goals import GOALS, measure_goals
from magic8_ml.evaluation.forecaster_scores import LOSSES, loss_table, win_table
from magic8_ml.evaluation.goals import ALL
from magic8_ml.evaluation.out_of_sample import OutOfSample
from magic8_ml.evaluation.plausibility import implausible_results, sign_auc
from magic8_ml.evaluation.row_table import row_table
from magic8_ml.evaluation.selection_bias import daily_returns, selection_bias
from magic8_ml.evaluation.summary import outcome, summary
from magic8_ml.evaluation.tables import edge_quintiles, high_table, quarters_of, slices
from magic8_ml.forecast.forecaster import Forecast
from tests.evaluation.made_evaluation import Made

B1 = "B1 climatology"


def test_every_goal_is_measured_for_each_symbol_and_for_all(made: Made) -> None:
    """Each endpoint has the keys that outsiders rely on, and its interval encloses its value."""
    found = made.report["endpoints"]
    assert [(e["symbol"], e["name"]) for e in found] == [(s, g.name) for s in (ALL, "QQQ", "SPY") for g in GOALS]
    for endpoint in found:
        assert {"name", "symbol", "value", "low", "high", "floor", "passed", "n_days"} <= endpoint.keys()
        if endpoint["value"] is not None:
            assert endpoint["low"] - 1e-9 <= endpoint["value"] <= endpoint["high"] + 1e-9
    counts = made.report["verdict"]
    assert sum(counts.values()) == len(found)


def test_a_model_that_is_its_own_baseline_gains_nothing_over_it(out_of_sample: OutOfSample) -> None:
    """The demonstration model is B4, so its gain over B4 is zero and cannot be tested."""
    found = {e.goal.name: e.found for e in measure_goals(out_of_sample) if e.symbol == ALL}
    assert found["qlike_gain_vs_har_today"].value == 0
    assert found["regime_rpss_vs_climatology"].low > 0.15
    assert found["qlike_gain_vs_vix_share"].low > 0.1
    assert found["win_bss_vs_climatology"].value > 0
    shares = [found[f"share_{name}"].value for name in ("butterfly", "iron_condor", "vertical")]
    assert min(shares) > 0
    assert sum(shares) < 1


def test_the_price_that_knows_today_is_harder_to_beat(out_of_sample: OutOfSample) -> None:
    """Of the skill against the plain price some is left, and the first days have no past to learn it from."""
    found = {e.goal.name: e.found for e in measure_goals(out_of_sample) if e.symbol == ALL}
    harder, plain = found["regime_rpss_vs_today_price"], found["regime_rpss_vs_climatology"]
    assert harder.low > 0
    assert harder.value < plain.value
    assert harder.n_days < plain.n_days


def test_shuffled_forecasts_have_no_skill(out_of_sample: OutOfSample) -> None:
    """Forecasts dealt out to other days lose to climatology."""
    unique, place = np.unique(out_of_sample.rows.day, return_inverse=True)
    other = np.random.default_rng(8).permutation(len(unique))
    rows_of = {day: np.flatnonzero(place == day) for day in range(len(unique))}
    dealt = np.concatenate([rows_of[other[day]] for day in range(len(unique))])
    origin = np.concatenate([rows_of[day] for day in range(len(unique))])
    model = out_of_sample.model[dealt[np.argsort(origin)]]
    found = {e.goal.name: e.found for e in measure_goals(replace(out_of_sample, model=model)) if e.symbol == ALL}
    assert found["regime_rpss_vs_climatology"].high < 0.05
    assert found["win_bss_vs_climatology"].value < 0


@pytest.mark.parametrize("score", LOSSES)
def test_a_table_lists_the_model_first_then_its_baselines(out_of_sample: OutOfSample, score: str) -> None:
    """Climatology has no skill over itself; the price says nothing of the regime."""
    lines = {line.name: line for line in loss_table(out_of_sample, score, model="demo", climatology=B1)}
    assert next(iter(lines)) == "demo"
    assert lines[B1].skill.value == 0
    assert ("B2 VIX x share" in lines) == (not score.startswith("regime"))
    assert np.isnan(lines["demo"].p_value)


def test_the_win_table_tells_the_model_from_the_majority(out_of_sample: OutOfSample) -> None:
    """The majority is beaten beyond doubt."""
    lines = {line.name: line for line in win_table(out_of_sample, "Brier", model="demo", climatology=B1)}
    assert lines["B8 majority"].p_value < 0.01
    assert lines["B8 majority"].model_gain.low > 0


def test_groups_hold_every_row_once(out_of_sample: OutOfSample) -> None:
    """Half hours, forecast regimes, levels of the VIX and quarters each divide the rows."""
    for groups in slices(out_of_sample).values():
        assert sum(group["rows"] for group in groups) == len(out_of_sample)


def test_quarters_are_those_of_the_calendar() -> None:
    """Session positions become quarters."""
    assert quarters_of(np.array([0, 70, 0]))[0] == quarters_of(np.array([0]))[0]
    assert len(set(quarters_of(np.arange(252)))) in {4, 5}


def test_high_calls_are_compared_with_the_others(out_of_sample: OutOfSample) -> None:
    """Shares, win rates and results of HIGH and the rest come from the calls themselves."""
    every = next(line for line in high_table(out_of_sample) if line["name"] == "all")
    taken = out_of_sample.high
    won = out_of_sample.of_call(out_of_sample.settlement.won)
    assert every["high_won"][0] == pytest.approx(np.nanmean(won[taken]))
    assert every["other_won"][0] == pytest.approx(np.nanmean(won[~taken]))
    assert every["high_share"] == pytest.approx(taken[out_of_sample.answered].mean())


def test_a_larger_edge_wins_more_than_the_price_said(out_of_sample: OutOfSample) -> None:
    """With true skill the quintiles rise."""
    lines = edge_quintiles(out_of_sample)["Iron_Condor"]
    assert [line["quintile"] for line in lines] == [1, 2, 3, 4, 5]
    assert lines[-1]["won_less_implied"][0] > lines[0]["won_less_implied"][0]


def test_what_did_not_work_is_listed(made: Made) -> None:
    """Missed goals and unbeaten baselines are sentences of the report."""
    sentences = made.report["negatives"]
    missed = [e for e in made.report["endpoints"] if e["passed"] is not True]
    assert len([s for s in sentences if s.startswith(missed[0]["name"])]) >= 1
    assert any("is not proven to be beaten" in s or "is better than the model" in s for s in sentences)


def test_too_good_a_result_raises_an_alarm(out_of_sample: OutOfSample) -> None:
    """A model that knows the sign of the move is reported as a bug."""
    assert 0.4 < sign_auc(out_of_sample) < 0.6
    up = (out_of_sample.rows.known.move > 0).astype(np.float64)
    leaked = replace(out_of_sample.model, direction=np.stack((1 - up, np.zeros(len(up)), up), axis=1))
    assert any(
        "AUC of the sign" in sentence for sentence in implausible_results(replace(out_of_sample, model=leaked), 0.0)
    )
    assert any("Sharpe" in sentence for sentence in implausible_results(out_of_sample, 0.5))
    sentences = implausible_results(replace(out_of_sample, model=leaked), 0.0)
    assert any("accuracy of rises and falls" in sentence for sentence in sentences)
    assert implausible_results(out_of_sample, 0.0) == []
    seer = replace(out_of_sample.model, win=out_of_sample.settlement.won)
    assert len(implausible_results(replace(out_of_sample, model=seer), 0.0)) >= 2


def test_days_without_a_high_call_earn_nothing(out_of_sample: OutOfSample) -> None:
    """Daily results cover every day."""
    nobody = replace(out_of_sample.model, chosen=np.full(len(out_of_sample), -1))
    assert daily_returns(replace(out_of_sample, model=nobody)).tolist() == [0.0] * out_of_sample.n_days


def test_luck_counts_the_trials(out_of_sample: OutOfSample) -> None:
    """More trials deflate the ratio; a design that is always better was no lucky choice."""
    worse = replace(
        out_of_sample.model, regime=out_of_sample.baselines[B1].regime, sigma=out_of_sample.baselines[B1].sigma
    )
    few, many = (
        selection_bias(out_of_sample, {"demo": out_of_sample.model, "b1": worse}, [0.0, 0.2, -0.1], n) for n in (2, 200)
    )
    assert few["deflated_sharpe"] > many["deflated_sharpe"]
    assert few["pbo_variance"] == 0


def test_the_table_of_rows_holds_model_and_baselines(out_of_sample: OutOfSample) -> None:
    """One line per row, with time, outcome and every probability."""
    table = row_table(out_of_sample)
    assert len(table) == len(out_of_sample)
    assert str(table["time"].dt.tz) == "UTC"
    assert {"model: sigma", "B1 climatology: low volatility", "B7 recalibrated price: Butterfly wins"} <= set(table)


def test_the_summary_fits_a_terminal(made: Made) -> None:
    """Every goal has its line, and none is longer than 120 characters."""
    lines = summary(made.report).splitlines()
    assert all(any(line.strip().startswith(goal.name) for line in lines) for goal in GOALS)
    assert max(len(line) for line in lines if not line.startswith("  !")) <= 120


def test_the_outcome_names_what_failed(made: Made) -> None:
    """One failure of one symbol is a failure, and is named; what cannot be tested is counted, not failed."""
    endpoints = [{**e, "passed": None if e["name"] == GOALS[0].name else True} for e in made.report["endpoints"]]
    assert outcome({"endpoints": endpoints}) == f"PASSED: no goal failed; 1 of {len(GOALS)} goals not yet testable"
    endpoints[-1]["passed"] = False
    assert outcome({"endpoints": endpoints}).startswith(f"FAILED: {GOALS[-1].name} (SPY); 1 of")


def test_a_baseline_without_a_forecast_is_listed(made: Made) -> None:
    """Every baseline is in the table of a score or among those without a forecast of it."""
    everyone = {line["name"] for lines in made.report["comparisons"].values() for line in lines}
    for score, lines in made.report["comparisons"].items():
        names = [line["name"] for line in lines] + made.report["silent"][score]
        assert set(names) - {made.report["model"]["name"]} == everyone - {made.report["model"]["name"]}
        assert len(names) == len(set(names))


def test_silence_is_not_scored(out_of_sample: OutOfSample) -> None:
    """A model that says nothing has no figures and claims nothing."""
    silent = replace(out_of_sample, model=Forecast.partial(len(out_of_sample)))
    for endpoint in measure_goals(silent):
        assert endpoint.passed is not True
