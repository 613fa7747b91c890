"""Bars of other people: any zone, CSV or parquet, or a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from magic8_companion.domain.bars import Bars
from magic8_ml.evaluation.external_data import ExternalFormat, read_any_bars, read_external_bars, read_external_vix
from magic8_ml.metrics.refusal import TrainingRefused
from tests.forecast.markets import make_market

NEW_YORK = "America/New_York"
PRICES = ["open", "high", "low", "close"]


@pytest.fixture(scope="module")
def bars() -> Bars:
    """Draw 60 sessions, across the end of daylight saving."""
    return make_market(60).bars["SPY"]


def frame_of(bars: Bars) -> pd.DataFrame:
    """Return time, open, high, low, close, the time in UTC."""
    return bars.frame()[PRICES].rename_axis("Time").reset_index()


def write(frame: pd.DataFrame, path: Path) -> Path:
    """Write CSV or parquet."""
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    return path


def same(found: Bars, bars: Bars) -> bool:
    """Tell whether times and prices agree."""
    return np.array_equal(found.starts, bars.starts) and all(
        np.allclose(getattr(found, name), getattr(bars, name)) for name in PRICES
    )


def new_york(frame: pd.DataFrame) -> pd.DataFrame:
    """Put the times into New York."""
    return frame.assign(Time=frame["Time"].dt.tz_convert(NEW_YORK))


@pytest.mark.parametrize("name", ["spy_utc.parquet", "spy_utc.csv", "spy_ny.csv", "spy_ny.parquet"])
def test_any_zone_gives_the_same_bars(bars: Bars, tmp_path: Path, name: str) -> None:
    """UTC or New York with its offsets, CSV or parquet."""
    frame = frame_of(bars)
    path = write(new_york(frame) if "ny" in name else frame, tmp_path / name)
    assert same(read_external_bars(path, ExternalFormat()).bars["SPY"], bars)


def naive(frame: pd.DataFrame, zone: str = NEW_YORK) -> pd.DataFrame:
    """Write the wall time of a zone and forget which."""
    return frame.assign(Time=frame["Time"].dt.tz_convert(zone).dt.tz_localize(None))


def with_evenings(frame: pd.DataFrame) -> pd.DataFrame:
    """Add quiet bars from 04:00 to 20:00, so that no zone stands out."""
    days = frame["Time"].dt.tz_convert(NEW_YORK).dt.normalize().unique()
    hours = [pd.date_range(day + pd.Timedelta(hours=4), day + pd.Timedelta(hours=19.9), freq="5min") for day in days]
    night = pd.DatetimeIndex(np.concatenate(hours)).tz_convert("UTC").difference(pd.DatetimeIndex(frame["Time"]))
    quiet = pd.DataFrame({"Time": night, **dict.fromkeys(PRICES, 400.0)})
    return pd.concat((frame, quiet)).sort_values("Time", ignore_index=True)


@pytest.mark.parametrize("zone", [NEW_YORK, "UTC", "Europe/Berlin"])
def test_times_without_zone_are_those_of_the_only_zone_that_fills_the_sessions(
    bars: Bars, tmp_path: Path, zone: str
) -> None:
    """The regular session begins at 09:30 New York in summer and in winter; what was concluded is said."""
    path = write(naive(frame_of(bars), zone), tmp_path / "spy.csv")
    found = read_external_bars(path, ExternalFormat())
    assert same(found.bars["SPY"], bars)
    assert zone in found.notes[0]


def test_times_without_zone_that_fit_several_need_one(bars: Bars, tmp_path: Path) -> None:
    """Nothing is guessed: the sentence names the option, and with it the bars are the same."""
    path = write(naive(with_evenings(frame_of(bars))), tmp_path / "spy.csv")
    with pytest.raises(TrainingRefused, match="--timezone America/New_York"):
        read_external_bars(path, ExternalFormat())
    assert same(read_external_bars(path, ExternalFormat(timezone=NEW_YORK)).bars["SPY"], bars)
    with pytest.raises(TrainingRefused, match="no time zone Mars"):
        read_external_bars(path, ExternalFormat(timezone="Mars/Base"))


def test_date_and_time_in_two_columns_and_a_zone_by_name_are_understood(bars: Bars, tmp_path: Path) -> None:
    """As charting programs and brokers write them."""
    local = frame_of(bars)["Time"].dt.tz_convert(NEW_YORK)
    frame = frame_of(bars).drop(columns="Time")
    two = frame.assign(Date=local.dt.strftime("%Y-%m-%d"), Time=local.dt.strftime("%H:%M"))
    path = write(two, tmp_path / "spy_two.csv")
    assert same(read_external_bars(path, ExternalFormat(timezone=NEW_YORK)).bars["SPY"], bars)
    named = frame.assign(date=local.dt.strftime("%Y%m%d %H:%M:%S US/Eastern"))
    path = write(named, tmp_path / "spy_named.csv")
    assert same(read_external_bars(path, ExternalFormat()).bars["SPY"], bars)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_seconds_since_1970_are_times(bars: Bars, tmp_path: Path, unit: str) -> None:
    """Whole numbers are told apart by their size."""
    divisor = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[unit]
    path = write(frame_of(bars).assign(Time=bars.starts // divisor), tmp_path / "SPY.csv")
    assert same(read_external_bars(path, ExternalFormat()).bars["SPY"], bars)


@pytest.mark.parametrize("evenings", [False, True])
@pytest.mark.parametrize("stamped_at_end", [None, True])
def test_bars_stamped_by_their_end_are_moved(
    bars: Bars, tmp_path: Path, *, evenings: bool, stamped_at_end: bool | None
) -> None:
    """The bars tell it themselves: none at 09:30 and one at 16:00, or a quiet one at 09:30."""
    frame = with_evenings(frame_of(bars)) if evenings else frame_of(bars)
    path = write(frame.assign(Time=frame["Time"] + pd.Timedelta(minutes=5)), tmp_path / "spy.parquet")
    found = read_external_bars(path, ExternalFormat(stamped_at_end=stamped_at_end))
    assert same(found.bars["SPY"], bars)
    assert bool(found.notes) == (stamped_at_end is None)


def yahoo(frame: pd.DataFrame) -> str:
    """Write the three header lines of a download for one ticker."""
    lines = frame.to_csv(index=False, header=False)
    return f"Price,Open,High,Low,Close\nTicker,SPY,SPY,SPY,SPY\nDatetime,,,,\n{lines}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SPY.csv", lambda frame: frame.to_csv(sep=";", decimal=",", index=False)),
        ("SPY.txt", lambda frame: frame.to_csv(sep="\t", index=False)),
        ("SPY.csv", lambda frame: frame.rename(columns={"Time": "ts"}).to_csv(index=False)),
        ("SPY.csv", lambda frame: frame.rename(columns={"Time": "Gmt Time"}).to_csv(index=False)),
        ("SPY.csv", lambda frame: frame.set_index("Time").rename_axis(None).to_csv()),
        ("SPY.csv", lambda frame: frame.iloc[::-1].rename(columns=str.upper).to_csv(index=False)),
        ("1.csv", lambda frame: frame.assign(Ticker="spy").to_csv(index=False)),
        ("5min_bars_spy_2024.csv", lambda frame: frame.to_csv(index=False)),
        ("data.csv", yahoo),
    ],
)
def test_the_usual_layouts_give_the_same_bars(
    bars: Bars, tmp_path: Path, name: str, text: Callable[[pd.DataFrame], str]
) -> None:
    """Separators, names of columns, the newest row first, a table saved with its index."""
    (tmp_path / name).write_text(text(frame_of(bars)))
    assert same(read_external_bars(tmp_path / name, ExternalFormat()).bars["SPY"], bars)


def test_an_index_of_symbol_and_time_and_a_packed_file_are_understood(bars: Bars, tmp_path: Path) -> None:
    """As data frames are kept by those who load many symbols."""
    frame = frame_of(bars).assign(symbol="SPY")
    frame.set_index(["symbol", "Time"]).to_parquet(tmp_path / "all.parquet")
    frame.to_csv(tmp_path / "all.csv.gz", index=False)
    assert same(read_external_bars(tmp_path / "all.parquet", ExternalFormat()).bars["SPY"], bars)
    assert same(read_external_bars(tmp_path / "all.csv.gz", ExternalFormat()).bars["SPY"], bars)


def test_a_folder_may_hold_several_symbols_and_daily_files(bars: Bars, tmp_path: Path) -> None:
    """A symbol column, a name, an option; daily files and other tables are passed over."""
    frame = frame_of(bars)
    write(frame.assign(symbol="qqq"), tmp_path / "2024.parquet")
    write(new_york(frame), tmp_path / "IWM_5min.csv")
    (tmp_path / "AAPL").mkdir()
    write(frame, tmp_path / "AAPL" / "2024-01-02.csv")
    (tmp_path / "vix.csv").write_text("date,open,high,low,close\n2024-01-02,13,14,12,13.5\n")
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    found = read_external_bars(tmp_path, ExternalFormat()).bars
    assert sorted(found) == ["AAPL", "IWM", "QQQ"]
    assert same(found["IWM"], found["QQQ"])


def test_a_file_that_does_not_say_its_symbol_can_be_told(bars: Bars, tmp_path: Path) -> None:
    """A name of digits says nothing."""
    path = write(frame_of(bars), tmp_path / "2024.csv")
    with pytest.raises(TrainingRefused, match="--symbol"):
        read_external_bars(path, ExternalFormat())
    assert same(read_external_bars(path, ExternalFormat(symbol="dia")).bars["DIA"], bars)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("spy.csv", "time,open\n2024-01-02T14:30:00Z,1\n", "open, high, low, close"),
        ("spy.csv", "open,high,low,close\n1,1,1,1\n", "no time column"),
        ("spy.csv", "time,open,high,low,close\n2024-01-02,1,1,1,1\n", "a time of day"),
        ("spy.csv", "time,open,high,low,close\nnoonZ,1,1,1,1\n", "cannot be read"),
        ("spy.csv", "time,open,high,low,close\n7,1,1,1,1\n", "no times since 1970"),
        (
            "spy.csv",
            "time,open,high,low,close\n2024-01-02T09:30:00Z,1,1,1,1\n2024-01-02T09:35:00,1,1,1,1\n",
            "with and",
        ),
        ("spy.parquet", "torn", "cannot be read"),
        ("spy.csv", "time,open,high,low,close\n2024-01-02T14:30:00Z,1,1,2,1\n", "spy.csv: SPY: .* high is below low"),
        (
            "spy.csv",
            "time,open,high,low,close\n2024-01-02T14:30:00Z,1,1,1,1\n2024-01-02T15:30:00Z,1,1,1,1\n",
            "SPY is passed over: it has no 5-minute bars",
        ),
    ],
)
def test_what_cannot_be_understood_is_refused(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    """One sentence names the file and the fault."""
    (tmp_path / name).write_text(text)
    with pytest.raises(TrainingRefused, match=sentence):
        read_external_bars(tmp_path / name, ExternalFormat())


@pytest.mark.parametrize(
    "stamp",
    ["day", "cboe", "compact", "english", "day_first", "new_york_open", "close", "utc_midnight", "quarter_hours"],
)
def test_the_vix_may_be_daily_or_intraday(tmp_path: Path, stamp: str) -> None:
    """A date in any form, the moment of the open, or a row each quarter of an hour give the same days."""
    days = pd.DatetimeIndex(["2024-03-07", "2024-03-08", "2024-03-11"])  # across the begin of daylight saving
    daily = pd.DataFrame({"open": [14.0, 15.0, 16.0], "high": 18.0, "low": 13.0, "close": [14.5, 15.5, 16.5]})
    opens = (days + pd.Timedelta(hours=9.5)).tz_localize(NEW_YORK)
    if stamp == "quarter_hours":
        night = daily.assign(open=99.0, high=99.0, low=99.0, close=99.0, time=opens - pd.Timedelta(hours=2))
        late = daily.assign(open=15.0, high=15.0, low=15.0, time=opens + pd.Timedelta(hours=6))
        frame = pd.concat((night, daily.assign(close=15.0, time=opens), late))
    else:
        column: dict[str, pd.Index[str] | pd.DatetimeIndex] = {
            "day": days.strftime("%Y-%m-%d"),
            "cboe": days.strftime("%m/%d/%Y"),
            "compact": days.strftime("%Y%m%d"),
            "english": days.strftime("%b %d, %Y"),
            "day_first": days.strftime("%d.%m.%Y"),
            "new_york_open": opens.tz_convert("UTC"),
            "close": opens + pd.Timedelta(hours=6.75),
            "utc_midnight": days.tz_localize("UTC"),
        }
        frame = daily.assign(time=column[stamp])
    if stamp in {"day", "cboe", "day_first"}:
        frame = frame.rename(columns={"time": "DATE"})
    found = read_external_vix(write(frame.iloc[::-1], tmp_path / "^VIX.csv"), ExternalFormat())
    assert found.starts.astype("datetime64[ns]").astype("datetime64[D]").astype(str).tolist() == [
        "2024-03-07",
        "2024-03-08",
        "2024-03-11",
    ]
    assert found.open.tolist() == [14.0, 15.0, 16.0]
    assert found.close.tolist() == [14.5, 15.5, 16.5]
    assert found.high.tolist() == [18.0] * 3


def test_a_day_on_which_the_vix_begins_late_has_no_open(tmp_path: Path) -> None:
    """What is first known at 11:00 must not be known to the forecasts of the morning."""
    times = pd.DatetimeIndex(["2024-03-07 14:30Z", "2024-03-07 17:00Z", "2024-03-08 16:00Z", "2024-03-08 17:00Z"])
    values = pd.DataFrame({"time": times, **dict.fromkeys(PRICES, 14.0)})
    found = read_external_vix(write(values, tmp_path / "vix.csv"), ExternalFormat())
    assert found.starts.astype("datetime64[ns]").astype("datetime64[D]").astype(str).tolist() == ["2024-03-07"]


def test_a_column_called_by_utc_is_in_it(bars: Bars, tmp_path: Path) -> None:
    """Also where bars of the night leave the zone open."""
    frame = naive(with_evenings(frame_of(bars)), "UTC").rename(columns={"Time": "ts_utc"})
    assert same(read_external_bars(write(frame, tmp_path / "spy.csv"), ExternalFormat()).bars["SPY"], bars)


def test_a_vix_of_the_night_alone_is_refused(tmp_path: Path) -> None:
    """Quotes from before the open are not the day's."""
    times = pd.DatetimeIndex(["2024-03-07 08:00Z", "2024-03-07 08:15Z"])
    path = write(
        pd.DataFrame({"time": times, "open": 14.0, "high": 14.0, "low": 14.0, "close": 14.0}), tmp_path / "v.csv"
    )
    with pytest.raises(TrainingRefused, match="09:30 and 16:15"):
        read_external_vix(path, ExternalFormat())
    with pytest.raises(TrainingRefused, match="is not there"):
        read_external_vix(tmp_path / "none.csv", ExternalFormat())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """Neither a file nor a folder with files."""
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(TrainingRefused, match="no CSV or parquet file"):
            read_external_bars(path, ExternalFormat())


