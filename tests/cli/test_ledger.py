"""The command: files in, the same bytes out each time, limits with every result, and one sentence where it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from magic8_ml.__main__ import main
from magic8_ml.history.ledger_report import LIMITS
from magic8_ml.history.ledger_table import SCHEMA
from tests.history.simulated_ledger import write_files
from tests.real_data import real_data_dir


def command(bars: Path, vix: Path, out: Path, *more: str) -> int:
    """Run ``ledger`` with these files."""
    return main(["ledger", "--bars-dir", str(bars), "--vix", str(vix), "--out", str(out), *more])


def asked(first: str, last: str, symbols: str = "SPY,QQQ") -> tuple[str, ...]:
    """Return the options that say what is wanted."""
    return ("--symbols", symbols, "--from", first, "--to", last)


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every file of two runs is equal byte for byte; the limits stand in print, report and parquet."""
    files = write_files(tmp_path)
    for name in ("one", "two"):
        assert command(*files, tmp_path / name, *asked("2024-05-20", "2024-06-28")) == 0
    one, two = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("one", "two")
    )
    assert one == two
    assert sorted(map(str, one)) == [
        "ledger/month=2024-05/trades.parquet",
        "ledger/month=2024-06/trades.parquet",
        "ledger_report.json",
    ]
    printed = capsys.readouterr().out
    report = json.loads((tmp_path / "one" / "ledger_report.json").read_bytes())
    stored = pq.read_schema(tmp_path / "one" / "ledger/month=2024-05/trades.parquet")
    assert report["limits"] == list(LIMITS)
    assert all(sentence in printed for sentence in LIMITS)
    assert stored.metadata[b"limits"].decode().split("\n") == list(LIMITS)
    assert stored.equals(SCHEMA)


def test_report_counts_what_is_written(tmp_path: Path) -> None:
    """Rows, base rates and reasons are those of the rows on disk; every cell shows all three scenarios."""
    out = tmp_path / "out"
    assert command(*write_files(tmp_path), out, *asked("2024-06-03", "2024-06-14"), "--price-maker", "today") == 0
    rows = pq.read_table(out / "ledger" / "month=2024-06" / "trades.parquet").to_pylist()
    report = json.loads((out / "ledger_report.json").read_bytes())
    assert report["rows"]["rows"] == len(rows) == 3 * report["rows"]["trades"]
    assert report["rows"]["days"] == 10
    assert report["rows"]["trades"] + sum(report["dropped_trades"].values()) == 10 * 23 * 6 * 2
    assert {row["price_maker"] for row in rows} == {"today"}
    cells = [
        cell for cell in report["base_rates"] if cell.get("strategy") == "Vertical" and cell.get("symbol") == "QQQ"
    ]
    assert [cell["scenario"] for cell in cells] == ["low", "base", "high"]
    for cell in cells:
        same = [row for row in rows if row["strategy"] == "Vertical" and row["symbol"] == "QQQ"]
        same = [row for row in same if row["scenario"] == cell["scenario"]]
        assert cell["trades"] == len(same)
        assert cell["win_rate"] == pytest.approx(sum(row["win"] for row in same) / len(same))
        free = [row for row in same if not row["pin_risk"]]
        width = [row["strike2"] - row["strike1"] for row in free]
        net = sum(row["net"] / w for row, w in zip(free, width, strict=True))
        risk = sum(row["risk"] / w for row, w in zip(free, width, strict=True))
        assert cell["net_per_risk"] == pytest.approx(net / risk)


def test_months_of_an_earlier_ledger_do_not_stay(tmp_path: Path) -> None:
    """A folder holds one ledger: what was written before and is not asked for now is gone."""
    files, out = write_files(tmp_path, ("SPY",)), tmp_path / "out"
    assert command(*files, out, *asked("2024-05-01", "2024-05-10", "SPY")) == 0
    assert command(*files, out, *asked("2024-06-03", "2024-06-10", "SPY")) == 0
    assert [path.parent.name for path in out.rglob("*.parquet")] == ["month=2024-06"]


def test_without_a_range_and_symbols_all_is_taken(tmp_path: Path) -> None:
    """Every symbol of the folder, from the first day of the bars to the last; the report says which."""
    out = tmp_path / "out"
    assert command(*write_files(tmp_path), out) == 0
    told = json.loads((out / "ledger_report.json").read_bytes())["asked"]
    days = pq.read_table(out / "ledger").column("date").unique().to_pylist()
    assert told["symbols"] == ["QQQ", "SPY"]
    assert told["from"] < str(min(days)) <= str(max(days)) == told["to"]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (asked("2024-06-10", "2024-06-03", "SPY"), "the range is empty"),
        (asked("2023-10-02", "2023-10-20", "SPY"), "no trade from 2023-10-02 to 2023-10-20"),
        (asked("2024-06-03", "2024-06-10", "TSLA"), "no complete day of 5-minute bars of TSLA"),
    ],
)
def test_refusals_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], sentence: str
) -> None:
    """What cannot be done is said on standard error, and nothing is written."""
    assert command(*write_files(tmp_path, ("SPY",)), tmp_path / "out", *more) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_missing_vix_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is no ledger without the VIX."""
    folder, _ = write_files(tmp_path, ("SPY",))
    assert command(folder, tmp_path / "none.csv", tmp_path / "out", *asked("2024-06-03", "2024-06-10", "SPY")) == 1
    assert "none.csv is not there" in capsys.readouterr().err


@pytest.mark.real_data
def test_the_anchor_holds_on_a_real_year(tmp_path: Path) -> None:
    """SPY and QQQ 2024-25: of no structure is a gain or loss at mid proven; one year proves no more than that."""
    folder = tmp_path / "bars"
    folder.mkdir()
    for name in ("spy", "qqq"):
        (folder / f"{name}.parquet").symlink_to(real_data_dir() / f"{name}_5m_2024-08_2025-08.parquet")
    vix = real_data_dir() / "vix_daily_1990-2021_2024-2025-08.parquet"
    assert command(folder, vix, tmp_path / "out", *asked("2024-08-09", "2025-08-08")) == 0
    report = json.loads((tmp_path / "out" / "ledger_report.json").read_bytes())
    assert report["rows"]["trades"] > 90_000
    assert report["rows"]["days"] > 160
    assert report["rows"]["half_day_trades"] > 0
    assert len(report["anchoring"]) == 12
    assert all(cell["zero_in_interval"] for cell in report["anchoring"])
