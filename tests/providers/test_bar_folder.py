"""Recorded bars: what is understood, what is refused with which sentence, and what stays usable beside it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from magic8_companion.domain.errors import ConfigError, DataUnavailable
from magic8_companion.providers.replay import ReplayProvider
from magic8_companion.recordings.bar_folder import BarFolder
from tests.providers.makers import DAY, EARLIER, HALF_DAY, day_rows, new_york, replay, rows, save

Damage = Callable[[pd.DataFrame], pd.DataFrame]
DAYS = (date(2025, 4, 4), date(2025, 4, 7), EARLIER, DAY)
BAD = 78 * 3 + 12  # the row stamped 10:30 New York of the last day
STAMP = "2025-04-09 14:30Z"


def ask(provider: ReplayProvider, symbol: str = "SPY", period: str = "1d", interval: str = "5m") -> pd.DataFrame:
    """Ask for bars."""
    return asyncio.run(provider.get_historical_data(symbol, interval, period))


def refusal(provider: ReplayProvider, symbol: str = "SPY", period: str = "1d") -> DataUnavailable:
    """Return the refusal of a request for bars."""
    with pytest.raises(DataUnavailable) as caught:
        ask(provider, symbol, period)
    return caught.value


def changed(row: int, **values: object) -> Damage:
    """Return a damage that overwrites some values of one row."""

    def damage(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.copy()
        for name, value in values.items():
            frame.loc[row, name] = value
        return frame

    return damage


def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in another order."""
    return frame.sample(frac=1, random_state=8)


def without(first: int, last: int) -> Damage:
    """Return a damage that drops rows."""
    return lambda frame: frame.drop(index=range(first, last))


def repeated(**values: object) -> Damage:
    """Return a damage that writes a row twice, the second time with other values."""

    def damage(frame: pd.DataFrame) -> pd.DataFrame:
        again = changed(BAD, **values)(frame).loc[[BAD]]
        return pd.concat([frame.loc[:BAD], again, frame.loc[BAD + 1 :]], ignore_index=True)

    return damage


DAMAGES: dict[str, tuple[Damage, str, str]] = {
    "NaN": (changed(BAD, high=math.nan), "bad_bars", "a price is missing; correct or delete the row"),
    "infinite": (
        changed(BAD, high=math.inf),
        "bad_bars",
        "a price is not a positive number; correct or delete the row",
    ),
    "negative": (changed(BAD, low=-1.0), "bad_bars", "a price is not a positive number; correct or delete the row"),
    "zero": (changed(BAD, open=0.0), "bad_bars", "a price is not a positive number; correct or delete the row"),
    "high below low": (changed(BAD, high=400.0, low=600.0), "bad_bars", "high is below low; correct or delete the row"),
    "outside": (changed(BAD, close=600.0), "bad_bars", "open or close lies outside high and low"),
    "volume": (changed(BAD, volume=-5.0), "bad_bars", "the volume is negative or infinite"),
    "contradiction": (
        repeated(open=510.0, high=520.0, close=515.0),
        "bars_contradict",
        "the time is repeated with other prices; delete the wrong row",
    ),
}


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize("name", DAMAGES)
def test_a_bad_bar_is_refused_when_it_is_needed(tmp_path: Path, name: str, suffix: str) -> None:
    """The day of a bad bar is refused from then on, with file, symbol, stamp and what to do; not before."""
    damage, reason, sentence = DAMAGES[name]
    save(damage(rows(DAYS)), tmp_path / f"mine.{suffix}")
    answer = refusal(replay(tmp_path, new_york(DAY, 10, 35)))
    assert answer.reason == reason
    assert answer.detail.startswith(f"mine.{suffix}: SPY {STAMP}: {sentence}")
    assert len(ask(replay(tmp_path, new_york(DAY, 10, 34)))) == 12


