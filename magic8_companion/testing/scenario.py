"""Read a scenario from TOML or JSON: the settings of a gateway and a list of faults with triggers.

name = "the afternoon goes wrong"

[gateway]
server_version = 187
line_budget = 100

[[steps]]
at = "10:31"                                       # New York time, on the first day on which it is reached
fault = "silence"
seconds = 60

[[steps]]
at = { request = "historical_bars", number = 2 }   # also { seconds = 5 } and { messages = 40 }
fault = "drop"
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import time
from pathlib import Path
from typing import Any, Final

from magic8_companion.domain.errors import ConfigError
from magic8_companion.outside_files.plain_files import read_bytes
from magic8_companion.testing.faults import REQUEST_KINDS, Fault, Value, fault_problems, nearest, wall_time

SPOKEN_VERSION: Final = 178
"""The newest version whose text messages this gateway writes; newer settings negotiate down to it."""

_TOP: Final = ("name", "gateway", "steps")
_TRIGGERS: Final = ("seconds", "messages", "request", "number")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """How the gateway is set up; ``read_only`` is the switch "Read-Only API" of a real one."""

    server_version: int = SPOKEN_VERSION
    line_budget: int = 100
    read_only: bool = False
    account: str = "DU1234567"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """The start of a fault: one of the four fields.

    ``wall`` is a New York time, ``seconds`` counts from the start on the gateway's clock, ``messages`` counts those of
    all clients, ``request`` names a kind whose ``number``-th one triggers.
    """

    wall: time | None = None
    seconds: float | None = None
    messages: int | None = None
    request: str | None = None
    number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A fault and its trigger."""

    at: Trigger
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The complete setup of a gateway: settings and steps."""

    name: str = ""
    settings: GatewaySettings = field(default_factory=GatewaySettings)
    steps: tuple[Step, ...] = ()


def load_scenario(path: Path) -> Scenario:
    """Read a scenario from a file that ends with .toml or .json.

    Raises
    ------
    ConfigError
        When the file is not readable, or with every problem in it.
    """
    try:
        text = read_bytes(path).decode()
        document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError([f"the scenario {path} cannot be read: {error}"]) from error
    return parse_scenario(document)


def parse_scenario(document: object) -> Scenario:
    """Read a scenario from plain data.

    Raises
    ------
    ConfigError
        With every problem in it.
    """
    if not isinstance(document, dict):
        raise ConfigError(["a scenario is a table with name, gateway and steps"])
    problems = _unknown("scenario", document, _TOP)
    name = document.get("name", "")
    if not isinstance(name, str):
        problems.append(f"name = {name!r} is no text")
    settings = _settings(document.get("gateway", {}), problems)
    steps = document.get("steps", [])
    if not isinstance(steps, list):
        problems.append("steps is no list of tables")
        steps = []
    parsed = [_step(number, step, problems) for number, step in enumerate(steps, start=1)]
    if problems:
        raise ConfigError(problems)
    return Scenario(name=name, settings=settings, steps=tuple(step for step in parsed if step is not None))


def _settings(table: object, problems: list[str]) -> GatewaySettings:
    if not isinstance(table, dict):
        problems.append("gateway is no table")
        return GatewaySettings()
    types = {item.name: type(item.default) for item in fields(GatewaySettings)}
    wrong = _unknown("gateway", table, tuple(types))
    for key, value in table.items():
        if key in types and type(value) is not types[key]:
            wrong.append(f"gateway: {key} = {value!r} is not of type {types[key].__name__}")
    problems += wrong
    return GatewaySettings() if wrong else GatewaySettings(**table)


def _step(number: int, table: object, problems: list[str]) -> Step | None:
    where = f"step {number}"
    if not isinstance(table, dict) or not isinstance(table.get("fault"), str) or "at" not in table:
        problems.append(f'{where}: a step needs at = ... and fault = "name"')
        return None
    parameters: dict[str, Value] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in table.items()
        if key not in {"at", "fault"}
    }
    found: list[str] = []
    trigger = _trigger(table["at"], found)
    found += fault_problems(table["fault"], parameters)
    problems += [f"{where}: {sentence}" for sentence in found]
    return None if found else Step(at=trigger, fault=Fault(table["fault"], **parameters))


def _trigger(given: object, problems: list[str]) -> Trigger:
    if isinstance(given, str):
        wall = wall_time(given)
        if wall is None:
            problems.append(f'at = {given!r} is no New York time such as "10:31" or "10:31:30"')
        return Trigger(wall=wall)
    if not isinstance(given, dict):
        problems.append(f'at = {given!r} is neither a time such as "10:31" nor a table such as {{ seconds = 5 }}')
        return Trigger()
    wrong = _unknown("at", given, _TRIGGERS) or _trigger_problems(given)
    problems += wrong
    return Trigger() if wrong else Trigger(**given)


def _trigger_problems(given: Mapping[str, Any]) -> list[str]:
    main = [key for key in ("seconds", "messages", "request") if key in given]
    if len(main) != 1 or ("number" in given and main != ["request"]):
        return ["at: give one of seconds, messages, or request (with number)"]
    if "request" in given and given["request"] not in REQUEST_KINDS:
        return [f"at: there is no request {given['request']!r}{nearest(str(given['request']), REQUEST_KINDS)}"]
    counts = {key: value for key, value in given.items() if key != "request"}
    return [
        f"at: {key} = {value!r} is no number above 0"
        for key, value in counts.items()
        if isinstance(value, bool)
        or not isinstance(value, int | float)
        or value <= 0
        or (key != "seconds" and value % 1)
    ]


def _unknown(where: str, table: Mapping[str, Any], known: tuple[str, ...]) -> list[str]:
    return [f"{where}: there is no {key!r}{nearest(key, known)}" for key in table if key not in known]
