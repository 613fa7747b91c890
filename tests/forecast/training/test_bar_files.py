"""Reading a folder of bars: forms that collectors write, and files that must not be believed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from magic8_ml.forecast.training.bar_files import read_bar_folder, read_vix_daily
from magic8_ml.metrics.refusal import TrainingRefused
from tests.forecast.markets import make_market

MARKET = make_market(60, symbols=("QQQ", "SPY"))
SPY = MARKET.bars["SPY"]


def frame(first: int = 0, last: int | None = None, symbol: str | None = None) -> pd.DataFrame:
    """Return SPY's bars as a file would hold them."""
    rows = SPY[first:last].frame().rename_axis("ts_utc").reset_index()
    return rows if symbol is None else rows.assign(symbol=symbol)


def assert_same(read: object, rows: slice = slice(None)) -> None:
    """Hold what was read against SPY's bars."""
    for name in ("starts", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(read, name), getattr(SPY[rows], name), err_msg=name)


def refusal(folder: Path, symbols: tuple[str, ...] | None = None) -> str:
    """Read what must be refused; return the sentence."""
    with pytest.raises(TrainingRefused) as refused:
        read_bar_folder(folder, symbols)
    return str(refused.value)


def test_one_file_with_a_symbol_column(tmp_path: Path) -> None:
    """The column names the symbol, whatever the file is called; two symbols may share a file."""
    both = pd.concat([frame(symbol="SPY"), frame(symbol="QQQ")])
    both.to_parquet(tmp_path / "bars.parquet")
    found = read_bar_folder(tmp_path)
    assert sorted(found.bars) == ["QQQ", "SPY"]
    assert_same(found.bars["SPY"])


def test_duplicate_rows_count_once(tmp_path: Path) -> None:
    """A repeated row is told of and used once."""
    pd.concat([frame(0, 9), frame(8)]).to_parquet(tmp_path / "spy_5m.parquet")
    found = read_bar_folder(tmp_path)
    assert_same(found.bars["SPY"])
    assert ["the row is repeated" in note for note in found.notes] == [True]


def test_a_folder_of_hourly_bars_is_refused(tmp_path: Path) -> None:
    """The sentence names the symbol and what it lacks."""
    frame()[::12].to_parquet(tmp_path / "spy_1h.parquet")
    assert refusal(tmp_path) == "SPY is passed over: it has no 5-minute bars"


def test_shuffled_rows_are_refused(tmp_path: Path) -> None:
    """A file whose rows stand in no order may be damaged in other ways: as in a replay, it is not believed."""
    frame().sample(frac=1, random_state=1).to_parquet(tmp_path / "spy_5m.parquet")
    assert "spy_5m.parquet: SPY: 4644 rows" in refusal(tmp_path)


def test_csv_in_new_york_time(tmp_path: Path) -> None:
    """A CSV with offsets of any zone is the same series; its symbol is the first word of the name."""
    rows = frame().assign(time=frame()["ts_utc"].dt.tz_convert("America/New_York")).drop(columns="ts_utc")
    rows.to_csv(tmp_path / "SPY-5min.csv", index=False)
    assert_same(read_bar_folder(tmp_path).bars["SPY"])


def test_daily_partitions_are_joined(tmp_path: Path) -> None:
    """Folders ``symbol=SPY/date=...`` with one file a day make one series."""
    for day, rows in frame().groupby(frame()["ts_utc"].dt.date):
        folder = tmp_path / "symbol=SPY" / f"date={day}"
        folder.mkdir(parents=True)
        rows.to_parquet(folder / "part-0.parquet")
    found = read_bar_folder(tmp_path, ("SPY",))
    assert_same(found.bars["SPY"])
    assert not found.notes


def test_of_two_files_that_differ_a_little_the_first_by_name_is_used(tmp_path: Path) -> None:
    """Two vendors tell one bar with small differences: one of them is used, always the same, and a note says so."""
    frame(0, 40 * 78).to_parquet(tmp_path / "spy_a.parquet")
    other = frame(35 * 78, 45 * 78)
    prices = ["open", "high", "low", "close"]
    other[prices] *= 1.0005
    other.to_parquet(tmp_path / "spy_b.parquet")
    found = read_bar_folder(tmp_path)
    assert any("390 rows" in note and "differ a little from spy_b.parquet" in note for note in found.notes)
    spy = found.bars["SPY"]
    assert_same(spy[: 40 * 78], slice(0, 40 * 78))
    np.testing.assert_allclose(spy.close[40 * 78 :], SPY.close[40 * 78 : 45 * 78] * 1.0005)


