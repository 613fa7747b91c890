"""Training: proven against the base rates, reproducible to the byte, and refused where the data cannot carry it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from magic8_companion.domain.bars import Bars, to_ns
from magic8_ml.forecast.distribution_forecaster import DistributionForecaster
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES, FeatureTable, feature_matrix
from magic8_ml.forecast.intraday import Today
from magic8_ml.forecast.labels import ENTRY_BARS
from magic8_ml.forecast.model_files import load_model
from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.terciles import Terciles
from magic8_ml.forecast.training.audit import audit
from magic8_ml.forecast.training.base_rate_check import check_base_rates
from magic8_ml.forecast.training.dataset import Dataset, dataset_of
from magic8_ml.forecast.training.report import TrainingReport
from magic8_ml.forecast.training.train import fit_model, train
from magic8_ml.forecast.training.walk_forward import WalkForwardConfig, folds_of, rows_of_folds, walk_forward
from magic8_ml.forecast.training.walk_forward_scores import base_rates, evaluate
from magic8_ml.metrics.refusal import TrainingRefused
from magic8_ml.registry.measured import measured_of
from tests.forecast.markets import Market, make_market, session_of


@pytest.fixture(scope="module")
def data(market: Market) -> Dataset:
    """Build the labelled rows of the whole market."""
    return dataset_of(market.bars, market.vix)


def test_the_same_data_gives_the_same_bytes(market: Market, report: TrainingReport, tmp_path: Path) -> None:
    """A second training, symbols handed over in another order, writes byte-equal files."""
    bars = dict(reversed(market.bars.items()))
    again = train(bars, market.vix, tmp_path, last_day=_last_training_day(market))
    assert again.model_version == report.model_version
    for path in report.folder.iterdir():
        assert (again.folder / path.name).read_bytes() == path.read_bytes(), path.name


def test_days_after_the_last_day_are_never_looked_at(market: Market, report: TrainingReport, tmp_path: Path) -> None:
    """Deleting all bars and VIX rows after the last day leaves every byte of the model as it is."""
    row, _ = session_of(market.bars["SPY"], -21)
    table = session_table()
    bars = {n: b[: int(np.searchsorted(b.starts, table.opens[row + 1]))] for n, b in market.bars.items()}
    vix = market.vix[: int(np.searchsorted(market.vix.starts, table.days[row] * 86_400 * 10**9, side="right"))]
    assert train(bars, vix, tmp_path).model_version == report.model_version


def test_the_report_shows_the_training_data(report: TrainingReport) -> None:
    """The table names span, days left out, both stages with their skill and the shares of what would be chosen."""
    text = report.table()
    for part in (report.model_version, "QQQ, SPY", "half_day", "direction", "volatility", "RPSS", "Iron_Condor"):
        assert part in text
    assert report.evaluation.tested_days >= 60
    assert load_model(report.folder).manifest["rows"] == report.rows


def test_the_manifest_holds_what_high_has_meant(report: TrainingReport) -> None:
    """HIGH and the rest on the days predicted out of fold; agreement needs rule scores and is null without them."""
    manifest = load_model(report.folder).manifest
    assert measured_of(manifest) == report.measured
    high = report.measured.high
    assert high is not None
    assert high.calls is not None
    assert high.days == report.evaluation.tested_days
    assert (high.calls.low or 0) < high.calls.won < (high.calls.high or 0)
    assert manifest["measured"]["agreement"] is None
    assert report.measured.high_sentence in " ".join(report.table().split())
    assert set(manifest["reference_days"]) == {"QQQ", "SPY", "*"}


def test_a_model_that_always_abstains_is_reported(report: TrainingReport, data: Dataset) -> None:
    """Fewer than 60 of the newest sessions give no terciles: the table warns of it."""
    newest = np.unique(data.rows.day)[-59:][0]
    assert Terciles.after(data.rows).are_known
    assert not Terciles.after(data.rows[data.rows.day >= newest]).are_known
    assert not report.abstains
    assert "abstained from" not in report.table()
    assert "every prediction will be abstained from" in replace(report, abstains=True).table()


def test_clustered_volatility_has_skill_and_direction_has_none(report: TrainingReport) -> None:
    """In a market of clustered volatility and random direction, stage 2 has skill and stage 1 hardly any.

    That a move will be large can be known, and makes "neutral" unlikely; to which side it will go cannot.
    """
    assert report.evaluation.volatility.rpss > 0.05
    assert abs(report.evaluation.direction.rpss) < 0.05
    assert report.evaluation.direction.rpss < report.evaluation.volatility.rpss / 2


def test_shuffled_outcomes_leave_no_skill(data: Dataset) -> None:
    """Days that got the outcome of another day cannot be predicted: no skill over base rates in either stage."""
    rows = data.rows
    days = np.unique(rows.day)
    other = dict(zip(days.tolist(), np.random.default_rng(3).permutation(days).tolist(), strict=True))
    place = {key: n for n, key in enumerate(zip(rows.symbol, rows.day, rows.bars_done, strict=True))}
    keys = zip(rows.symbol, rows.day, rows.bars_done, strict=True)
    source = np.array([place[symbol, other[int(day)], bars] for symbol, day, bars in keys])
    ratio = rows.sigma_vix / rows.sigma_vix[source]
    outcomes = rows.known[source]
    outcomes = replace(outcomes, realised=outcomes.realised * ratio**2, move=outcomes.move * ratio)
    shuffled = replace(rows, outcomes=outcomes)
    folds = folds_of(rows.day, WalkForwardConfig.of(rows.day))
    forecast = walk_forward(DistributionForecaster(), shuffled, folds)
    found = evaluate(shuffled, rows_of_folds(rows, folds), folds, forecast)
    assert found.volatility.rpss <= 0.01
    assert found.direction.rpss <= 0.01


def test_no_day_is_on_both_sides_of_a_fold(data: Dataset) -> None:
    """Training days end before the embargo day, over all symbols, and each tested day is tested once."""
    unique = np.unique(data.rows.day)
    folds = folds_of(data.rows.day, WalkForwardConfig.of(data.rows.day))
    for fold in folds:
        last, first = fold.train[-1], fold.test[0]
        assert np.flatnonzero(unique == first)[0] - np.flatnonzero(unique == last)[0] == 2
    tested = np.concatenate([fold.test for fold in folds]).tolist()
    assert len(tested) == len(set(tested))
    assert tested[-1] == unique[-1]


def closing_price(today: Today) -> np.ndarray:
    """Compute the features with one that looks ahead: the gap is replaced by the day's last return."""
    matrix = feature_matrix(today)
    matrix[:, FEATURE_NAMES.index("gap")] = today.log_close[-1] - today.log_open
    return matrix


