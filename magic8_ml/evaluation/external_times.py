"""When the rows of somebody else's table are: an offset, the name of a zone, seconds since 1970, or plain dates.

Times without a zone are not guessed.  But 5-minute bars of the regular session begin at 09:30 New York every day, in
summer and in winter: where only one of the usual zones puts them there, that is the zone, and a note says so.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from magic8_companion.domain.arrays import Integers
from magic8_companion.domain.trading_day import NEW_YORK
from magic8_ml.forecast.session_table import session_table
from magic8_ml.metrics.refusal import TrainingRefused

ZONES: Final = (
    "America/New_York",
    "UTC",
    "America/Chicago",
    "America/Los_Angeles",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Tokyo",
)
"""Zones that are tried on times which carry none."""

_NAMES: Final = ("ts_utc", "timestamp", "time", "datetime", "date", "ts", "t")
_LIKE_TIME: Final = re.compile(r"time|date|stamp")
_CALLED_UTC: Final = re.compile(r"utc|gmt")
_OFFSET: Final = re.compile(r"(?:Z|UTC|:\d{2}(?:\.\d+)?\s*[+-]\d{2}(?::?\d{2})?)\s*$", re.IGNORECASE)
_ONLY_CLOCK: Final = re.compile(r"\s*\d{1,2}:\d{2}(?::\d{2})?\s*(?:[AaPp][Mm])?\s*$")
_HYPHEN_BEFORE_CLOCK: Final = re.compile(r"^\s*(\d{4}-\d{2}-\d{2})-(\d{1,2}:\d{2})")
_NEW_YORK_OFFSET: Final = re.compile(r"-0([45]):?(?:00)?\s*$")
_LABELLED_UTC: Final = re.compile(r"(?:Z|UTC|\+00:?00)\s*$", re.IGNORECASE)
_DAY_OR_MONTH: Final = re.compile(r"\s*\d{1,2}[/.]\d{1,2}[/.]\d{4}")
_ZONE: Final = re.compile(r"\s([A-Za-z]+/[A-Za-z_]+)\s*$")
_LETTERS: Final = re.compile(r"(?<=\d)\s+(?:[ECMP][SD]?T|GMT|BST|CES?T)\s*$")
_DAY: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}( 00:00:00)?|\d{1,2}[/.-]\d{1,2}[/.-]\d{4}|\d{8}|\d{1,2}-[A-Za-z]{3}-\d{2,4}"
    r"|[A-Za-z]{3,9} \d{1,2}, \d{4}"
)
_POINTS: Final = re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}")
_CLOCK: Final = re.compile(r"\d{1,2}:\d{2}")
_ENOUGH: Final = 50
_EPOCH_UNITS: Final = ((1e17, 1), (1e14, 1_000), (1e11, 1_000_000), (1e8, 1_000_000_000))
_MINUTE: Final = 60_000_000_000
_INSIDE: Final = 0.95
_BEGINNING: Final = 0.8


def times_of(file: Path, frame: pd.DataFrame) -> pd.Series[Any]:
    """Pick the column of times, or join a date and a time of day.

    Raises
    ------
    TrainingRefused
        When there is no such column, or a row has no time.
    """
    names = [str(name) for name in frame.columns]
    named = [str(name) for name in _NAMES if name in names] or [name for name in names if _LIKE_TIME.search(name)]
    if not named:
        raise TrainingRefused(f"{file.name} has no time column; name it one of {', '.join(_NAMES)}")
    values = frame[named[0]]
    if values.isna().any():
        raise TrainingRefused(f"{file.name} has a row without a time; correct or delete the row")
    if named[0] == "time" and "date" in frame and _CLOCK.match(str(values.iloc[0] if len(values) else "")):
        return frame["date"].astype(str) + " " + values.astype(str)
    return values


def are_days(values: pd.Series[Any]) -> bool:
    """Tell plain dates from times."""
    return all(_DAY.fullmatch(text.strip()) for text in values.head(_ENOUGH).astype(str).tolist())


def days_of(file: Path, values: pd.Series[Any]) -> pd.DatetimeIndex:
    """Read plain dates, as midnights without a zone; raises ``TrainingRefused`` when one cannot be read."""
    try:
        return _parsed(values.astype(str))
    except (ValueError, TypeError) as error:
        raise _unreadable(file, error) from error


def stamps_of(file: Path, values: pd.Series[Any], zone: str | None) -> tuple[pd.DatetimeIndex, list[str]]:
    """Read times as UTC, and tell what was concluded; ``zone`` is that of times which carry none.

    A column that is called by UTC or GMT is in it.
    A time that a change of the clocks makes doubtful is NaT: there is no session at that hour.

    Raises
    ------
    TrainingRefused
        When a time cannot be read, or its zone is not known.
    """
    if zone is None and _CALLED_UTC.search(str(values.name)):
        zone = "UTC"
    try:
        if pd.api.types.is_numeric_dtype(values):
            return _since_1970(file, values), []
        if isinstance(values.dtype, pd.DatetimeTZDtype):
            return pd.DatetimeIndex(values).tz_convert("UTC"), []
        if pd.api.types.is_datetime64_dtype(values):
            return _placed(file, pd.DatetimeIndex(values), zone)
        return _written(file, values.astype(str), zone)
    except (ValueError, TypeError) as error:
        raise _unreadable(file, error) from error


def nanoseconds_of(stamps: pd.DatetimeIndex) -> Integers:
    """Return times as nanoseconds since 1970, UTC."""
    return np.asarray(stamps.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[ns]").view(np.int64))


def _since_1970(file: Path, values: pd.Series[Any]) -> pd.DatetimeIndex:
    size = float(values.abs().max())
    factor = next((factor for least, factor in _EPOCH_UNITS if size >= least), None)
    if factor is None:
        raise TrainingRefused(f"{file.name}: the numbers in its time column are no times since 1970")
    nanoseconds = (values.astype(np.int64) * factor).to_numpy()
    return pd.DatetimeIndex(nanoseconds.view("datetime64[ns]"), tz="UTC")


def _written(file: Path, texts: pd.Series[Any], zone: str | None) -> tuple[pd.DatetimeIndex, list[str]]:
    if texts.str.match(_ONLY_CLOCK).any():
        raise TrainingRefused(f"{file.name} has times of day without a date; add a date column or write both")
    texts = texts.str.replace(_HYPHEN_BEFORE_CLOCK, r"\1 \2", regex=True)  # not an offset of a plain date
    with_offset = texts.str.contains(_OFFSET)
    if with_offset.all():
        return _with_offset(file, texts)
    if with_offset.any():
        raise TrainingRefused(f"{file.name} has times with and times without a zone")
    named = texts.str.extract(_ZONE, expand=False).dropna().unique().tolist()
    if len(named) == 1:
        texts, zone = texts.str.replace(_ZONE, "", regex=True), named[0]
    # letters such as EST stand for several zones, and are written in summer too: the hours must prove it
    return _placed(file, _parsed(texts.str.replace(_LETTERS, "", regex=True)), zone)


def _with_offset(file: Path, texts: pd.Series[Any]) -> tuple[pd.DatetimeIndex, list[str]]:
    """Read times that carry an offset; where day and month could be exchanged, the offset proves the season.

    New York is at -05:00 in winter and at -04:00 in summer: 03/11/2025 at -05:00 is the third of November.
    """
    month_first = pd.DatetimeIndex(pd.to_datetime(texts, utc=True))
    if _is_utc_of_new_york_clock(texts, month_first):
        raise TrainingRefused(
            f"{file.name}: its times are labelled UTC but fill the sessions as New York clock times; label them so"
        )
    offsets = texts.str.extract(_NEW_YORK_OFFSET, expand=False)
    if not texts.str.match(_DAY_OR_MONTH).all() or offsets.isna().any() or _is_of_season(month_first, offsets):
        return month_first, []
    try:
        day_first = pd.DatetimeIndex(pd.to_datetime(texts, utc=True, dayfirst=True))
    except ValueError:
        day_first = month_first
    if not _is_of_season(day_first, offsets):
        raise TrainingRefused(f"{file.name}: the offsets of its times are not those of New York on these days")
    return day_first, ["the day stands before the month: only so are the offsets those of New York"]


def _is_of_season(stamps: pd.DatetimeIndex, offsets: pd.Series[Any]) -> bool:
    ahead = stamps.tz_convert(NEW_YORK).tz_localize(None) - stamps.tz_convert("UTC").tz_localize(None)
    hours = np.asarray(ahead / pd.Timedelta(hours=1))
    return bool((hours == -offsets.astype(float).to_numpy()).all())


def _is_utc_of_new_york_clock(texts: pd.Series[Any], stamps: pd.DatetimeIndex) -> bool:
    if not texts.str.contains(_LABELLED_UTC).all() or _fill_sessions(stamps):
        return False
    return _fill_sessions(_localised(stamps.tz_localize(None), str(NEW_YORK)))


def _placed(file: Path, local: pd.DatetimeIndex, zone: str | None) -> tuple[pd.DatetimeIndex, list[str]]:
    if zone is not None:
        return _localised(local, zone), []
    fitting = {name: stamps for name in ZONES if _fill_sessions(stamps := _localised(local, name))}
    found = list(fitting)
    if not found or any(not fitting[name].equals(fitting[found[0]]) for name in found):
        raise TrainingRefused(f"{file.name} has times without a zone; name it, such as --timezone America/New_York")
    note = f"times without a zone are taken as those of {found[0]}: only so do the bars fill the sessions"
    return fitting[found[0]], [note]


def _fill_sessions(stamps: pd.DatetimeIndex) -> bool:
    # nearly all between the open and 16:15, and on most days from the open on
    table, moments = session_table(), np.sort(nanoseconds_of(stamps.dropna()))
    if not len(moments):
        return False
    session = np.clip(np.searchsorted(table.opens, moments, side="right") - 1, 0, None)
    inside = (table.opens[session] <= moments) & (moments <= table.closes[session] + 15 * _MINUTE)
    days, first = np.unique(session[inside], return_index=True)
    if inside.mean() < _INSIDE:
        return False
    early = moments[inside][first] <= table.opens[days] + 15 * _MINUTE
    return bool(early.mean() >= _BEGINNING)


def _localised(local: pd.DatetimeIndex, name: str) -> pd.DatetimeIndex:
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise TrainingRefused(f"there is no time zone {name}") from error
    return local.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").tz_convert("UTC")


def _parsed(texts: pd.Series[Any]) -> pd.DatetimeIndex:
    # the day stands first where points divide (07.03.2025), and where no month has such a number (13/03/2025)
    day_first = len(texts) > 0 and _POINTS.match(texts.iloc[0]) is not None
    try:
        return pd.DatetimeIndex(pd.to_datetime(texts, dayfirst=day_first))
    except ValueError:
        return pd.DatetimeIndex(pd.to_datetime(texts, dayfirst=True))


def _unreadable(file: Path, error: Exception) -> TrainingRefused:
    reason = str(error).partition(". You might want to try")[0]
    return TrainingRefused(f"{file.name} holds a time that cannot be read: {reason}")
