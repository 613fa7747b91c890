"""How a setting is written: the texts of all sources become values, or a sentence says why not."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo

from magic8_companion.domain.errors import ConfigError, PluginUnavailable
from magic8_companion.domain.strategy import canonical_symbol
from magic8_companion.events.event import EVENT_NAME, UNTIMED
from magic8_companion.options.products import RUN_SYMBOLS
from magic8_companion.paths import plain_text, written_path
from magic8_companion.plugins import ML_SCORER, SCORERS, STRATEGIES, load_plugin
from magic8_companion.providers.registered import canonical_name, is_live_provider
from magic8_companion.scoring import StrategyRules

FIRST_TIME: Final = time(9, 35)
LAST_TIME: Final = time(15, 54)
FASTEST: Final = 100_000.0
LONGEST_PAUSE: Final = 240
"""Minutes before and after an event."""

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME: Final = re.compile(r"\d{2}:\d{2}")
_LEVELS: Final = ("extreme", "high", "moderate")


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"this is no JSON: {error}") from error


def _items(value: object) -> list[object]:
    if isinstance(value, str):
        text = value.strip()
        value = _json(text) if text.startswith("[") else [item.strip() for item in text.split(",") if item.strip()]
    if not isinstance(value, (list, tuple)):
        raise ValueError("a list is needed: separated by commas, or a JSON array")  # noqa: TRY004  # pydantic's way
    return list(value)


def _symbols(value: object) -> tuple[str, ...]:
    names = list(dict.fromkeys(canonical_symbol(str(item)) for item in _items(value)))
    if unknown := [name for name in names if name not in RUN_SYMBOLS]:
        hint = " (the VIX is an input, not a symbol)" if "VIX" in unknown else ""
        raise ValueError(f"unknown {', '.join(unknown)}{hint}; known are {', '.join(RUN_SYMBOLS)}")
    if not names:
        raise ValueError("at least one symbol is needed")
    return tuple(names)


def _times(value: object) -> tuple[time, ...]:
    times = [item if isinstance(item, time) else _time(str(item)) for item in _items(value)]
    if len(set(times)) != len(times) or not times:
        raise ValueError("times must be given, each once")
    if outside := [at for at in times if not FIRST_TIME <= at <= LAST_TIME]:
        raise ValueError(f"{outside[0]:%H:%M} lies outside {FIRST_TIME:%H:%M}-{LAST_TIME:%H:%M} New York")
    return tuple(sorted(times))


def _time(text: str) -> time:
    if not _TIME.fullmatch(text):
        raise ValueError(f"{text!r} is not written HH:MM, such as 09:35")
    return time.fromisoformat(text)


def _day(value: object) -> object:
    if not isinstance(value, str) or not value:
        return value or None
    if not _DAY.fullmatch(value):
        raise ValueError("a date is written YYYY-MM-DD")
    return date.fromisoformat(value)


def _thresholds(value: object) -> dict[str, float]:
    levels = _json(value) if isinstance(value, str) else value
    if not isinstance(levels, dict) or set(levels) != set(_LEVELS):
        raise ValueError(f"a JSON object with exactly the keys {', '.join(_LEVELS)} is needed")
    numbers = [levels[name] for name in _LEVELS if type(levels[name]) in {int, float}]
    if len(numbers) < len(_LEVELS) or not 1 >= numbers[0] > numbers[1] > numbers[2] >= 0:
        raise ValueError("the values must be numbers that descend from extreme to moderate within 0..1")
    return {name: float(levels[name]) for name in _LEVELS}


def _event_pauses(value: object) -> dict[str, float]:
    pauses = (_json(value) if value.strip() else {}) if isinstance(value, str) else value
    if not isinstance(pauses, dict) or not all(type(minutes) in {int, float} for minutes in pauses.values()):
        raise ValueError('a JSON object of minutes by event is needed, such as {"fomc_statement": 30}')
    names = [str(name) for name in pauses]
    if untimed := sorted(UNTIMED.intersection(names)):
        raise ValueError(f"{untimed[0]} lasts the whole day and has no time to pause around")
    if wrong := [name for name in names if not EVENT_NAME.fullmatch(name)]:
        raise ValueError(f"{wrong[0]!r} is no event; magic8 events show lists the names")
    if any(not 0 < minutes <= LONGEST_PAUSE for minutes in pauses.values()):
        raise ValueError(f"minutes above 0 and up to {LONGEST_PAUSE} are needed")
    return {name: float(minutes) for name, minutes in pauses.items()}


def _provider(value: object) -> str:
    try:
        name = canonical_name(str(value))
        is_live_provider(name)  # a package that cannot be loaded is one of the mistakes, not a surprise later
    except ConfigError as error:
        raise ValueError(error.problems[0]) from error
    return name


def _scorer(value: object) -> str:
    name = str(value).strip()
    if name != ML_SCORER:  # without the ML the rules go on alone, but a scorer that was asked for must be there
        _load(SCORERS, name)
    return name


def _strategy_rules(value: object) -> tuple[str, ...]:
    names = tuple(str(item) for item in _items(value))
    tables = [_load(STRATEGIES, name) for name in names]
    if wrong := [name for name, table in zip(names, tables, strict=True) if not isinstance(table, StrategyRules)]:
        raise ValueError(f"{wrong[0]} is registered under {STRATEGIES} but is no StrategyRules")
    if len({table.strategy for table in tables}) < len(tables):
        raise ValueError("two of them are for the same strategy; keep one")
    return names


def _load(group: str, name: str) -> Any:  # noqa: ANN401  # whatever the package registers
    try:
        return load_plugin(group, name)
    except PluginUnavailable as error:
        raise ValueError(str(error)) from error


def _speed(value: object) -> object:
    text = str(value).strip().lower()
    if text == "max":
        return text
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed <= FASTEST:
        raise ValueError(f"max or a number above 0 and up to {FASTEST:g} is needed")
    return speed


def _one_of(*allowed: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        if str(value).strip() not in {str(number) for number in allowed}:
            raise ValueError(f"one of {', '.join(str(number) for number in allowed)} is needed")
        return int(str(value))

    return check


def _webhook(value: object) -> object:
    if value and not str(value).startswith("https://"):
        raise ValueError("an https:// address is needed")
    return _host(value)


def _host(value: object) -> object:
    return plain_text(value) if isinstance(value, str) else value


def _path(value: object, others: ValidationInfo) -> object:
    root = others.data.get("magic8_path")
    return written_path(value, root) if isinstance(value, (str, os.PathLike)) else value


def _optional_path(value: object, others: ValidationInfo) -> object:
    return _path(value or None, others)


Symbols = Annotated[tuple[str, ...], BeforeValidator(_symbols)]
Times = Annotated[tuple[time, ...], BeforeValidator(_times), PlainSerializer(lambda ts: [f"{t:%H:%M}" for t in ts])]
Lower = BeforeValidator(lambda value: str(value).strip().lower())
Upper = BeforeValidator(lambda value: str(value).strip().upper())
Host = Annotated[str, BeforeValidator(_host)]
WrittenPath = Annotated[Path, BeforeValidator(_path)]
OptionalPath = Annotated[Path | None, BeforeValidator(_optional_path)]
OptionalDate = Annotated[date | None, BeforeValidator(_day)]
Speed = Annotated[Literal["max"] | float, BeforeValidator(_speed)]
Interval = Annotated[int, BeforeValidator(_one_of(5, 10, 15, 30))]
Provider = Annotated[str, BeforeValidator(_provider)]
ScorerName = Annotated[str, BeforeValidator(_scorer)]
StrategyTables = Annotated[tuple[str, ...], BeforeValidator(_strategy_rules)]
EventPauses = Annotated[dict[str, float], BeforeValidator(_event_pauses)]
Thresholds = Annotated[dict[str, float], BeforeValidator(_thresholds)]
Webhook = Annotated[str, BeforeValidator(_webhook)]