def too_early(today: Today) -> np.ndarray:
    """Compute the features with one that has a value before its window is full."""
    matrix = feature_matrix(today)
    matrix[:, FEATURE_NAMES.index("return_two_hours")] = 0.0
    return matrix


@pytest.mark.parametrize(("table", "name"), [(closing_price, "gap"), (too_early, "return_two_hours")])
def test_a_feature_that_looks_ahead_is_refused(market: Market, table: FeatureTable, name: str) -> None:
    """The trainer recomputes a sample from what was known, and names the feature that was not."""
    with pytest.raises(TrainingRefused, match=f"(canary|audit).* {name}$"):
        fit_model(market.bars, market.vix, table=table)


def test_the_audit_finds_nothing_in_the_features_that_ship(market: Market, data: Dataset) -> None:
    """Every sampled value is the same bits when nothing of the future is there."""
    found = audit(market.bars, market.vix, data.rows)
    assert found.late == ()
    assert found.values > 2_000


def test_the_challenger_is_reported_on_request(market: Market) -> None:
    """The two-stage classifiers predict the same rows, and the table shows their skill beside the model's."""
    found = fit_model({"SPY": market.bars["SPY"]}, market.vix, challenge=True).evaluation
    assert found.volatility.challenger_rpss is not None
    assert found.volatility.challenger_rpss < found.volatility.rpss + 0.05