@pytest.mark.parametrize("name", DAMAGES)
def test_a_bad_bar_of_the_past_costs_its_day_alone(tmp_path: Path, name: str) -> None:
    """In history the day of a bad bar is left out, and the problems tell of the bar and of the day."""
    damage, _, sentence = DAMAGES[name]
    save(damage(rows(DAYS)), tmp_path / "mine.parquet")
    save(day_rows(date(2025, 4, 10)), tmp_path / "next.parquet")
    provider = replay(tmp_path, new_york(date(2025, 4, 10), 16))
    frame = ask(provider, period="10d")
    assert sorted(set(frame.index.date)) == [*DAYS[:3], date(2025, 4, 10)]
    problems = "\n".join(provider.problems())
    assert f"mine.parquet: SPY: 1 row, the first {STAMP}: {sentence}" in problems
    assert "SPY: 1 of 5 days lack bars and are not used in history, the first is 2025-04-09" in problems


@pytest.mark.parametrize("name", DAMAGES)
def test_a_bad_bar_does_not_touch_other_symbols(tmp_path: Path, name: str) -> None:
    """A second symbol in the same file stays whole."""
    damage, _, _ = DAMAGES[name]
    both = pd.concat([damage(rows(DAYS)), rows(DAYS, "QQQ")], ignore_index=True)
    save(both, tmp_path / "both.parquet")
    assert len(ask(replay(tmp_path, new_york(DAY, 16)), "QQQ", "4d")) == 4 * 78


def test_an_hour_without_bars_is_a_gap_once_it_is_due(tmp_path: Path) -> None:
    """A hole inside the running session is refused with its size and first stamp as soon as its first bar is due."""
    save(without(BAD, BAD + 12)(rows(DAYS)), tmp_path / "spy.parquet")
    assert len(ask(replay(tmp_path, new_york(DAY, 10, 34)))) == 12
    early = refusal(replay(tmp_path, new_york(DAY, 10, 35)))
    assert (early.reason, "1 of 13 bars of 2025-04-09 are missing" in early.detail) == ("bars_gap", True)
    late = refusal(replay(tmp_path, new_york(DAY, 16)), period="4d")
    assert late.reason == "bars_gap"
    assert "12 of 78 bars of 2025-04-09 are missing, the first is 2025-04-09T14:30:00Z" in late.detail


def test_rows_out_of_order_are_refused(tmp_path: Path) -> None:
    """A shuffled file is not sorted silently: its rows are refused, other files are not."""
    save(shuffled(rows(DAYS[2:])), tmp_path / "a.parquet")
    save(rows(DAYS[:2]), tmp_path / "b.parquet")
    provider = replay(tmp_path, new_york(DAY, 12))
    answer = refusal(provider)
    assert answer.reason == "bars_out_of_order"
    assert answer.detail == (
        "a.parquet: SPY 2025-04-09 13:30Z: the rows are not in order of time; sort the file by time"
    )
    assert sorted(provider.days("SPY")) == list(DAYS[:2])


def test_the_order_across_files_is_free(tmp_path: Path) -> None:
    """A later part may have the earlier name."""
    save(rows(DAYS[2:]), tmp_path / "a.parquet")
    save(rows(DAYS[:2]), tmp_path / "b.parquet")
    assert len(ask(replay(tmp_path, new_york(DAY, 16)), period="4d")) == 4 * 78


def test_rows_of_several_symbols_may_alternate(tmp_path: Path) -> None:
    """Order is asked of each symbol, not of the file."""
    both = pd.concat([rows(DAYS), rows(DAYS, "QQQ")]).sort_values("ts_utc", kind="stable", ignore_index=True)
    save(both, tmp_path / "both.csv")
    provider = replay(tmp_path, new_york(DAY, 16))
    assert provider.symbols() == ("QQQ", "SPY")
    assert len(ask(provider, "QQQ")) == len(ask(provider, "SPY")) == 78


def test_a_repeated_row_counts_once_and_is_told(tmp_path: Path) -> None:
    """The same row twice in one file is no contradiction, but the problems tell of it."""
    save(repeated()(rows(DAYS)), tmp_path / "mine.parquet")
    provider = replay(tmp_path, new_york(DAY, 16))
    assert len(ask(provider)) == 78
    (problem,) = provider.problems()
    assert problem.startswith(f"mine.parquet: SPY: 1 row, the first {STAMP}: the row is repeated")


