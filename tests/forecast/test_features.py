"""Features: known at the end of their bar, honest about what is missing, one implementation for all uses."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from itertools import pairwise
from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_companion.domain.bars import Bars
from magic8_companion.domain.errors import DataUnavailable
from magic8_ml.forecast.day_history import DayHistory
from magic8_ml.forecast.feature_catalogue import AVAILABLE_AT, CATALOGUE, FEATURE_NAMES, feature_matrix
from magic8_ml.forecast.intraday import Today, today_of
from magic8_ml.forecast.session_table import session_table
from magic8_ml.forecast.statement_times import is_calendar_known, minutes_to_statement
from magic8_ml.forecast.substitutes import with_substitutes
from tests.forecast.markets import Market, make_market, session_of

MARKET = make_market(120)
SPY = MARKET.bars["SPY"]
ROW, SESSION = session_of(SPY, 100)
TODAY = SPY.between(SESSION.open_at, SESSION.close_at)
STATEMENT_ROW = session_table().position(date(2023, 12, 13))
STATEMENT = session_table().sessions[STATEMENT_ROW]
STATEMENT_DAY = SPY.between(STATEMENT.open_at, STATEMENT.close_at)
RANGED = Market(bars={"SPY": replace(SPY, high=SPY.high * 1.0004, low=SPY.low / 1.0004)}, vix=MARKET.vix)
"""The same closes with ranges as wide as those of real bars."""

BANNED = {
    *("profit", "raw", "managed", "stop", "closed", "closing", "expired", "total_profit", "ratio", "closing_delta"),
    *("predicted_vs_closing", "win", "target", "open", "high", "low", "close", "price", "date", "trade_id", "sheet"),
}


def prepared(bars: Bars = TODAY, market: Market = MARKET, row: int = ROW, vix: float = 16.0) -> Today:
    """Prepare a session of the market."""
    return today_of(bars, DayHistory.before(row, market.bars["SPY"], market.vix), vix)


def column(name: str, today: Today) -> np.ndarray:
    """Return one column of the feature matrix."""
    return feature_matrix(today)[:, FEATURE_NAMES.index(name)]


@settings(max_examples=78, deadline=None)
@given(st.integers(1, 78), st.booleans())
def test_deleting_later_bars_leaves_every_row_bit_equal(n_bars: int, of_statement: bool) -> None:
    """Row i depends on bars 0..i alone: cut anywhere, the rows before the cut are the same bits."""
    bars, row = (STATEMENT_DAY, STATEMENT_ROW) if of_statement else (TODAY, ROW)
    whole = feature_matrix(prepared(bars, row=row))
    assert np.array_equal(feature_matrix(prepared(bars[:n_bars], row=row)), whole[:n_bars], equal_nan=True)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 77), st.integers(0, 2**32 - 1))
def test_scrambling_later_bars_leaves_earlier_rows_bit_equal(n_bars: int, seed: int) -> None:
    """Whatever comes after bar i, wild prices included, row i stays."""
    rng = np.random.default_rng(seed)
    columns = {name: getattr(TODAY, name).copy() for name in ("starts", "open", "high", "low", "close", "volume")}
    wild = rng.uniform(1, 5_000, 78 - n_bars)
    for name in ("open", "high", "low", "close"):
        columns[name][n_bars:] = wild
    columns["volume"][n_bars:] = rng.uniform(0, 1e9, 78 - n_bars)
    scrambled = feature_matrix(prepared(Bars(**columns)))
    assert np.array_equal(scrambled[:n_bars], feature_matrix(prepared())[:n_bars], equal_nan=True)


def test_later_bars_never_enter_the_history() -> None:
    """The summary of earlier days is the same with and without today and all later days and VIX rows."""
    before = SPY[: int(np.searchsorted(SPY.starts, session_table().opens[ROW]))]
    vix_before = MARKET.vix[:100]
    whole, cut = DayHistory.before(ROW, SPY, MARKET.vix), DayHistory.before(ROW, before, vix_before)
    for name in ("realised", "implied", "premium", "share_left", "previous_close", "vix_closes"):
        assert np.array_equal(getattr(whole, name), getattr(cut, name), equal_nan=True), name


def test_history_looks_back_thirty_sessions_and_no_further() -> None:
    """Training reads exactly what the host hands over at serving: older bars change nothing."""
    from_here = SPY[int(np.searchsorted(SPY.starts, session_table().opens[ROW - 30])) :]
    whole, cut = DayHistory.before(ROW, SPY, MARKET.vix), DayHistory.before(ROW, from_here, MARKET.vix)
    assert np.array_equal(whole.realised, cut.realised)
    assert np.array_equal(whole.share_left, cut.share_left)


def test_columns_have_unique_names_and_a_formula() -> None:
    """Each column has a name of its own, a formula, a look-back, a moment of availability and a unit."""
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES)
    for feature in CATALOGUE:
        assert all((feature.formula, feature.looks_back, feature.unit)), feature.name
        assert 0 <= feature.available_at < 390, feature.name


def test_columns_that_know_the_outcome_or_the_day_are_absent() -> None:
    """Profits, closing values, price levels, dates and identifiers are no features."""
    assert not BANNED & set(FEATURE_NAMES)


def test_price_level_does_not_matter() -> None:
    """A symbol at ten times the price has the same features: no column is a fingerprint of the day's level."""
    scaled = Bars(
        starts=SPY.starts,
        volume=SPY.volume,
        **{name: getattr(SPY, name) * 16.0 for name in ("open", "high", "low", "close")},
    )
    market = Market(bars={"SPY": scaled}, vix=MARKET.vix)
    today = prepared(scaled.between(SESSION.open_at, SESSION.close_at), market)
    np.testing.assert_allclose(feature_matrix(today), feature_matrix(prepared()), rtol=1e-6, atol=1e-9)