def test_each_symbol_and_day_has_all_its_entry_times(data: Dataset) -> None:
    """25 rows per labelled day and symbol; half days and days without history are counted, not learnt from."""
    _, counts = np.unique(np.stack((data.rows.symbol, data.rows.day)), axis=1, return_counts=True)
    assert set(counts.tolist()) == {len(ENTRY_BARS)}
    assert data.dropped["SPY"]["half_day"] >= 2
    assert data.dropped["SPY"]["history_short"] == 15


def test_progress_counts_days_and_fits(tmp_path: Path) -> None:
    """Each stage ends at its total."""
    calls: dict[str, tuple[int, int]] = {}
    drawn = make_market(185)
    train(
        drawn.bars,
        drawn.vix,
        tmp_path,
        lambda stage, done, total, _: calls.update({stage: (done, total)}),
    )
    assert set(calls) == {"features SPY", "walk-forward distribution", "final fit"}
    assert all(done == total for done, total in calls.values())


def refused(market: Market, out: Path, **span: date) -> str:
    """Train what must be refused; return the sentence."""
    with pytest.raises(TrainingRefused) as refusal:
        train(market.bars, market.vix, out, **span)
    assert not out.exists()
    return str(refusal.value)


def test_too_little_history_is_refused(market: Market, tmp_path: Path) -> None:
    """The sentence says how many labelled days there are and how many are needed."""
    _, session = session_of(market.bars["SPY"], 120)
    assert "too little history" in refused(market, tmp_path / "ml", last_day=session.day)


def test_a_span_without_data_is_refused(market: Market, tmp_path: Path) -> None:
    """Nothing before the first bar, nothing after the last."""
    assert "no day can be used for training" in refused(market, tmp_path / "ml", last_day=date(2020, 1, 1))
    assert "too little history: 0" in refused(market, tmp_path / "ml", first_day=date(2029, 1, 1))


def test_no_symbol_is_refused(market: Market, tmp_path: Path) -> None:
    """A training on nothing says so."""
    assert "no symbol" in refused(replace(market, bars={}), tmp_path / "ml")


def test_a_missing_vix_is_refused(market: Market, tmp_path: Path) -> None:
    """Without VIX rows no day can be used, and the sentence counts why."""
    without = replace(market, vix=Bars.empty())
    assert "missing_vix" in refused(without, tmp_path / "ml")


def test_a_constant_vix_is_refused(market: Market, tmp_path: Path) -> None:
    """A VIX that stands still says nothing of any day."""
    flat = np.full(len(market.vix), 16.0)
    vix = Bars(starts=market.vix.starts, open=flat, high=flat, low=flat, close=flat, volume=market.vix.volume)
    assert "203 stale_vix" in refused(replace(market, vix=vix), tmp_path / "ml")


def test_one_class_only_is_refused(tmp_path: Path) -> None:
    """A feed that stands still after the open on nine days of ten: there is no "low" below nothing at all."""
    drawn = make_market(200)
    bars, opens = drawn.bars["SPY"], session_table().opens
    alive = (np.searchsorted(opens, bars.starts, side="right") % 10 == 0) | np.isin(bars.starts, opens)
    still = {name: np.where(alive, getattr(bars, name), 500.0) for name in ("open", "high", "low", "close")}
    dead = Bars(starts=bars.starts, volume=bars.volume, **still)
    assert "all three classes" in refused(Market(bars={"SPY": dead}, vix=drawn.vix), tmp_path / "ml")


