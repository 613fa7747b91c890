"""Synthetic downloads with a manifest of the truth: every number of the report must equal it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from magic8_ml.history.ingest import ingest

REPOSITORY = Path(__file__).resolve().parents[2]
RUNS = {
    "December 2022": ["--start", "2022-12-05", "--days", "8", "--repeat-days", "2"],
    "January 2023": ["--start", "2023-01-12", "--days", "8", "--repeat-days", "1"],
    "the first Sonars": ["--start", "2023-11-08", "--days", "6"],
    "low and high": ["--start", "2024-01-22", "--days", "4", "--outliers", "0.02"],
    "the first trades sheets": ["--start", "2024-08-01", "--days", "5", "--form-feeds", "0.05"],
    "a half day": ["--start", "2024-11-27", "--days", "3", "--delta-gaps", "0.2"],
    "every folder pattern": ["--start", "2025-06-13", "--days", "4", "--repeated-headers", "1"],
    "the layout described once": ["--start", "2025-03-06", "--days", "4", "--layout", "2025"],
    "all sheets in the oldest layout": ["--start", "2025-03-06", "--days", "2", "--layout", "2022-12"],
}


def generator() -> Path:
    """Return the generator of synthetic downloads, or skip the calling test."""
    folder = Path(os.environ.get("M8_TOOLS", REPOSITORY.parent / "shared" / "tools"))
    script = folder / "make_raw_magic8.py"
    if not script.is_file():
        pytest.skip(f"the generator is not here ({script} is missing; set M8_TOOLS)")
    return script


@pytest.mark.parametrize("name", RUNS)
def test_every_number_equals_the_manifest(name: str, tmp_path: Path) -> None:
    """Rows, joins, labels, wins, duplicates, quarantine, coverage by month and win rates are exact."""
    raw, manifest = tmp_path / "raw", tmp_path / "manifest.json"
    command = [sys.executable, generator(), "--out", raw, "--manifest", manifest, "--slots", "24", *RUNS[name]]
    subprocess.run(command, check=True, capture_output=True)
    truth = json.loads(manifest.read_text(encoding="utf-8"))
    expected, written = truth["expected"], truth["raw"]
    report = ingest(raw, tmp_path / "out").report
    rows, labels, anomalies = report["rows"], report["labels"], report["anomalies"]
    assert rows["output"] == expected["rows"]
    assert rows["profit"] == expected["rows"] + expected["duplicate_rows_dropped"]
    assert rows["duplicates"] == expected["duplicate_rows_dropped"]
    assert rows["quarantined"] == expected["quarantined_profits"]
    assert labels["known"] == expected["labelled"]
    assert labels["wins"] == expected["labels"]["wins"]
    assert labels["missing"] == expected["rows_without_profit_column"]
    assert report["joins"]["profit_and_trades"] == expected["rows_joined_with_trades"]
    assert report["delta"]["matched"] == expected["rows_joined_with_delta"]
    assert report["source_file"] == expected["source_file"]
    for key in ("zero_premiums", "negative_premiums", "rows_with_control_characters"):
        assert anomalies[key] == expected.get(key, 0), key
    for month, counts in expected["delta_coverage"].items():
        assert report["delta"]["by_month"][month] | counts == report["delta"]["by_month"][month]
    for ours, theirs in (("by_strategy", "by_strategy"), ("by_symbol", "by_symbol"), ("by_symbol_strategy",) * 2):
        shown = {name.replace("_", " "): row for name, row in report["win_rates"][ours].items()}
        assert shown == expected[theirs]
    assert report["folders"]["found"] == written["folders"]
    assert anomalies["tail_lines"] == written["tail_lines"]
    assert anomalies["repeated_headers"] == written.get("repeated_headers", 0)
    for kind in ("profit", "trades", "delta", "prediction"):
        sheet = report["sheets"][kind]
        assert (sheet["files"], sheet["lines"]) == (written.get(f"{kind}_files", 0), written.get(f"{kind}_lines", 0))