def test_a_window_that_is_not_full_is_missing_not_zero() -> None:
    """The 30-minute and two-hour windows have no value before six and 24 bars, and one from then on."""
    today = prepared(market=RANGED)
    windows = {"return_half_hour": 6, "log_pace_half_hour": 6, "return_two_hours": 24, "log_pace_quarter_hour": 3}
    windows |= {"log_pace_hour": 12, "log_range_pace_half_hour": 6, "downside_half_hour": 6}
    for name, bars in windows.items():
        values = column(name, today)
        assert np.isnan(values[: bars - 1]).all(), name
        assert not np.isnan(values[bars - 1 :]).any(), name


def test_no_column_has_a_value_before_it_is_declared_available() -> None:
    """At the end of bar n nothing is known that is declared to be known later than that."""
    known_at = 5 * np.arange(1, 79)
    early = known_at[:, None] < AVAILABLE_AT
    assert np.isnan(feature_matrix(prepared())[early]).all()
    assert early.any()


def test_without_volume_the_distance_to_vwap_is_missing() -> None:
    """An index symbol carries volume 0: its distance to VWAP is unknown, not nought."""
    silent = Bars(
        starts=TODAY.starts,
        volume=np.zeros(78),
        **{name: getattr(TODAY, name) for name in ("open", "high", "low", "close")},
    )
    assert np.isnan(column("distance_to_vwap", prepared(silent))).all()
    assert not np.isnan(column("distance_to_vwap", prepared())).any()