def clock(frame: pd.DataFrame, pattern: str) -> pd.DataFrame:
    """Write the New York times by a pattern."""
    return frame.assign(Time=frame["Time"].dt.tz_convert(NEW_YORK).dt.strftime(pattern))


def test_a_hyphen_before_the_clock_is_no_offset(bars: Bars, tmp_path: Path) -> None:
    """2025-07-07-09:30 is half past nine, not nine and a half hours west of Greenwich."""
    path = write(clock(frame_of(bars), "%Y-%m-%d-%H:%M"), tmp_path / "SPY.csv")
    assert same(read_external_bars(path, ExternalFormat()).bars["SPY"], bars)


def test_an_offset_of_hours_alone_is_read(bars: Bars, tmp_path: Path) -> None:
    """2025-11-03 09:30:00-05 is how databases write it."""
    frame = frame_of(bars)
    texts = new_york(frame)["Time"].map(lambda at: f"{at:%Y-%m-%d %H:%M:%S%z}"[:-2])
    path = write(frame.assign(Time=texts), tmp_path / "SPY.csv")
    assert same(read_external_bars(path, ExternalFormat()).bars["SPY"], bars)


def test_clock_times_without_a_date_are_not_those_of_today(bars: Bars, tmp_path: Path) -> None:
    """The date may stand in the name of the file or nowhere: it is not guessed."""
    path = write(clock(frame_of(bars), "%H:%M:%S"), tmp_path / "SPY.csv")
    with pytest.raises(TrainingRefused, match="times of day without a date"):
        read_external_bars(path, ExternalFormat())


