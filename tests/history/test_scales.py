"""Robust ranges, the rule, the preset, and where they differ."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pyarrow as pa
import pytest

from magic8_companion.domain.strategy import HISTORY_STRATEGIES, MAGIC8_SYMBOLS
from magic8_ml.__main__ import main
from magic8_ml.history.ingest import ingest
from magic8_ml.history.scale_groups import preset_group
from magic8_ml.history.scales import measure_scales, rule_group, scale_groups, scale_stats
from magic8_ml.history.scales_plot import plot_scales

SVG = "{http://www.w3.org/2000/svg}"
FIXTURES = Path(__file__).parent / "fixtures" / "raw"


def rows(symbol: str, strategy: str, profits: list[float | None], first: date = date(2024, 1, 2)) -> pa.Table:
    """Return one row a day."""
    return pa.table(
        {
            "date": [first + timedelta(days=n) for n in range(len(profits))],
            "symbol": [symbol] * len(profits),
            "strategy": [strategy] * len(profits),
            "profit": pa.array(profits, pa.float64()),
            "win": pa.array([None if profit is None else int(profit > 0) for profit in profits], pa.int8()),
        }
    )


def test_the_range_is_robust_and_ignores_missing_labels() -> None:
    """R runs from the 0.5th to the 99.5th percentile; one wild value does not move it."""
    profits: list[float | None] = [*np.linspace(-500, 500, 1001).tolist(), 1e6, None, None]
    (scale,) = measure_scales(rows("SPX", "Vertical", profits))
    assert scale.count == 1002
    assert scale.range_usd == pytest.approx(990, abs=2)
    assert (scale.max_usd, scale.by_rule, scale.by_preset) == (1e6, "medium", "medium")


def test_the_preset_is_the_products_table() -> None:
    """Large: NDX, RUT, SPX butterflies and condors; medium: SPY and the rest of SPX; small: all others."""
    groups = {(symbol, name): preset_group(symbol, name) for symbol in MAGIC8_SYMBOLS for name in HISTORY_STRATEGIES}
    large = {pair for pair, group in groups.items() if group == "large"}
    medium = {pair for pair, group in groups.items() if group == "medium"}
    assert large == {(symbol, name) for symbol in ("NDX", "RUT") for name in HISTORY_STRATEGIES} | {
        ("SPX", "Butterfly"),
        ("SPX", "Iron_Condor"),
    }
    assert medium == {("SPY", name) for name in HISTORY_STRATEGIES} | {("SPX", "Vertical"), ("SPX", "Sonar")}


@pytest.mark.parametrize(("usd", "group"), [(1000.01, "large"), (1000, "medium"), (100, "medium"), (99.99, "small")])
def test_the_rule_has_two_borders(usd: float, group: str) -> None:
    """Large above 1,000 $, small below 100 $."""
    assert rule_group(usd) == group


def test_differences_between_rule_and_preset_are_listed() -> None:
    """A one-point XSP vertical spans more than 100 $: small by preset, medium by rule."""
    table = pa.concat_tables(
        [rows("XSP", "Vertical", [-90.0, 15.0] * 40), rows("NDX", "Butterfly", [-1000.0, 9000.0] * 40)]
    )
    groups = scale_groups(measure_scales(table))
    assert groups["differences"] == [{"pair": "XSP_Vertical", "preset": "small", "rule": "medium", "range_usd": 105.0}]
    assert "XSP_Vertical" in groups["small_scale"]
    assert groups["by_rule"]["large_scale"] == ["NDX_Butterfly"]
    assert sum(len(groups[f"{name}_scale"]) for name in ("large", "medium", "small")) == 32


def test_a_model_of_its_own_needs_rows_sessions_and_both_classes() -> None:
    """100 rows are not enough if they are of few days or of one outcome."""
    enough = rows("SPX", "Sonar", [50.0, -50.0, 50.0] * 40)
    one_sided = rows("SPY", "Sonar", [50.0] * 119 + [-50.0])
    few_days = pa.concat_tables([rows("QQQ", "Sonar", [50.0, -50.0] * 10)] * 10)
    scales = measure_scales(pa.concat_tables([enough, one_sided, few_days]))
    assert {scale.symbol: scale.own_model for scale in scales} == {"SPX": True, "SPY": False, "QQQ": False}
    assert scale_groups(scales)["recommended_models"]["own_model"] == ["SPX_Sonar"]
    assert scale_groups(scales)["recommended_models"]["with_medium_scale"] == ["SPY_Sonar"]


def test_statistics_have_the_keys_of_the_contract() -> None:
    """count, averages, extremes and range stand under symbol_strategy."""
    stats = scale_stats(measure_scales(rows("SPX", "Butterfly", [-100.0, 300.0])))
    assert {"count", "avg_profit", "min_profit", "max_profit", "std_profit", "profit_range"} <= set(
        stats["SPX_Butterfly"]
    )
    assert stats["SPX_Butterfly"]["avg_profit"] == 100.0


def test_the_picture_is_well_formed() -> None:
    """One bar for each pair, within the frame, even for extreme values; its numbers are a tooltip."""
    picture = plot_scales(measure_scales(rows("SPX", "Butterfly", [-1e9, 1e9] * 50)))
    root = ET.fromstring(picture)  # noqa: S314 - our own picture
    bars = {bar: tip for bar in root.iter(f"{SVG}rect") if (tip := bar.findtext(f"{SVG}title"))}
    ((bar, tip),) = bars.items()
    assert tip == "-$1,000,000,000 to $1,000,000,000, R $2,000,000,000"
    assert float(bar.get("x", 0)) + float(bar.get("width", 0)) <= float(root.get("width", 0))
    assert "SPX_Butterfly" in {item.text for item in root.iter(f"{SVG}text")}


def test_the_command_writes_three_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Statistics, groups and picture next to the data set, a line for each pair on the screen."""
    ingest(FIXTURES, tmp_path)
    assert main(["scales", "--data", str(tmp_path)]) == 0
    assert "SPX_Butterfly" in capsys.readouterr().out
    assert json.loads((tmp_path / "profit_scale_stats.json").read_text())["SPX_Sonar"]["count"] == 8
    assert (tmp_path / "profit_scales.svg").read_text().startswith("<svg")
    assert main(["scales", "--data", str(tmp_path / "nothing")]) == 1
