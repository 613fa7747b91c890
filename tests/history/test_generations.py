"""Every header that Magic8 ever wrote, one folder of each, against a table of what is in it."""

from __future__ import annotations

from datetime import date, time, timedelta
from pathlib import Path

import pandas as pd
import pytest

from magic8_companion.domain.trading_day import session_on
from magic8_ml.history.dataset import HistoryStore
from magic8_ml.history.ingest import ingest
from magic8_ml.history.schema import COLUMN_COUNT, IDENTITY, SCHEMA
from tests.history.raw_days import Signal, butterfly, delta_row, sonar, vertical, write_folder

FIXTURES = Path(__file__).parent / "fixtures"
FOLDERS = sorted(path.name for path in (FIXTURES / "raw").iterdir())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> HistoryStore:
    """Ingest all fixture folders once."""
    out = tmp_path_factory.mktemp("history")
    ingest(FIXTURES / "raw", out)
    return HistoryStore(out)


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_generation_is_read_to_the_cent(store: HistoryStore, folder: str) -> None:
    """Clock, numbers, labels, quarantine and origin of each row are those of the table."""
    read = store.read().to_pandas()
    expected = pd.read_csv(FIXTURES / "expected.csv")
    read = read[read["profit_ref"].str.startswith(folder)].reset_index(drop=True)
    expected = expected[expected["date"].isin(read["date"].astype(str))].reset_index(drop=True)
    assert len(read) == len(expected) > 0
    read["timestamp"] = read["timestamp"].dt.strftime("%Y-%m-%dT%H:%MZ")
    for column in expected.columns:
        shown, wanted = read[column].astype(object), expected[column].astype(object)
        same = (shown.isna() & wanted.isna()) | (shown.astype(str) == wanted.astype(str))
        numeric = pd.to_numeric(read[column], errors="coerce") == pd.to_numeric(expected[column], errors="coerce")
        assert (same | numeric).all(), column


def test_the_columns_are_those_of_the_contract(store: HistoryStore) -> None:
    """56 columns in a fixed order, typed; identity columns are never null."""
    table = store.read()
    assert table.schema.equals(SCHEMA)
    assert table.schema.names[COLUMN_COUNT - 1] == "format_year"
    assert table.schema.names[23:30] == ["strike1", "direction1", "type1", "bid1", "ask1", "mid1", "strike2"]
    assert all(table[name].null_count == 0 for name in IDENTITY)


def test_oddities_of_the_sheets_are_counted(store: HistoryStore, tmp_path: Path) -> None:
    """Tails, repeated headers and form feeds are counted, and no row is lost to them."""
    report = ingest(FIXTURES / "raw", tmp_path).report
    anomalies = report["anomalies"]
    assert (anomalies["tail_lines"], anomalies["repeated_headers"]) == (42, 7)
    assert anomalies["rows_with_control_characters"] == 7
    assert anomalies["quarantined_labels"] == {"outside_bounds": 6}
    assert report["rows"]["prediction"] == 2
    assert report["rows"]["output"] == report["rows"]["profit"] == store.read().num_rows


def test_legs_come_from_the_sentence_where_there_is_no_trades_sheet(store: HistoryStore) -> None:
    """Strikes, directions and types are filled in the order of the trades sheet; quotes stay missing."""
    rows = store.read().to_pandas()
    names = [f"{name}{leg}" for leg in (1, 2, 3, 4) for name in ("strike", "direction", "type")]
    with_sheet = rows[(rows["date"] == date(2024, 8, 5)) & (rows["symbol"] == "SPX")][["strategy", "time", *names]]
    without = rows[(rows["date"] == date(2024, 1, 23)) & (rows["symbol"] == "SPX")][["strategy", "time", *names]]
    pd.testing.assert_frame_equal(with_sheet.reset_index(drop=True), without.reset_index(drop=True))
    assert rows[rows["date"] == date(2024, 1, 23)]["mid1"].isna().all()


SPX_AND_OTHERS = ("SPX", "SPY", "QQQ", "XSP", "NDX", "RUT", "AAPL", "TSLA")

# period, day, symbols, strategies, lines of the tail, lines of the file without its header
FULL_DAYS = (
    ("2022-12", date(2022, 12, 12), 6, 3, 102, 1488),
    ("2023", date(2023, 1, 24), 5, 3, 166, 1321),
    ("2023", date(2023, 1, 23), 6, 3, 199, 1585),
    ("2023", date(2023, 1, 27), 8, 3, 265, 2113),
    ("2023-11", date(2023, 11, 14), 5, 4, 112, 1652),
    ("2023-11", date(2023, 11, 13), 6, 4, 112, 1960),
    ("2024", date(2024, 1, 26), 8, 4, 112, 2576),
)


@pytest.mark.parametrize(("layout", "day", "symbols", "strategies", "tail", "lines"), FULL_DAYS)
def test_a_full_day_has_the_rows_of_its_period(
    tmp_path: Path, layout: str, day: date, symbols: int, strategies: int, tail: int, lines: int
) -> None:
    """Slots x symbols x strategies rows are read from a file of the length that its period has."""
    moments = [(timedelta(hours=9, minutes=35) + timedelta(minutes=5 * slot)) for slot in range(77)]
    signals = []
    for moment in moments:
        at = time(moment.seconds // 3600, moment.seconds // 60 % 60)
        for symbol in SPX_AND_OTHERS[:symbols]:
            condor = Signal(day=day, at=at, symbol=symbol)
            signals += [butterfly(condor), condor, vertical(condor), sonar(condor)][:strategies]
    name = f"{day.month}-{day.day}-{day.year}-5568E" if day.year == 2022 else f"{day}-5568E"
    write_folder(tmp_path / "raw", name, profit=signals, layout=layout, tail=[["Wins", 1.0]] * tail)
    report = ingest(tmp_path / "raw", tmp_path / "out").report
    assert report["sheets"]["profit"]["lines"] == lines
    assert report["rows"]["output"] == 77 * symbols * strategies == lines - tail
    assert report["calendar"]["missing_slots"] == {}


def test_a_half_day_ends_at_13_00(tmp_path: Path) -> None:
    """42 slots from 09:35 to 13:00 are expected on a half day, in UTC of the season."""
    day = date(2024, 11, 29)
    session = session_on(day)
    assert session is not None
    assert session.is_half_day
    write_folder(tmp_path / "raw", f"{day}-5568E", profit=[Signal(day=day)], delta=[delta_row(day, time(9, 35))])
    report = ingest(tmp_path / "raw", tmp_path / "out").report
    missing = report["calendar"]["missing_slots"][day.isoformat()]
    assert (len(missing), missing[0], missing[-1]) == (41, "09:40", "13:00")