def test_bars_on_which_two_files_contradict_each_other_are_left_out(tmp_path: Path) -> None:
    """Nobody knows which file is right: the bars are missing, and their days will not be learnt from."""
    frame(0, 40 * 78).to_parquet(tmp_path / "spy_a.parquet")
    other = frame(35 * 78, 45 * 78)
    other[["open", "high", "low", "close"]] *= 1.5
    other.to_parquet(tmp_path / "spy_b.parquet")
    found = read_bar_folder(tmp_path)
    assert len(found.bars["SPY"]) == 40 * 78
    assert any("390 rows" in note and "contradict spy_b.parquet" in note for note in found.notes)


def test_bars_outside_the_session_are_left_out(tmp_path: Path) -> None:
    """A bar at 16:00 or before the open is no bar of the regular session."""
    rows = frame(0, 78)
    extra = rows.iloc[[0, -1]].copy()
    extra["ts_utc"] += pd.to_timedelta([-5, 5], unit="min")
    pd.concat([extra.iloc[:1], rows, extra.iloc[1:]]).to_parquet(tmp_path / "spy.parquet")
    assert_same(read_bar_folder(tmp_path).bars["SPY"], slice(0, 78))


def test_what_is_no_five_minute_series_is_passed_over(tmp_path: Path) -> None:
    """15-minute and 10-minute bars are named; tables of other things do not matter; the VIX is no symbol by default."""
    frame().to_parquet(tmp_path / "spy.parquet")
    frame().iloc[::3].to_parquet(tmp_path / "slow.parquet")
    frame().iloc[::2].to_parquet(tmp_path / "odd.parquet")
    frame(symbol="VIX").to_parquet(tmp_path / "vix.parquet")
    pd.DataFrame({"strike": [1.0]}).to_parquet(tmp_path / "chain.parquet")
    found = read_bar_folder(tmp_path)
    assert set(found.bars) == {"SPY"}
    assert found.notes == (
        "odd.parquet has bars of 10 minutes; use 5-minute bars",
        "SLOW is passed over: it has no 5-minute bars",
    )


def test_unknown_symbols_are_refused_with_those_found(tmp_path: Path) -> None:
    """The sentence names what is missing and what is there."""
    frame().to_parquet(tmp_path / "spy.parquet")
    sentence = refusal(tmp_path, ("SPY", "IWM"))
    assert "IWM" in sentence
    assert "found: SPY" in sentence


def test_an_empty_or_missing_folder_is_refused(tmp_path: Path) -> None:
    """No file, no training."""
    assert "no parquet or CSV file" in refusal(tmp_path)
    assert "does not exist" in refusal(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"", b"ts_utc,open,high,low,close\n", b"PAR1 not really"])
def test_an_unreadable_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    """An empty or broken file is never passed over in silence."""
    name = "spy.parquet" if content.startswith(b"PAR1") else "spy.csv"
    (tmp_path / name).write_bytes(content)
    assert name in refusal(tmp_path)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("close", float("nan"), "missing"), ("low", -1.0, "not a positive"), ("high", 1.0, "high is below low")],
)
def test_impossible_bars_are_left_out(tmp_path: Path, column: str, value: float, message: str) -> None:
    """NaN, negative and crossed prices are missing bars; the note gives file, stamp and reason."""
    rows = frame()
    rows.loc[100, column] = value
    rows.to_parquet(tmp_path / "spy.parquet")
    found = read_bar_folder(tmp_path)
    assert len(found.bars["SPY"]) == len(SPY) - 1
    assert any("spy.parquet" in note and message in note for note in found.notes)


