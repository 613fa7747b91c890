"""``python -m magic8_ml tune``: the newest year is never looked at, and no trial goes uncounted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from magic8_companion.domain.bars import Bars
from magic8_ml.__main__ import main
from magic8_ml.forecast.session_table import session_table
from tests.forecast.markets import Market, make_market

SESSIONS = 430


@pytest.fixture(scope="module")
def market() -> Market:
    """Draw a market that leaves 178 sessions before the reserved ones."""
    return make_market(SESSIONS)


def write(folder: Path, bars: Bars, market: Market) -> list[str]:
    """Write files; return the words that name them."""
    (folder / "bars").mkdir(parents=True)
    bars.frame().to_parquet(folder / "bars" / "spy.parquet")
    market.vix.frame().rename_axis("date").reset_index().to_csv(folder / "vix.csv", index=False)
    return ["--bars-dir", str(folder / "bars"), "--vix", str(folder / "vix.csv"), "--out", str(folder)]


def test_the_newest_year_is_never_looked_at(market: Market, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Other prices in the last 252 sessions leave every loss as it is; table and log tell what was tried."""
    bars = market.bars["SPY"]
    border = session_table().opens[int(np.searchsorted(session_table().opens, bars.starts[-1])) - 252]
    kept = bars.starts < border
    spoilt = replace(bars, **{n: np.where(kept, getattr(bars, n), 7.0) for n in ("open", "high", "low", "close")})
    for name, series in (("real", bars), ("spoilt", spoilt)):
        folder = tmp_path / name
        assert main(["tune", *write(folder, series, market), "--trials", "2"]) == 0
    real, other = (orjson.loads((tmp_path / name / "tuned.json").read_bytes()) for name in ("real", "spoilt"))
    assert real == other
    assert len(real["trials"]) == 2
    lines = [orjson.loads(line) for line in (tmp_path / "real" / "trials.jsonl").read_bytes().splitlines()]
    assert [line["figures"]["qlike"] for line in lines] == [trial["loss"] for trial in real["trials"]]
    assert real["trained_until"] in capsys.readouterr().out


def test_what_cannot_be_done_is_refused(market: Market, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Too many trials, too little history, no cluster: one sentence, exit code 1, nothing logged."""
    words = write(tmp_path, market.bars["SPY"], market)
    session = session_table().sessions[session_table().position(make_market(1).bars["SPY"].first_start.date()) + 300]
    for more, sentence in (
        (["--trials", "41"], "1 to 40 are allowed"),
        (["--end-date", session.day.isoformat()], "reserved for evaluation"),
        (["--end-date", "2023-10-02"], "there are no earlier ones"),
        (["--dask", "nowhere://"], "ask"),
    ):
        assert main(["tune", *words, *more]) == 1
        assert sentence in capsys.readouterr().err
    assert not (tmp_path / "trials.jsonl").exists()
