"""What every run of the tests begins with: nobody's settings, and only what the installation can do.

Settings of whoever runs the tests must not reach them: neither the environment's nor those of a ``.env`` in the
checkout, which may name a live gateway.  What needs an extra that is not installed is left out by name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

FOREIGN: Final = ("M8C_", "ML_", "MAGIC8_")
HERE: Final = Path(__file__).resolve().parent
PACKAGES: Final = {"ml": "xgboost", "ib": "ib_async", "yahoo": "yfinance", "train": "optuna"}
NEEDS: Final = {
    "ml": """magic8_ml tests/evaluation tests/forecast tests/metrics tests/registry tests/trades
        tests/history/test_ledger_look_ahead.py tests/history/test_ledger_prices.py tests/history/test_ledger_rows.py
        tests/cli/test_evaluate_trades.py tests/cli/test_ledger.py tests/cli/test_models.py
        tests/cli/test_plugin_settings.py tests/cli/test_predict_trade.py tests/cli/test_risk_reward.py
        tests/cli/test_train.py
        tests/cli/test_train_trades.py tests/cli/test_tune.py tests/test_documentation.py tests/test_public_names.py
        tests/whole/test_guide_scripts.py tests/whole/test_real_days.py tests/whole/test_simulated_day.py""",
    "ib": """magic8_companion/providers/ib tests/cli/test_collect.py tests/cli/test_doctor.py
        tests/cli/test_rehearsal_connect.py tests/cli/test_rehearsal_faults.py tests/cli/test_rehearse.py
        tests/collect tests/doctor tests/providers/test_catalogue.py tests/providers/ib tests/test_documentation.py
        tests/testing""",
    "yahoo": """magic8_companion/providers/yahoo tests/cli/test_collect.py tests/cli/test_doctor.py
        tests/cli/test_rehearsal_connect.py tests/cli/test_rehearsal_faults.py tests/cli/test_rehearse.py
        tests/collect tests/doctor tests/providers/test_catalogue.py tests/providers/yahoo""",
    "train": """tests/cli/test_tune.py tests/forecast/training/test_tuning_objective.py
        tests/forecast/training/test_tuning_search.py tests/forecast/training/test_tuning_workers.py""",
}
LONG: Final = (
    "tests/cli/test_rehears",
    "tests/evaluation/",
    "tests/forecast/",
    "tests/providers/ib/test_chaos.py",
    "tests/registry/",
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
    """Keep tests that share an expensive fixture on one worker, and begin with those that take long.

    Tests of a file go together; so do all tests that rest on the same session fixture of ``tests/conftest.py``.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_shared_fixture(item) or item.nodeid.partition("::")[0]))
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def _shared_fixture(item: pytest.Item) -> str | None:
    # the first one made: the others of its family rest on it
    definitions = getattr(item, "_fixtureinfo", None)
    shared = [
        name
        for name, found in (definitions.name2fixturedefs if definitions else {}).items()
        if found[-1].scope == "session" and found[-1].baseid == "tests" and name != "tmp_path_factory"
    ]
    roots = [name for name in shared if not set(definitions.name2fixturedefs[name][-1].argnames) & set(shared)]
    return min(roots, default=None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was left out."""
    for extra, places in LEFT_OUT.items():
        terminalreporter.write_line(f"left out without the extra {extra}: {', '.join(places)}")
