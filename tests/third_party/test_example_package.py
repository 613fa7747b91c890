"""A package of a third party: found by entry point, run by the host, refused with a reason when it is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from magic8_companion.domain.strategy import BASE_STRATEGIES
from tests.third_party.installed import install
from tests.whole.runs import environment

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = {
    "M8C_MARKET_DATA_PROVIDER": "rising",
    "M8C_SCORER": "cautious",
    "M8C_STRATEGY_RULES": "momentum",
    "M8C_ENABLE_ML_INTEGRATION": "true",
    "M8C_SUPPORTED_SYMBOLS": "SPX",
    "M8C_CHECKPOINT_TIMES": "12:30,15:30",
}
BROKEN = {
    "providers": "broken = magic8_example.no_such_module:PROVIDER\nwrong = magic8_example.strategy:MOMENTUM",
    "strategies": "again = magic8_example.strategy:MOMENTUM\nodd = magic8_example.provider:RISING",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the example package into a folder of its own."""
    return install(tmp_path_factory.mktemp("site"), **BROKEN)


def host(site: Path, folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the host's command with the folder of the example package on the path."""
    return subprocess.run(
        [sys.executable, "-m", "magic8_companion", *words],
        cwd=folder,
        env=environment({**settings, "PYTHONPATH": f"{site}:{ROOT}"}),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@pytest.fixture(scope="module")
def day(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Play one day with provider, scorer and rule table of the example; return the output folder."""
    folder = tmp_path_factory.mktemp("run")
    done = host(site, folder, "--date", "2025-06-26", **PLUGINS)
    assert done.returncode == 0, done.stderr
    return folder / "data" / "rising"


def checkpoint(day: Path, label: str) -> dict[str, object]:
    """Return the archived record of SPX at a checkpoint."""
    for path in sorted((day / "recommendations_archive").glob("recommendations_2*.json")):
        document = orjson.loads(path.read_bytes())
        if document["checkpoint_timestamp"] and document["checkpoint_time"] == label:
            record: dict[str, object] = document["recommendations"]["SPX"]
            return record
    raise AssertionError(f"no checkpoint {label} in {day}")


def test_the_day_runs_on_the_data_of_the_package(day: Path) -> None:
    """Its name is the published source, its kind the published status, and nothing may be traded."""
    record = checkpoint(day, "12:30 ET")
    assert (record["data_source"], record["data_status"]) == ("rising", "simulated")


def test_its_rule_table_scores_the_vertical(day: Path) -> None:
    """The evidence of the vertical is that of the package's table; the other tables are the built-in ones."""
    strategies = checkpoint(day, "12:30 ET")["strategies"]
    assert isinstance(strategies, dict)
    factors = [item["factor"] for item in strategies["Vertical"]["evidence"]]
    assert factors == ["efficiency_percentile", "range_percentile"]
    assert len(strategies["Butterfly"]["evidence"]) == 5


def test_its_scorer_lowers_the_last_hour(day: Path) -> None:
    """At 12:30 the scores are those of the rules, at 15:30 four fifths of them."""
    for label, factor in (("12:30 ET", 1.0), ("15:30 ET", 0.8)):
        strategies = checkpoint(day, label)["strategies"]
        assert isinstance(strategies, dict)
        for name in BASE_STRATEGIES:
            entry = strategies[name]
            rules = min(100.0, max(0.0, sum(item["points"] for item in entry["evidence"])))
            assert entry["score"] == pytest.approx(factor * rules, abs=0.051)


@pytest.mark.parametrize(
    ("settings", "sentences"),
    [
        ({"M8C_MARKET_DATA_PROVIDER": "risin"}, ("did you mean 'rising'?", "known: ib, yahoo, replay, simulated")),
        ({"M8C_MARKET_DATA_PROVIDER": "broken"}, ("provider broken: No module named", "magic8_example.no_such_module")),
        ({"M8C_MARKET_DATA_PROVIDER": "wrong"}, ("provider wrong: StrategyRules is registered",)),
        ({"M8C_SCORER": "cautios"}, ("not registered in magic8.scorers", "did you mean 'cautious'?", "cautious, ml")),
        ({"M8C_STRATEGY_RULES": "momentun"}, ("did you mean 'momentum'?",)),
        ({"M8C_STRATEGY_RULES": "momentum,again"}, ("two of them are for the same strategy",)),
        ({"M8C_STRATEGY_RULES": "odd"}, ("odd is registered under magic8.strategies but is no StrategyRules",)),
    ],
    ids=lambda value: ",".join(f"{name}={text}" for name, text in value.items()) if isinstance(value, dict) else "",
)
def test_a_plugin_that_cannot_be_used_stops_the_start(
    site: Path, tmp_path: Path, settings: dict[str, str], sentences: tuple[str, ...]
) -> None:
    """Exit code 2, and one sentence that names what was found, what is known and what is nearest."""
    done = host(site, tmp_path, "settings", **settings)
    assert done.returncode == 2, done.stdout
    for sentence in sentences:
        assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_the_page_shows_the_files_of_the_package() -> None:
    """Each file stands on the page as it is run here."""
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    folder = Path(__file__).resolve().parent
    for name in (
        "pyproject.toml",
        "magic8_example/provider.py",
        "magic8_example/scorer.py",
        "magic8_example/strategy.py",
    ):
        language = "toml" if name.endswith("toml") else "python"
        assert f"```{language}\n{(folder / name).read_text(encoding='utf-8')}```" in page, name


def test_the_checks_on_the_page_pass(site: Path) -> None:
    """The last example of the page runs as it stands."""
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    code = page.rsplit("```python\n", maxsplit=1)[1].split("```", maxsplit=1)[0]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment({"PYTHONPATH": f"{site}:{ROOT}"}),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
