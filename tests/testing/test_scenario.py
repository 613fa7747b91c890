"""Scenarios and faults: what is written is played, and what is wrong is named, all at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from magic8_companion.domain.errors import ConfigError
from magic8_companion.testing.active_faults import ActiveFaults
from magic8_companion.testing.fault_injector import first_at
from magic8_companion.testing.faults import CATALOGUE, Fault
from magic8_companion.testing.scenario import GatewaySettings, Scenario, Step, Trigger, load_scenario, parse_scenario
from tests.testing.tools import START

DOCUMENT: dict[str, Any] = {
    "name": "a bad day",
    "gateway": {"server_version": 187, "line_budget": 90, "read_only": True},
    "steps": [
        {"at": "10:31:30", "fault": "silence", "seconds": 60},
        {"at": {"seconds": 2.5}, "fault": "crossed_quotes", "symbols": ["SPX", "SPY"]},
        {"at": {"messages": 40}, "fault": "drop"},
        {"at": {"request": "historical_bars", "number": 2}, "fault": "link_lost", "returns": 1101},
    ],
}
TOML = """
name = "a bad day"
[gateway]
server_version = 187
line_budget = 90
read_only = true
[[steps]]
at = "10:31:30"
fault = "silence"
seconds = 60
[[steps]]
at = { seconds = 2.5 }
fault = "crossed_quotes"
symbols = ["SPX", "SPY"]
[[steps]]
at = { messages = 40 }
fault = "drop"
[[steps]]
at = { request = "historical_bars", number = 2 }
fault = "link_lost"
returns = 1101
"""


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    """Both formats give the scenario that they describe."""
    (tmp_path / "day.toml").write_text(TOML)
    (tmp_path / "day.json").write_text(json.dumps(DOCUMENT))
    scenario = load_scenario(tmp_path / "day.toml")
    assert scenario == load_scenario(tmp_path / "day.json") == parse_scenario(DOCUMENT)
    assert scenario == Scenario(
        name="a bad day",
        settings=GatewaySettings(server_version=187, line_budget=90, read_only=True),
        steps=(
            Step(at=Trigger(wall=time(10, 31, 30)), fault=Fault("silence", seconds=60)),
            Step(at=Trigger(seconds=2.5), fault=Fault("crossed_quotes", symbols=("SPX", "SPY"))),
            Step(at=Trigger(messages=40), fault=Fault("drop")),
            Step(at=Trigger(request="historical_bars", number=2), fault=Fault("link_lost", returns=1101)),
        ),
    )


def test_nothing_at_all_is_a_quiet_gateway() -> None:
    """An empty document is a scenario without faults."""
    assert parse_scenario({}) == Scenario()


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ([], "a scenario is a table"),
        ({"stepps": []}, "there is no 'stepps'; did you mean steps?"),
        ({"name": 3}, "name = 3 is no text"),
        ({"gateway": []}, "gateway is no table"),
        ({"gateway": {"line_bugdet": 3}}, "did you mean line_budget?"),
        ({"gateway": {"line_budget": "many"}}, "line_budget = 'many' is not of type int"),
        ({"gateway": {"server_version": True}}, "server_version = True is not of type int"),
        ({"steps": {}}, "steps is no list"),
        ({"steps": [{"fault": "drop"}]}, "step 1: a step needs at = ..."),
        ({"steps": [{"at": "10:31"}]}, "a step needs"),
        ({"steps": [{"at": "25:00", "fault": "drop"}]}, "at = '25:00' is no New York time"),
        ({"steps": [{"at": "10:31Z", "fault": "drop"}]}, "is no New York time"),
        ({"steps": [{"at": 5, "fault": "drop"}]}, "at = 5 is neither a time"),
        ({"steps": [{"at": {}, "fault": "drop"}]}, "give one of seconds, messages, or request"),
        ({"steps": [{"at": {"seconds": 1, "messages": 2}, "fault": "drop"}]}, "give one of"),
        ({"steps": [{"at": {"seconds": 1, "number": 2}, "fault": "drop"}]}, "give one of"),
        ({"steps": [{"at": {"seconds": -1}, "fault": "drop"}]}, "seconds = -1 is no number above 0"),
        ({"steps": [{"at": {"messages": 1.5}, "fault": "drop"}]}, "messages = 1.5 is no number above 0"),
        ({"steps": [{"at": {"messages": True}, "fault": "drop"}]}, "messages = True is no number"),
        ({"steps": [{"at": {"request": "bars"}, "fault": "drop"}]}, "at: there is no request 'bars'"),
        ({"steps": [{"at": {"minutes": 1}, "fault": "drop"}]}, "at: there is no 'minutes'"),
        ({"steps": [{"at": "10:31", "fault": "silense"}]}, "there is no fault 'silense'; did you mean silence?"),
        ({"steps": [{"at": "10:31", "fault": "drop", "seconds": 3}]}, "drop: there is no parameter 'seconds'"),
        ({"steps": [{"at": "10:31", "fault": "refused", "code": 162}]}, "the parameter 'request' is missing"),
        ({"steps": [{"at": "10:31", "fault": "notice", "code": 4711}]}, "code = 4711 is none of 100, 101"),
        ({"steps": [{"at": "10:31", "fault": "silence", "seconds": -1}]}, "seconds = -1 is less than 0"),
        ({"steps": [{"at": "10:31", "fault": "silence", "seconds": "x"}]}, "seconds = 'x' is no number"),
        ({"steps": [{"at": "10:31", "fault": "drop", "reset": 1}]}, "reset = 1 is of the wrong type"),
        ({"steps": [{"at": "10:31", "fault": "late", "symbols": "VIX"}]}, "is no list of symbols in capitals"),
        ({"steps": [{"at": "10:31", "fault": "late", "symbols": ["vix"]}]}, "is no list of symbols in capitals"),
        ({"steps": [{"at": "10:31", "fault": "bad_price", "value": 0}]}, "value = 0 is no text"),
        ({"steps": [{"at": "10:31", "fault": "day_change", "time": "soon"}]}, "is no New York time"),
    ],
)
def test_every_mistake_is_named(document: object, sentence: str) -> None:
    """Unknown names come with the nearest right one, wrong values with what is right."""
    with pytest.raises(ConfigError) as refused:
        parse_scenario(document)
    assert sentence in str(refused.value)
    assert len(refused.value.problems) == 1


def test_all_mistakes_are_named_at_once() -> None:
    """One message lists everything, so that a file is mended in one go."""
    steps = [{"at": "noon", "fault": "drop", "x": 1}, {"at": "10:31", "fault": "quiet"}]
    with pytest.raises(ConfigError) as refused:
        parse_scenario({"colour": 1, "gateway": {"speed": 2}, "steps": steps})
    assert len(refused.value.problems) == 5


@pytest.mark.parametrize("text", ["[[steps]\n", "\xff"])
def test_a_file_that_is_no_scenario_is_named(tmp_path: Path, text: str) -> None:
    """Broken syntax, foreign bytes and a missing file are mistakes in the settings."""
    path = tmp_path / "broken.toml"
    path.write_bytes(text.encode("latin-1"))
    for name in (path, tmp_path / "absent.json"):
        with pytest.raises(ConfigError, match="cannot be read"):
            load_scenario(name)


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_fault_works_with_its_defaults(name: str) -> None:
    """The catalogue describes each fault, and its own defaults are valid."""
    kind = CATALOGUE[name]
    needed: dict[str, Any] = {"request": "market_data", "code": 162, "which": "silence"}
    given = {key: needed[key] for key, item in kind.accepted.items() if item.required}
    assert str(Fault(name, **given)).startswith(name)
    assert kind.meaning
    assert all(item.meaning for item in kind.accepted.values())


def test_a_time_of_day_comes_once() -> None:
    """A wall time that has passed on the first day is reached on the next."""
    assert first_at(time(10, 31, 10), START) == START
    assert first_at(time(9, 30), START) == datetime(2025, 6, 27, 13, 30, tzinfo=UTC)


def test_lasting_faults_end_in_their_time() -> None:
    """Faults overlap, concern their symbols, count down, and end when their time is over or when they are cleared."""
    active_faults = ActiveFaults()
    active_faults.begin(Fault("no_bid", symbols=("SPX",), seconds=60), START)
    active_faults.begin(Fault("no_bid", symbols=("SPY",)), START)
    active_faults.begin(Fault("unanswered", request="positions", count=2), START)
    assert active_faults.find("no_bid", "SPX")
    assert active_faults.find("no_bid", "QQQ") is None
    assert [bool(active_faults.use("unanswered", "positions")) for _ in range(3)] == [True, True, False]
    assert [item.fault.name for item in active_faults.end_due(START + timedelta(seconds=60))] == ["no_bid"]
    assert active_faults.find("no_bid", "SPX") is None
    assert len(active_faults.end("no_bid")) == 1
    assert active_faults.names() == ()