@pytest.mark.parametrize("pattern", ["%d/%m/%Y %H:%M:%S%z", "%m/%d/%Y %H:%M:%S%z"])
def test_the_offset_proves_whether_the_day_or_the_month_is_first(bars: Bars, tmp_path: Path, pattern: str) -> None:
    """03/11/2025 09:30:00-0500 is the third of November: in March New York is at -0400."""
    frame = frame_of(bars)
    first_days = frame[frame["Time"].dt.tz_convert(NEW_YORK).dt.day <= 12]
    path = write(clock(first_days, pattern), tmp_path / "SPY.csv")
    found = read_external_bars(path, ExternalFormat()).bars["SPY"]
    assert set(found.starts.tolist()) <= set(bars.starts.tolist())
    assert len(found) > 0


def test_clock_times_of_new_york_that_are_labelled_utc_are_refused(bars: Bars, tmp_path: Path) -> None:
    """As UTC they begin hours before the session, as clock times they fill it."""
    path = write(clock(frame_of(bars), "%Y-%m-%dT%H:%M:%SZ"), tmp_path / "SPY.csv")
    with pytest.raises(TrainingRefused, match="labelled UTC"):
        read_external_bars(path, ExternalFormat())


def at_every_door(path: Path) -> list[Bars]:
    """Read as ``verify`` and as ``train`` do."""
    return [read_external_bars(path, ExternalFormat()).bars["SPY"], read_any_bars(path).bars["SPY"]]