def test_contradicting_rows_of_one_file_are_left_out(tmp_path: Path) -> None:
    """Two different bars of the same stamp in one file: nobody knows which is right."""
    rows = frame()
    again = rows.iloc[[50]].assign(high=rows["high"].max() * 1.1)
    pd.concat([rows[:51], again, rows[51:]]).to_parquet(tmp_path / "spy.parquet")
    found = read_bar_folder(tmp_path)
    assert len(found.bars["SPY"]) == len(SPY) - 1
    assert any("the time is repeated with other prices" in note for note in found.notes)


def test_vix_rows_may_be_parquet_or_csv(tmp_path: Path) -> None:
    """Dates become 00:00 UTC of the trading date; years beyond the exchange's calendar, however wrong, are left out."""
    rows = MARKET.vix.frame().rename_axis("DATE").reset_index()
    rows["DATE"] = rows["DATE"].dt.strftime("%m/%d/%Y")
    old = rows.iloc[[0]].assign(DATE="01/02/1990", high=1.0)
    pd.concat([old, rows]).drop(columns="volume").to_csv(tmp_path / "vix.csv", index=False)
    read = read_vix_daily(tmp_path / "vix.csv")
    np.testing.assert_array_equal(read.starts, MARKET.vix.starts)
    np.testing.assert_allclose(read.open, MARKET.vix.open)


@pytest.mark.parametrize(
    ("factor", "power", "message"), [(0.01, 1, "not the VIX in index points"), (16, 0, "one and the same value")]
)
def test_a_vix_in_other_units_or_constant_is_refused(tmp_path: Path, factor: float, power: int, message: str) -> None:
    """A fraction instead of points would make every day look wild, and a constant says nothing."""
    rows = MARKET.vix.frame().rename_axis("date").reset_index().drop(columns="volume")
    prices = ["open", "high", "low", "close"]
    rows.assign(**{name: factor * rows[name] ** power for name in prices}).to_csv(tmp_path / "vix.csv", index=False)
    with pytest.raises(TrainingRefused, match=message):
        read_vix_daily(tmp_path / "vix.csv")


def test_a_vix_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """Missing, intraday or without prices: one sentence each."""
    frame().to_parquet(tmp_path / "intraday.parquet")
    pd.DataFrame({"date": ["2024-01-02"], "level": [13.0]}).to_csv(tmp_path / "level.csv", index=False)
    for name, message in (("nowhere.csv", "not there"), ("intraday.parquet", "not daily"), ("level.csv", "no columns")):
        with pytest.raises(TrainingRefused, match=message):
            read_vix_daily(tmp_path / name)


def test_two_spellings_of_a_symbol_are_one_symbol(tmp_path: Path) -> None:
    """The rows of neither spelling vanish."""
    rows = frame(symbol="SPY")
    rows.loc[rows.index % 2 == 1, "symbol"] = "spy"
    rows.to_parquet(tmp_path / "bars.parquet")
    rows.to_csv(tmp_path / "same.csv", index=False)
    assert_same(read_bar_folder(tmp_path, ("SPY",)).bars["SPY"])


def test_a_clock_that_could_be_an_offset_is_refused(tmp_path: Path) -> None:
    """2025-07-07-09:30 reads as a date with an offset."""
    rows = frame()
    rows["ts_utc"] = rows["ts_utc"].dt.strftime("%Y-%m-%d-%H:%M")
    rows.to_csv(tmp_path / "spy.csv", index=False)
    assert "could be an offset" in refusal(tmp_path)


def test_clock_times_of_new_york_that_are_labelled_utc_are_refused(tmp_path: Path) -> None:
    """A replay would play the afternoon as the morning."""
    rows = frame()
    rows["ts_utc"] = rows["ts_utc"].dt.tz_convert("America/New_York").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    rows.to_csv(tmp_path / "spy.csv", index=False)
    assert "labelled UTC" in refusal(tmp_path)


def test_a_vix_stamped_on_the_midnight_after_its_day_is_refused(tmp_path: Path) -> None:
    """Each day would get the VIX of the day before, and Monday none."""
    rows = MARKET.vix.frame().rename_axis("date").reset_index()
    rows["date"] = rows["date"] + pd.Timedelta(days=1)
    rows.to_csv(tmp_path / "vix.csv", index=False)
    with pytest.raises(TrainingRefused, match="no row on a Monday"):
        read_vix_daily(tmp_path / "vix.csv")