def test_overlapping_files_that_agree_are_one_series(tmp_path: Path) -> None:
    """Equal bars in two files collapse without a word."""
    save(rows(DAYS[:3]), tmp_path / "a.parquet")
    save(rows(DAYS[1:]), tmp_path / "b.csv")
    provider = replay(tmp_path, new_york(DAY, 16))
    assert len(ask(provider, period="4d")) == 4 * 78
    assert provider.problems() == ()


def test_two_vendors_may_differ_a_little(tmp_path: Path) -> None:
    """Where two files differ by less than a thousandth the first by name is used, and the problems tell of it."""
    save(rows(DAYS), tmp_path / "a.parquet")
    save(rows(DAYS).assign(high=lambda frame: frame["high"] + 0.01), tmp_path / "b.parquet")
    provider = replay(tmp_path, new_york(DAY, 16))
    assert ask(provider)["high"].iloc[0] == 500.3
    (problem,) = provider.problems()
    assert "312 rows, the first 2025-04-04 13:30Z: the prices differ a little from b.parquet" in problem


def test_files_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    """A bar that two files tell differently is refused with both names; other days stay usable."""
    save(rows(DAYS), tmp_path / "a.parquet")
    save(day_rows(DAY, start=700.0), tmp_path / "b.parquet")
    answer = refusal(replay(tmp_path, new_york(DAY, 16)))
    assert answer.reason == "bars_contradict"
    assert answer.detail == (
        "a.parquet: SPY 2025-04-09 13:30Z: the prices contradict b.parquet; remove one of the two files"
    )
    assert len(ask(replay(tmp_path, new_york(EARLIER, 16)), period="3d")) == 3 * 78


