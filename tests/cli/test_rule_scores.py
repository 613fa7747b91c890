"""``magic8 rule-scores``: past days scored by the host's own rules, as a file that train and evaluate read."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from magic8_companion.analysis.view import analyse
from magic8_companion.cli.main import main
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.domain.trading_day import BAR, require_session
from magic8_companion.providers.bar_writer import write_bar_files
from magic8_companion.providers.simulated_market import SimulatedMarket
from magic8_companion.recordings.bar_folder import BarFolder, read_daily
from magic8_companion.recordings.past_states import state_at
from magic8_companion.scoring import create_scorer

FIRST, LAST = date(2025, 3, 3), date(2025, 6, 26)


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write some months of simulated bars and the daily VIX."""
    folder = tmp_path_factory.mktemp("bars")
    write_bar_files(folder, SimulatedMarket(8), ("SPY",), FIRST, LAST)
    return folder


def run(bars: Path, out: Path, *more: str) -> int:
    """Run the command."""
    given = ["--bars-dir", str(bars), "--vix", str(bars / "vix_daily.parquet"), "--out", str(out)]
    return main(["rule-scores", *given, *more])


def test_scores_are_those_of_the_rules_at_that_moment(
    bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """25 moments of a day, each scored from what was known then: later bars change nothing."""
    out = tmp_path / "rules.parquet"
    assert run(bars, out, "--symbols", "spy", "--from", "2025-06-25") == 0
    assert capsys.readouterr().out == f"50 moments of 2 days of SPY in {out}\n"
    table = pd.read_parquet(out)
    assert list(table.columns) == ["symbol", "time", *BASE_STRATEGIES]
    session = require_session(LAST)
    today = table[table.time >= session.open_at]
    assert [at - session.open_at for at in today.time] == [timedelta(minutes=15 * n) for n in range(1, 26)]
    folder, vix = BarFolder(bars), read_daily(bars / "vix_daily.parquet").bars
    at = session.open_at + timedelta(minutes=60)
    known = folder.today("SPY", BAR, session, session.close_at).known_at(at)
    history = folder.history("SPY", BAR, require_session(date(2025, 5, 13)).open_at, session.open_at)
    expected = (
        create_scorer("simple").score(analyse(state_at("SPY", session, at, known, history, vix), "simple")).scores
    )
    row = today[today.time == at.astimezone(UTC)].iloc[0]
    assert {name: row[name] for name in BASE_STRATEGIES} == dict(expected)


def test_later_bars_do_not_change_earlier_scores(bars: Path, tmp_path: Path) -> None:
    """A file that ends earlier has the same scores as far as it goes."""
    assert run(bars, tmp_path / "all.parquet", "--symbols", "SPY", "--from", "2025-06-24") == 0
    assert run(bars, tmp_path / "part.parquet", "--symbols", "SPY", "--from", "2025-06-24", "--to", "2025-06-25") == 0
    every, part = pd.read_parquet(tmp_path / "all.parquet"), pd.read_parquet(tmp_path / "part.parquet")
    assert len(part) == 50
    pd.testing.assert_frame_equal(every[:50], part)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--symbols", "QQQ"), "QQQ: no 5-minute bars in the folder"),
        (("--symbols", "SPY", "--from", "2025-07-01"), "no moment of SPY"),
    ],
)
def test_what_cannot_be_scored_is_one_sentence(
    bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    """Exit code 1 and no file."""
    assert run(bars, tmp_path / "rules.parquet", *words) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "rules.parquet").exists()
