"""The page about the gateway says what there is, no more and no less."""

from __future__ import annotations

import re
import tomllib
from typing import get_args

import pytest

from magic8_companion.testing.faults import CATALOGUE, REQUEST_KINDS
from magic8_companion.testing.gateway import main
from magic8_companion.testing.scenario import parse_scenario
from magic8_companion.testing.world import ViolationKind
from tests.real_data import REPOSITORY

PAGE = (REPOSITORY / "docs" / "simulated_gateway.md").read_text(encoding="utf-8")
ROWS = {cells[1].strip(" `"): cells for line in PAGE.splitlines() if len(cells := line.split("|")) > 4}


def test_every_fault_has_its_row() -> None:
    """Each fault is in the table with whether it lasts and with each of its parameters."""
    for name, kind in CATALOGUE.items():
        _, _, lasts, _, parameters, _ = ROWS[name]
        assert lasts.strip() == ("yes" if kind.lasting else "–")
        assert set(kind.parameters) <= set(re.findall(r"`(\w+)`", parameters))


def test_every_request_and_every_rule_is_named() -> None:
    """A trigger can name each kind of request, and each kind of violation has its rule."""
    assert all(f"`{kind}`" in PAGE for kind in REQUEST_KINDS)
    assert all(kind in ROWS for kind in get_args(ViolationKind))


def test_the_example_of_a_scenario_is_one() -> None:
    """The scenario on the page can be played."""
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(parse_scenario(tomllib.loads(example)).steps) == 4


def test_every_option_of_the_command_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    """The table of options is that of the command's own help."""
    assert main(["--help"]) == 0
    options = set(re.findall(r"--(\w+)", capsys.readouterr().out)) - {"help"}
    assert options == set(re.findall(r"`--(\w+)`", PAGE))