def test_a_missing_folder_stops_the_start(tmp_path: Path) -> None:
    """A folder that does not exist, is a file, or holds no data file is a mistake in the settings."""
    with pytest.raises(ConfigError, match=r"nowhere does not exist; create it or choose another one"):
        BarFolder(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("no bars")
    with pytest.raises(ConfigError, match=r"notes.txt is a file; use its folder"):
        BarFolder(tmp_path / "notes.txt")
    with pytest.raises(ConfigError, match=r"has no parquet or CSV file; put bars into it"):
        BarFolder(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("spy_5m.parquet", b"", "spy_5m.parquet is empty; delete it or write it again"),
        ("spy_5m.csv", b"", "spy_5m.csv is empty; delete it or write it again"),
        ("spy_5m.csv", b"ts_utc,open,high,low,close\n", "spy_5m.csv is empty; delete it or write it again"),
        ("spy_5m.parquet", b"PAR1 torn", "spy_5m.parquet cannot be read"),
        ("spy_5m.csv", b"when,open,high,low,close\n1,2,3,1,2\n", "spy_5m.csv has prices but no time column; name it"),
        (
            "spy_5m.csv",
            b"time,open,high,low,close\n2025-04-09T09:30:00,2,3,1,2\n",
            "spy_5m.csv has times without a zone; write them with an offset, such as 2025-04-09T13:30:00Z",
        ),
        ("spy_5m.csv", b"time,open,high,low,close\n04/09/2025 9:30,2,3,1,2\n", "spy_5m.csv has a time that cannot be"),
        ("spy_5m.csv", b"time,open,high,low,close\n2025-04-09T13:30Z,two,3,1,2\n", "spy_5m.csv cannot be read"),
        (
            "spy_1m.csv",
            b"time,open,high,low,close\n2025-04-09T13:30Z,2,3,1,2\n2025-04-09T13:31Z,2,3,1,2\n",
            "spy_1m.csv has bars of 1 minutes; use 5-minute bars",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    """The symbol of a broken file is refused with a sentence about the file; the others are served."""
    (tmp_path / name).write_bytes(content)
    save(rows(DAYS, "QQQ"), tmp_path / "qqq.parquet")
    provider = replay(tmp_path, new_york(DAY, 12))
    answer = refusal(provider)
    assert answer.reason == ("interval_unavailable" if name == "spy_1m.csv" else "bad_file")
    assert answer.detail.startswith(sentence)
    assert len(ask(provider, "QQQ")) == 30
    assert [problem for problem in provider.problems() if problem.startswith(sentence)]


@pytest.mark.parametrize(
    ("name", "damage", "sentence"),
    [
        ("2025.parquet", lambda frame: frame.drop(columns="symbol"), "has no symbol column and no symbol in its name"),
        ("spy.parquet", lambda frame: frame.assign(close="dear"), "has a value that is not a number"),
        ("spy.parquet", changed(BAD, ts_utc=pd.NaT), "has a row without a time"),
        ("spy.csv", changed(BAD, ts_utc=None), "has a row without a time"),
        ("spy.parquet", changed(BAD, symbol=None), "has a row without a symbol"),
        ("spy.csv", changed(BAD, symbol=None), "has a row without a symbol"),
    ],
)
def test_a_column_that_cannot_be_read_is_named(tmp_path: Path, name: str, damage: Damage, sentence: str) -> None:
    """A table whose times, prices or symbols are unusable is refused as a whole, with what to correct."""
    save(damage(rows(DAYS)), tmp_path / name)
    answer = refusal(replay(tmp_path, new_york(DAY, 12)))
    assert answer.reason == "bad_file"
    assert answer.detail.startswith(f"{name} {sentence}")


def test_a_file_of_one_row_is_a_5_minute_bar(tmp_path: Path) -> None:
    """A collector's first write of the day, one bar, is understood."""
    save(day_rows(DAY).head(1), tmp_path / f"SPY/{DAY}.parquet")
    assert len(ask(replay(tmp_path, new_york(DAY, 9, 35)))) == 1


def test_bars_of_another_length_do_not_touch_their_neighbours(tmp_path: Path) -> None:
    """Where one symbol of a file has 1-minute bars, it alone is refused."""
    minutes = rows(DAYS, "IWM").assign(
        ts_utc=lambda frame: frame["ts_utc"].iloc[0] + pd.to_timedelta(frame.index, "min")
    )
    save(pd.concat([minutes, rows(DAYS)], ignore_index=True), tmp_path / "both.parquet")
    provider = replay(tmp_path, new_york(DAY, 16))
    assert len(ask(provider)) == 78
    assert refusal(provider, "IWM").detail == "both.parquet has bars of 1 minutes; use 5-minute bars"


def test_a_file_named_like_the_symbol_but_without_its_columns_is_named(tmp_path: Path) -> None:
    """Columns parted by semicolons are not understood, and the refusal says which file was meant."""
    day_rows(DAY).to_csv(tmp_path / "spy_5m.csv", sep=";", index=False)
    answer = refusal(replay(tmp_path, new_york(DAY, 10, 30)))
    assert answer.reason == "no_data"
    assert answer.detail.endswith("; spy_5m.csv has no columns open, high, low and close, separated by commas")


def test_a_torn_file_of_several_symbols_is_named(tmp_path: Path) -> None:
    """When nothing is known of a symbol the refusal names the files that could not be read."""
    (tmp_path / "both.parquet").write_bytes(b"PAR1 torn")
    save(rows(DAYS, "QQQ"), tmp_path / "qqq.PARQUET")
    answer = refusal(replay(tmp_path, new_york(DAY, 16)))
    assert answer.detail == ("no file holds bars of SPY; the symbols with bars are: QQQ; not read: both.parquet")


def test_a_bad_daily_vix_row_is_named(tmp_path: Path) -> None:
    """The day's VIX row that cannot be believed is refused with its date."""
    vix_daily(tmp_path / "vix.csv", high=5.0)
    answer = refusal(replay(tmp_path, new_york(DAY, 12)), "VIX")
    assert (answer.reason, answer.detail) == (
        "bad_bars",
        "vix.csv: VIX 2025-04-09: high is below low; correct or delete the row",
    )


def test_a_naive_parquet_time_is_refused(tmp_path: Path) -> None:
    """Parquet times without a zone are refused like those of CSV."""
    save(rows(DAYS).assign(ts_utc=lambda frame: frame["ts_utc"].dt.tz_localize(None)), tmp_path / "spy.parquet")
    assert "times without a zone" in refusal(replay(tmp_path, new_york(DAY, 12))).detail


def test_a_date_without_data_names_the_dates_there_are(tmp_path: Path) -> None:
    """The refusal of a missing day names the first and the last day with bars."""
    save(rows(DAYS[:2]), tmp_path / "spy.parquet")
    answer = refusal(replay(tmp_path, new_york(DAY, 12)))
    assert answer.reason == "no_data"
    assert answer.detail == ("SPY: no bars of 2025-04-09 up to 12:00 ET; bars run from 2025-04-04 to 2025-04-07")


def test_a_missing_vix_is_named(tmp_path: Path) -> None:
    """A folder without VIX says so and what it has."""
    save(rows(DAYS), tmp_path / "spy.parquet")
    answer = refusal(replay(tmp_path, new_york(DAY, 12)), "VIX")
    assert (answer.reason, answer.detail) == (
        "no_data",
        "no file holds bars of VIX; the symbols with bars are: SPY",
    )


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("column", ["ts_utc", "timestamp", "Time", "datetime", "Date"])
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_any_zone_and_name_of_the_time_column_is_read(tmp_path: Path, zone: str, column: str, suffix: str) -> None:
    """Times with a zone mean the same instants whatever the zone, the column's name or its case."""
    frame = rows(DAYS).assign(ts_utc=lambda table: table["ts_utc"].dt.tz_convert(zone))
    save(frame.rename(columns={"ts_utc": column, "open": "Open"}), tmp_path / f"bars.{suffix}")
    frame = ask(replay(tmp_path, new_york(DAY, 16)))
    assert frame.index[0] == new_york(DAY, 9, 30)
    assert len(frame) == 78


@pytest.mark.parametrize(
    "name",
    [
        "spy.parquet",
        "SPY_5m_2025.parquet",
        "deep/er/spy-5m.csv",
        "SPY/2025-04.parquet",
        "symbol=SPY/part-0.parquet",
        "symbol=SPY/year=2025/bars.csv",
    ],
)
def test_the_symbol_may_come_from_the_path(tmp_path: Path, name: str) -> None:
    """Without a symbol column the path names the symbol, in one of the documented ways."""
    save(rows(DAYS).drop(columns=["symbol", "volume"]), tmp_path / name)
    provider = replay(tmp_path, new_york(DAY, 16))
    assert provider.symbols() == ("SPY",)
    frame = ask(provider)
    assert len(frame) == 78
    assert not frame["volume"].any()


@pytest.mark.parametrize(
    "pattern", ["symbol={symbol}/date={day}/part-0.parquet", "{symbol}/{day}.parquet", "{day}/{symbol}.csv"]
)
@pytest.mark.parametrize("column", [True, False])
def test_daily_partitions_are_one_series(tmp_path: Path, pattern: str, column: bool) -> None:
    """One file per symbol and day reads like one file, with or without a symbol column."""
    for symbol in ("SPY", "QQQ"):
        for day in DAYS:
            frame = day_rows(day, symbol)
            save(frame if column else frame.drop(columns="symbol"), tmp_path / pattern.format(symbol=symbol, day=day))
    provider = replay(tmp_path, new_york(DAY, 16))
    assert provider.symbols() == ("QQQ", "SPY")
    assert len(ask(provider)) == 78
    assert len(ask(provider, period="4d")) == 4 * 78
    assert provider.days("QQQ") == DAYS


def test_a_row_in_the_file_of_another_day_is_refused(tmp_path: Path) -> None:
    """A path that names a day promises that day alone; a row of another day is told of and not used."""
    late = day_rows(DAY).head(1)
    save(pd.concat([day_rows(EARLIER), late], ignore_index=True), tmp_path / f"SPY/date={EARLIER}/part.parquet")
    provider = replay(tmp_path, new_york(EARLIER, 16))
    assert len(ask(provider)) == 78
    assert (
        "2025-04-09 13:30Z: the path names another day; put the row into the file of its day" in provider.problems()[0]
    )


def test_a_name_with_two_dates_promises_no_day(tmp_path: Path) -> None:
    """Only a name that is a date alone limits the file to that day."""
    save(rows(DAYS), tmp_path / "SPY/2025-04-04_2025-04-09.parquet")
    assert len(ask(replay(tmp_path, new_york(DAY, 16)), period="4d")) == 4 * 78


def test_only_the_days_asked_for_are_read(tmp_path: Path) -> None:
    """Of daily partitions only the wanted days are opened: a torn one elsewhere is not even noticed."""
    for day in DAYS[1:]:
        save(day_rows(day), tmp_path / f"SPY/{day}.parquet")
    (tmp_path / f"SPY/{DAYS[0]}.parquet").write_bytes(b"torn")
    provider = replay(tmp_path, new_york(DAY, 16))
    assert len(ask(provider, period="3d")) == 3 * 78
    assert "torn" not in str(provider.problems()[0])
    assert provider.problems()[0].startswith("SPY/2025-04-04.parquet cannot be read")


def test_rows_outside_the_session_are_left_out(tmp_path: Path) -> None:
    """Bars before the open, after the close and at 13:00 of a half day are not part of a session."""
    half, full = day_rows(HALF_DAY), day_rows(DAY)
    early = full.head(1).assign(ts_utc=lambda frame: frame["ts_utc"] - timedelta(minutes=5))
    late = full.tail(1).assign(ts_utc=lambda frame: frame["ts_utc"] + timedelta(minutes=5))
    extra = half.tail(1).assign(ts_utc=lambda frame: frame["ts_utc"] + timedelta(minutes=5))
    sunday = half.head(1).assign(ts_utc=lambda frame: frame["ts_utc"] + timedelta(days=2))
    save(pd.concat([half, extra, sunday, early, full, late], ignore_index=True), tmp_path / "spy.parquet")
    assert len(ask(replay(tmp_path, new_york(HALF_DAY, 16)))) == 42
    assert len(ask(replay(tmp_path, new_york(DAY, 20)))) == 78


def test_a_bar_beside_the_grid_is_refused(tmp_path: Path) -> None:
    """A stamp at which no 5-minute bar can start is told as a problem and fills no slot."""
    frame = rows(DAYS)
    frame.loc[BAD, "ts_utc"] += pd.Timedelta(minutes=1)
    save(frame, tmp_path / "spy.parquet")
    provider = replay(tmp_path, new_york(DAY, 16))
    assert refusal(provider).reason == "bars_gap"
    assert "2025-04-09 14:31Z: no bar of this length starts at this time" in provider.problems()[0]


def test_files_that_are_no_bars_are_left_alone(tmp_path: Path) -> None:
    """Tables of other kinds, and hidden files, are neither bars nor problems."""
    save(rows(DAYS), tmp_path / "spy.parquet")
    save(pd.DataFrame({"name": ["a"], "value": [1]}), tmp_path / "settings.csv")
    save(pd.DataFrame({"ts_utc": ["2025-04-09T14:30:00Z"], "bid": [1.0], "ask": [2.0]}), tmp_path / "quotes.csv")
    (tmp_path / ".hidden.csv").write_bytes(b"")
    provider = replay(tmp_path, new_york(DAY, 16))
    assert provider.symbols() == ("SPY",)
    assert provider.problems() == ()


def vix_daily(path: Path, until: date = DAY, **today: float) -> Path:
    """Write daily VIX rows whose last one is that of ``until``."""
    days = [day for day in DAYS if day <= until]
    values = {"open": 20.0, "high": 60.0, "low": 10.0, "close": 50.0}
    frame = pd.DataFrame(
        {"date": pd.to_datetime(days), **{name: [value] * len(days) for name, value in values.items()}}
    )
    for name, value in today.items():
        frame.loc[len(days) - 1, name] = value
    return save(frame, path)


@pytest.mark.parametrize("interval", ["5m", "30m"])
def test_a_daily_vix_shows_its_open_alone(tmp_path: Path, interval: str) -> None:
    """From 09:31 on one flat bar at the open carries the official open; the day's extremes and close are not seen."""
    vix_daily(tmp_path / "vix_daily.parquet", open=25.5)
    for hour, minute in ((9, 31), (9, 40), (15, 59), (16, 30)):
        provider = replay(tmp_path, new_york(DAY, hour, minute))
        frame = ask(provider, "VIX", interval=interval)
        assert list(frame.index) == [new_york(DAY, 9, 30)]
        assert frame.iloc[0].tolist() == [25.5, 25.5, 25.5, 25.5, 0.0]
        assert asyncio.run(provider.get_spot_price("VIX")) == 25.5
    assert refusal(replay(tmp_path, new_york(DAY, 9, 30)), "VIX").reason == "no_bars_yet"


def test_daily_bars_exclude_today(tmp_path: Path) -> None:
    """The row of today is not among the daily bars before its date is over in UTC."""
    vix_daily(tmp_path / "vix.csv", close=55.0)
    today = ask(replay(tmp_path, new_york(DAY, 19, 59)), "VIX", "1mo", "1d")
    assert [stamp.date() for stamp in today.index] == list(DAYS[:-1])
    later = ask(replay(tmp_path, new_york(DAY, 20)), "VIX", "1mo", "1d")
    assert later["close"].iloc[-1] == 55.0


def test_an_intraday_vix_is_preferred(tmp_path: Path) -> None:
    """Where the day's intraday VIX was recorded it is given, 15-minute bars included."""
    vix_daily(tmp_path / "vix_daily.parquet")
    quarter = day_rows(DAY, "VIX").iloc[::3]
    save(quarter, tmp_path / "vix_15m.parquet")
    provider = replay(tmp_path, new_york(DAY, 12))
    assert len(ask(provider, "VIX", interval="15m")) == 10
    assert len(ask(provider, "VIX", interval="30m")) == 5
    assert len(ask(provider, "VIX", interval="5m")) == 1
    save(day_rows(DAY, "VIX"), tmp_path / "vix_5m.parquet")
    assert len(ask(replay(tmp_path, new_york(DAY, 12)), "VIX", interval="5m")) == 30


def test_daily_bars_of_another_symbol_show_no_open(tmp_path: Path) -> None:
    """Only the VIX has an official open that stands for the day: daily bars of SPY are no intraday bars."""
    vix_daily(tmp_path / "spy_daily.parquet")
    provider = replay(tmp_path, new_york(DAY, 12))
    assert refusal(provider).reason == "no_data"
    assert len(ask(provider, period="1w", interval="1d")) == 3


def daily_stamps(zone: str) -> Any:
    """Return midnights of a zone."""
    return pd.DatetimeIndex([pd.Timestamp(day, tz=zone) for day in DAYS])


def test_a_repeated_row_does_not_hide_a_contradiction(tmp_path: Path) -> None:
    """The refusal names what costs the bar, not what is harmless."""
    save(repeated()(rows(DAYS)), tmp_path / "a.parquet")
    save(changed(BAD, open=540.0, high=560.0, close=550.0)(rows(DAYS)), tmp_path / "b.parquet")
    assert refusal(replay(tmp_path, new_york(DAY, 16))).reason == "bars_contradict"


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_daily_rows_may_stand_at_a_midnight_with_a_zone(tmp_path: Path, zone: str) -> None:
    """Midnight in UTC or New York names the trading date."""
    frame = pd.DataFrame({"time": daily_stamps(zone), "open": 2.0, "high": 3.0, "low": 1.0, "close": 2.0})
    save(frame, tmp_path / "vix.parquet")
    daily = ask(replay(tmp_path, new_york(DAY, 12)), "VIX", "1mo", "1d")
    assert [stamp.date() for stamp in daily.index] == list(DAYS[:-1])