def test_prices_that_never_move_are_refused(tmp_path: Path) -> None:
    """A dead feed has no variance to learn, and the sentence says so."""
    drawn = make_market(120)
    flat = np.full(len(drawn.bars["SPY"]), 500.0)
    starts, volume = drawn.bars["SPY"].starts, drawn.bars["SPY"].volume
    dead = Bars(starts=starts, open=flat, high=flat, low=flat, close=flat, volume=volume)
    assert "no day can be used for training" in refused(Market(bars={"SPY": dead}, vix=drawn.vix), tmp_path / "ml")


def noise_market() -> Market:
    """Draw bars of one constant volatility and a VIX that moves by a thousandth: past days say nothing of the next."""
    drawn, rng = make_market(185), np.random.default_rng(2)
    starts, volume = drawn.bars["SPY"].starts, drawn.bars["SPY"].volume
    moves = 0.001 * rng.standard_normal(len(starts))
    close = 500 * np.exp(np.cumsum(moves))
    opened = close / np.exp(moves)
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    level = 16 * np.exp(0.001 * rng.standard_normal(len(drawn.vix)))
    bars = Bars(starts=starts, open=opened, high=high, low=low, close=close, volume=volume)
    vix = replace(drawn.vix, open=level, high=level, low=level, close=level)
    return Market(bars={"SPY": bars}, vix=vix)


def test_a_model_worse_than_the_base_rates_is_refused(tmp_path: Path) -> None:
    """On pure noise the fitted model loses to the base rates on days it has not seen, and nothing is stored."""
    sentence = refused(noise_market(), tmp_path / "ml")
    assert re.match(r"walk-forward: the volatility forecasts are worse than the base rates, skill -\d", sentence)


def test_a_direction_forecast_within_noise_of_the_base_rates_passes(data: Dataset) -> None:
    """The base rates themselves pass; directions turned around are refused, whatever the volatility forecasts are."""
    rows = data.rows
    folds = folds_of(rows.day, WalkForwardConfig.of(rows.day))
    test = rows_of_folds(rows, folds)
    own = base_rates(rows, folds, fewest_days=0)
    check_base_rates(rows, test, folds, own)
    reversed_direction = np.roll(np.eye(3)[rows[test].direction], 1, axis=1)
    with pytest.raises(TrainingRefused, match="the direction forecasts are worse than the base rates"):
        check_base_rates(rows, test, folds, replace(own, direction=reversed_direction))


def _last_training_day(market: Market) -> date:
    return session_of(market.bars["SPY"], -21)[1].day


def _classes(shares: Mapping[str, float]) -> set[str]:
    return {name for name, share in shares.items() if share >= 0.05}


def test_each_strategy_is_chosen_now_and_then(report: TrainingReport) -> None:
    """Over the reference sessions Butterfly, Iron_Condor and Vertical each have at least 5 %."""
    assert _classes(report.evaluation.chosen) >= {"Butterfly", "Iron_Condor", "Vertical"}


def split(bars: Bars, at: int) -> Bars:
    """Divide every price from bar ``at`` on by four, as an unadjusted split does."""
    factor = np.where(np.arange(len(bars)) < at, 1.0, 0.25)
    return Bars(
        starts=bars.starts,
        volume=bars.volume,
        **{name: getattr(bars, name) * factor for name in ("open", "high", "low", "close")},
    )


@pytest.mark.parametrize("hour", [0, 3])
def test_a_day_of_a_split_is_dropped(market: Market, hour: int) -> None:
    """Overnight or in mid-session: that day alone is left out, by name, and none after it takes it for ordinary."""
    whole = market.bars["SPY"]
    _, session = session_of(whole, 100)
    jumped = split(whole, int(np.searchsorted(whole.starts, to_ns(session.open_at))) + 12 * hour)
    before, after = dataset_of({"SPY": whole}, market.vix), dataset_of({"SPY": jumped}, market.vix)
    assert after.dropped["SPY"]["price_jump"] == 1
    assert len(after) == len(before) - len(ENTRY_BARS)
    premium = FEATURE_NAMES.index("variance_premium")
    assert after.rows.features[:, premium].max() < before.rows.features[:, premium].max() + 0.5
