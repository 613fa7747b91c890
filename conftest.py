"""What every run of the tests begins with: nobody's settings, and only what the installation can do.

Settings of whoever runs the tests must not reach them: neither the environment's nor those of a ``.env`` in the
checkout, which may name a live gateway.  What needs an extra that is not installed is left out by name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Final

import pytest

FOREIGN: Final = ("M8C_", "ML_", "MAGIC8_")
HERE: Final = Path(__file__).resolve().parent
PACKAGES: Final = {"ml": "xgboost", "ib": "ib_async", "yahoo": "yfinance"}
NEEDS: Final = {
    "ml": """magic8_ml tests/evaluation tests/ledger tests/ml tests/registry tests/test_documentation.py
        tests/trade_data tests/trade_evaluation tests/trades tests/tuning tests/whole/test_real_days.py
        tests/whole/test_simulated_day.py tests/win_models tests/win_predictor""",
    "ib": """magic8_companion/providers/ib tests/collect tests/doctor tests/providers/test_catalogue.py
        tests/providers_ib tests/rehearsal tests/test_documentation.py tests/testing_gateway""",
    "yahoo": """magic8_companion/providers/yahoo tests/collect tests/doctor tests/providers/test_catalogue.py
        tests/providers_yahoo tests/rehearsal""",
}
LONG: Final = (
    "tests/evaluation/",
    "tests/ml/",
    "tests/providers_ib/test_chaos.py",
    "tests/registry/",
    "tests/rehearsal/",
    "tests/whole/",
)
LEFT_OUT: Final = {extra: NEEDS[extra].split() for extra, package in PACKAGES.items() if find_spec(package) is None}


@pytest.fixture(scope="session", autouse=True)
def _nobodys_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Work in an empty folder without settings; started processes still find what lies in the checkout."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(FOREIGN)]:
            patch.delenv(name)
        patch.setenv("PYTHONPATH", str(HERE), prepend=os.pathsep)
        patch.chdir(tmp_path_factory.mktemp("nowhere"))
        yield


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Pass over what needs an absent extra."""
    places = {HERE / place for some in LEFT_OUT.values() for place in some}
    return True if places & {collection_path, *collection_path.parents} else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share a fixture on one worker, and begin with those that take long.

    The tests of a file go together, and all files of a room whose ``conftest.py`` makes something for the room.
    """
    for item in items:
        file = PurePosixPath(item.nodeid.partition("::")[0])
        shared = file.parent.name and (HERE / file.parent / "conftest.py").is_file()
        item.add_marker(pytest.mark.xdist_group(str(file.parent if shared else file)))
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was left out."""
    for extra, places in LEFT_OUT.items():
        terminalreporter.write_line(f"left out without the extra {extra}: {', '.join(places)}")
