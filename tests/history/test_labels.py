"""Which profits become labels, and why the others do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pandas as pd
import pytest

from magic8_ml.history.dataset import HistoryStore
from magic8_ml.history.ingest import IngestOptions, ingest
from tests.history.raw_days import Signal, butterfly, write_folder

DAY = date(2024, 8, 5)
CONDOR = Signal(day=DAY)
"""Sold at 0.57 with width 10: 57 $ at best, -943 $ at worst; at its close of 5903.59 it wins 57 $."""


def ingested(tmp_path: Path, *signals: Signal, layout: str = "2024", **options: bool) -> tuple[pd.DataFrame, dict]:
    """Ingest one folder of these signals; return rows and report."""
    day = signals[0].day
    name = f"{day.month}-{day.day}-{day.year}-5568E" if day.year == 2022 else f"{day}-5568E"
    write_folder(tmp_path / "raw", name, profit=signals, layout=layout)
    result = ingest(tmp_path / "raw", tmp_path / "out", IngestOptions(**options))
    return HistoryStore(tmp_path / "out").read().to_pandas(), result.report


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (57.0, None),
        (59.9, None),  # 1 $ and 4 contracts x half a cent of the close x 100
        (60.1, "outside_bounds"),
        (54.0, "ok"),
        (53.9, "disagrees_with_payoff"),
        (-57.0, "disagrees_with_payoff"),
        (-943.0, "disagrees_with_payoff"),
        (-947.0, "outside_bounds"),
        (0.0, "disagrees_with_payoff"),
        (2314.68, "outside_bounds"),
    ],
)
def test_a_profit_is_held_against_its_payoff(tmp_path: Path, shown: float, reason: str | None) -> None:
    """Beyond bounds or tolerance the label goes, the value stays in ``raw``, the reason is recorded."""
    rows, report = ingested(tmp_path, replace(CONDOR, shown_profit=shown))
    row = rows.iloc[0]
    bad = reason not in {None, "ok"}
    assert row["raw"] == shown
    assert row["profit_recomputed"] == 57.0
    assert pd.isna(row["profit"]) == bad
    assert pd.isna(row["win"]) == bad
    assert report["labels"]["quarantined"] == ({reason: 1} if bad else {})


def test_exactly_zero_is_a_loss(tmp_path: Path) -> None:
    """A profit of 0 is known, and no win; binary noise does not change that."""
    fly = replace(butterfly(CONDOR), closed=5878.27)
    rows, _ = ingested(tmp_path, fly, replace(fly, at=time(9, 40), shown_profit=0.0))
    assert (rows["profit"].tolist(), rows["win"].tolist()) == ([0.0, 0.0], [0, 0])
    assert rows["profit_recomputed"].tolist() == [0.0, 0.0]


def test_no_profit_means_no_label(tmp_path: Path) -> None:
    """December 2022 has no profit column: neither wins nor losses come of it."""
    rows, report = ingested(tmp_path, replace(CONDOR, day=date(2022, 12, 12)), layout="2022-12")
    assert rows["win"].isna().all()
    assert rows["label_source"].isna().all()
    assert (report["labels"]["known"], report["labels"]["missing"]) == (0, 1)


def test_the_payoff_may_stand_in_for_december_2022_and_says_so(tmp_path: Path) -> None:
    """On request the payoff at the close is the label, marked as such."""
    rows, report = ingested(tmp_path, replace(CONDOR, day=date(2022, 12, 12)), layout="2022-12", payoff_labels=True)
    assert rows[["profit", "win", "label_source"]].iloc[0].tolist() == [57.0, 1, "payoff"]
    assert report["labels"]["known"] == 1


@pytest.mark.parametrize(
    ("layout", "day", "source"),
    [("2023", date(2023, 2, 1), "profit"), ("2024", DAY, "raw"), ("2025", date(2025, 6, 17), "profit")],
)
def test_the_label_names_its_column(tmp_path: Path, layout: str, day: date, source: str) -> None:
    """``Profit`` counts where there is one, else ``Raw``."""
    rows, _ = ingested(tmp_path, replace(CONDOR, day=day), layout=layout)
    assert rows["label_source"].tolist() == [source]


def test_the_result_with_a_stop_is_a_label_of_its_own(tmp_path: Path) -> None:
    """A condor that ran through its stop loses to expiry and less when managed: two columns, never one."""
    rows, report = ingested(tmp_path, replace(CONDOR, closed=5995.25))
    assert rows[["profit", "managed", "win", "win_managed"]].iloc[0].tolist() == [-468.0, -114.0, 0, 0]
    assert report["win_rates"]["all"]["managed_win_rate"] == 0.0


def test_a_negative_credit_is_believed(tmp_path: Path) -> None:
    """A condor sold at -0.05 costs 5 $: its best result is -5 $, which is valid and a loss."""
    rows, report = ingested(tmp_path, replace(CONDOR, premium=-0.05))
    assert (rows["profit"].tolist(), rows["win"].tolist()) == ([-5.0], [0])
    assert report["anomalies"]["negative_premiums"] == 1


def test_a_month_that_disagrees_is_reported_first(tmp_path: Path) -> None:
    """More than 1 % disagreement is about price or units: the first alert says so."""
    good = [replace(CONDOR, at=time(10, minute)) for minute in range(50)]
    rows, report = ingested(tmp_path, *good, replace(CONDOR, shown_profit=-57.0))
    assert report["labels"]["by_month"]["2024-08"]["quarantined_share"] == pytest.approx(1 / 51, abs=1e-6)
    assert report["alerts"][0].startswith("2024-08: 2.0% of the checked profits disagree")
    assert len(rows) == 51