def rows_of_ib_async(frame: pd.DataFrame, folder: Path) -> None:
    """Write the plain export of ``util.df``: numbered rows, offsets, and a volume of -1 for an index."""
    new_york(frame).rename(columns={"Time": "date"}).assign(volume=-1.0, average=1.0).to_csv(folder / "SPY.csv")


def semicolons(frame: pd.DataFrame, folder: Path) -> None:
    """Write decimal commas between semicolons."""
    new_york(frame).to_csv(folder / "SPY.csv", index=False, sep=";", decimal=",")


def thinkorswim(frame: pd.DataFrame, folder: Path) -> None:
    """Write date and time of day in columns of their own."""
    local = new_york(frame)["Time"]
    columns = {"Date": local.dt.strftime("%m/%d/%Y"), "Time": local.dt.strftime("%H:%M")}
    frame.drop(columns="Time").assign(**columns).to_csv(folder / "SPY.csv", index=False)


def trading_view(frame: pd.DataFrame, folder: Path) -> None:
    """Write seconds since 1970."""
    seconds = (frame["Time"] - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(seconds=1)
    frame.assign(Time=seconds).to_csv(folder / "SPY.csv", index=False)


def first_rate(frame: pd.DataFrame, folder: Path) -> None:
    """Write New York times without a zone."""
    clock(frame, "%Y-%m-%d %H:%M:%S").rename(columns={"Time": "timestamp"}).to_csv(folder / "SPY.csv", index=False)


def filtered_parquet(frame: pd.DataFrame, folder: Path) -> None:
    """Write rows whose index has gaps."""
    frame.set_axis(np.arange(len(frame)) * 2 + 7).to_parquet(folder / "SPY.parquet")


def stamped_at_end(frame: pd.DataFrame, folder: Path) -> None:
    """Write the end of each bar."""
    write(frame.assign(Time=frame["Time"] + pd.Timedelta(minutes=5)), folder / "SPY.csv")


@pytest.mark.parametrize(
    "writer", [stamped_at_end, rows_of_ib_async, semicolons, thinkorswim, trading_view, first_rate, filtered_parquet]
)
def test_what_one_door_reads_all_doors_read(
    bars: Bars, tmp_path: Path, writer: Callable[[pd.DataFrame, Path], None]
) -> None:
    """A file that can be verified can be trained on."""
    writer(frame_of(bars), tmp_path)
    assert [same(found, bars) for found in at_every_door(tmp_path)] == [True, True]


def test_a_close_above_the_high_by_rounding_is_the_high(bars: Bars, tmp_path: Path) -> None:
    """The bar is kept; a real contradiction is not."""
    frame = frame_of(bars)
    frame.loc[:, "close"] = frame["close"].where(frame.index > 9, frame["high"] * (1 + 1e-8))
    write(frame, tmp_path / "SPY.csv")
    assert [len(found) for found in at_every_door(tmp_path)] == [len(bars), len(bars)]


def test_the_sentence_about_recorded_bars_stays(tmp_path: Path) -> None:
    """Where no reading succeeds, the first refusal is the one that is told."""
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    with pytest.raises(TrainingRefused, match="no 5-minute bars in"):
        read_any_bars(tmp_path)