def test_features_agree_with_a_slow_obvious_twin() -> None:
    """Pace, premium, rank and range equal plain loops over the same bars."""
    table, at, vix = session_table(), 40, 16.0
    ratios, shares = [], []
    for row in range(ROW - 30, ROW):
        day = SPY.between(table.sessions[row].open_at, table.sessions[row].close_at)
        if len(day) != 78:
            continue
        squares = [math.log(c / (day.open[0] if i == 0 else day.close[i - 1])) ** 2 for i, c in enumerate(day.close)]
        vix_row = np.flatnonzero(MARKET.vix.starts // 86_400_000_000_000 == table.days[row])[0]
        ratios.append(sum(squares) / ((MARKET.vix.open[vix_row] / 100) ** 2 / 252))
        shares.append(sum(squares[:at]) / sum(squares))
    returns = [math.log(c / (TODAY.open[0] if i == 0 else TODAY.close[i - 1])) for i, c in enumerate(TODAY.close[:at])]
    expected = (vix / 100) ** 2 / 252 * np.mean(ratios) * np.mean(shares)
    row = dict(zip(FEATURE_NAMES, feature_matrix(prepared(TODAY[:at]))[-1], strict=True))
    assert row["log_pace"] == pytest.approx(math.log(sum(r * r for r in returns) / expected))
    assert row["share_left"] == pytest.approx(1 - np.mean(shares))
    assert row["variance_premium"] == pytest.approx(
        math.log(np.nanmean(DayHistory.before(ROW, SPY, MARKET.vix).realised[-22:]) / ((vix / 100) ** 2 / 252))
    )
    closes = MARKET.vix.close[:100]
    assert row["vix_rank"] == pytest.approx((closes < vix).mean())
    sigma = vix / 100 / math.sqrt(252)
    assert row["day_range"] == pytest.approx(math.log(TODAY.high[:at].max() / TODAY.low[:at].min()) / sigma)
    assert row["minutes_to_close"] == 390 - at * 5


def test_ranges_downside_and_last_hour_agree_with_a_slow_obvious_twin() -> None:
    """Parkinson's variance, the semivariance of 30 minutes and yesterday's last hour equal plain loops."""
    at, series = 40, RANGED.bars["SPY"]
    bars, history = series.between(SESSION.open_at, SESSION.close_at), DayHistory.before(ROW, series, MARKET.vix)
    row = dict(zip(FEATURE_NAMES, feature_matrix(prepared(bars[:at], RANGED))[-1], strict=True))
    expected_day = (16.0 / 100) ** 2 / 252 * history.premium
    by_range = [math.log(high / low) ** 2 / (4 * math.log(2)) for high, low in zip(bars.high, bars.low, strict=True)]
    so_far = expected_day * (1 - history.share_left[at])
    assert row["log_range_pace"] == pytest.approx(math.log(sum(by_range[:at]) / so_far))
    half_hour = expected_day * (history.share_left[at - 6] - history.share_left[at])
    assert row["log_range_pace_half_hour"] == pytest.approx(math.log(sum(by_range[at - 6 : at]) / half_hour))
    returns = np.diff(np.log(TODAY.close[at - 7 : at]))
    assert row["downside_half_hour"] == pytest.approx(math.sqrt(sum(r * r for r in returns if r < 0) / half_hour))
    yesterday = session_table().sessions[ROW - 1]
    closes = SPY.between(yesterday.open_at, yesterday.close_at).close[-13:]
    last_hour = sum(math.log(b / a) ** 2 for a, b in pairwise(closes))
    share = history.share_left[66] * (16.0 / 100) ** 2 / 252
    assert row["log_last_hour"] == pytest.approx(math.log(last_hour / share))


def test_ranges_that_miss_the_moves_of_the_closes_are_missing() -> None:
    """A file whose highs and lows were cut has no pace by ranges: it is unknown, not small."""
    assert prepared(market=RANGED).history.has_ranges
    assert not np.isnan(column("log_range_pace", prepared(market=RANGED))[1:]).any()
    bodies = replace(SPY, high=np.maximum(SPY.open, SPY.close), low=np.minimum(SPY.open, SPY.close))
    today = prepared(TODAY, Market(bars={"SPY": bodies}, vix=MARKET.vix))
    assert not today.history.has_ranges
    assert np.isnan(column("log_range_pace", today)).all()
    assert np.isnan(column("log_range_pace_half_hour", today)).all()


def test_the_statement_of_a_day_is_counted_down_and_flagged() -> None:
    """2023-12-13, statement at 14:00: 270 minutes ahead at 09:30, 0 at 14:00, passed from then on."""
    today = prepared(STATEMENT_DAY, row=STATEMENT_ROW)
    minutes = column("minutes_to_statement", today)
    assert (minutes[0], minutes[53], minutes[-1]) == (265, 0, -120)
    assert column("statement_ahead", today).tolist() == [1.0] * 53 + [0.0] * 25
    assert column("statement_passed", today).tolist() == [0.0] * 53 + [1.0] * 25


def test_a_day_without_statement_has_no_minutes_and_two_zeros() -> None:
    """No statement is a known fact within the calendar."""
    assert np.isnan(column("minutes_to_statement", prepared())).all()
    assert not column("statement_ahead", prepared()).any()
    assert not column("statement_passed", prepared()).any()


@pytest.mark.parametrize(
    ("day", "minutes"),
    [
        (date(2020, 3, 3), [nan, nan, 0, -5]),  # unscheduled, 10:00: unknown before its time
        (date(2020, 3, 18), [nan] * 4),  # cancelled on the Sunday before
        (date(2025, 3, 19), [250, 245, 240, 235]),
    ],
)
def test_only_what_the_market_knew_of_a_statement_is_a_feature(day: date, minutes: list[float]) -> None:
    """An unscheduled statement is known from its own time, a cancelled one no longer on its day."""
    row = session_table().position(day)
    ends = session_table().opens[row] + np.array([20, 25, 30, 35]) * 60_000_000_000
    assert np.array_equal(minutes_to_statement(row, ends), minutes, equal_nan=True)


def test_beyond_the_calendar_a_day_is_unknown_not_eventless() -> None:
    """From 2028 on the table of statements says nothing."""
    assert is_calendar_known(session_table().position(date(2027, 12, 31)))
    assert not is_calendar_known(session_table().position(date(2028, 1, 3)))


def test_expiry_and_ends_of_months_and_quarters_are_flags() -> None:
    """2023-12-15 is a monthly expiry, 2023-12-29 the end of a quarter, 2024-01-31 of a month."""
    flags = {
        day: [feature_of(name, day) for name in ("monthly_expiry", "month_end", "quarter_end")]
        for day in (date(2023, 12, 15), date(2023, 12, 29), date(2024, 1, 31), date(2024, 1, 30))
    }
    assert list(flags.values()) == [[1, 0, 0], [0, 1, 1], [0, 1, 0], [0, 0, 0]]


def feature_of(name: str, day: date) -> float:
    """Return a feature of the first bar of a day of the market."""
    row = session_table().position(day)
    session = session_table().sessions[row]
    return float(column(name, prepared(SPY.between(session.open_at, session.close_at), row=row))[0])


def test_unknown_paces_take_those_of_longer_windows() -> None:
    """A regression is given the pace of the day for one of 60 minutes that is not full yet."""
    features = feature_matrix(prepared())
    filled = with_substitutes(features)
    pace = features[:, FEATURE_NAMES.index("log_pace")]
    for name, bars in (("log_pace_half_hour", 6), ("log_pace_hour", 12)):
        column = FEATURE_NAMES.index(name)
        assert np.array_equal(filled[: bars - 1, column], pace[: bars - 1], equal_nan=True)
        assert np.array_equal(filled[bars - 1 :, column], features[bars - 1 :, column])
    assert np.isnan(features[3, FEATURE_NAMES.index("log_pace_hour")])


def test_a_fast_morning_raises_the_pace_aware_sigma() -> None:
    """s_imp with pace is the plain one times the pace to the power 0.225."""
    today = prepared()
    plain, aware = today.sigma_left(), today.sigma_left(with_pace=True)
    np.testing.assert_allclose(aware[:-1], plain[:-1] * today.pace[:-1] ** 0.225)
    assert plain[-1] == 0


def test_a_half_day_counts_to_its_own_close() -> None:
    """On a half day 30 minutes are left at 12:30, and the share still to come is that of a full day's 15:30."""
    row = next(r for r in range(ROW - 60, ROW) if session_table().sessions[r].is_half_day)
    session = session_table().sessions[row]
    half = prepared(SPY.between(session.open_at, session.close_at), row=row)
    assert len(half.bars) == 42
    assert column("minutes_to_close", half)[35] == 30
    assert half.share_left[35] == half.history.share_left[72]


def test_half_days_describe_no_ordinary_day() -> None:
    """A half day in the history has no realised variance of its own there."""
    row = next(r for r in range(ROW - 60, ROW) if session_table().sessions[r].is_half_day)
    history = DayHistory.before(row + 1, SPY, MARKET.vix)
    assert np.isnan(history.realised[-1])
    assert not math.isnan(history.previous_close)


def test_a_hole_in_today_is_named() -> None:
    """A missing bar of today is refused with its New York time, not bridged."""
    holed = Bars.from_frame(TODAY.frame().drop(TODAY.frame().index[12]))
    with pytest.raises(DataUnavailable, match=r"missing_bars.*10:30 ET"):
        prepared(holed)


def test_too_few_complete_days_are_no_history() -> None:
    """With 14 complete days among the last 30 sessions there is no shape of the day to speak of."""
    young = SPY[int(np.searchsorted(SPY.starts, session_table().opens[ROW - 14])) :]
    with pytest.raises(DataUnavailable, match="history_short"):
        DayHistory.before(ROW, young, MARKET.vix)


def test_history_without_vix_is_refused() -> None:
    """Without VIX rows for the last sessions there is no implied variance to compare with."""
    with pytest.raises(DataUnavailable, match=r"history_short.*VIX"):
        DayHistory.before(ROW, SPY, MARKET.vix[:60])
