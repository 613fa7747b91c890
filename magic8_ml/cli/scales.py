"""``magic8 scales --data DIR``: the profit range of each symbol and strategy in dollars."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from magic8_companion.command_line import DIR, command, echo, new_table, print_table
from magic8_ml.history.dataset import HistoryStore
from magic8_ml.history.scales import COLUMNS, ProfitScale, measure_scales, scale_groups, scale_stats
from magic8_ml.history.scales_plot import plot_scales


@command("scales", "Measure the profit range of each symbol and strategy in dollars.")
@click.option("--data", type=DIR, required=True, help="folder of the data set that ingest wrote")
@click.option("--out", type=DIR, help="folder of the results; default: that of the data set")
def scales_command(data: Path, out: Path | None) -> None:
    """Measure, write and print the scales."""
    store = HistoryStore(data)
    if not store.months():
        raise click.ClickException(f"{data} has no history; run: magic8 ingest")
    scales = measure_scales(store.read(COLUMNS))
    results = HistoryStore(out or data)
    results.write_json("profit_scale_stats.json", scale_stats(scales))
    results.write_json("profit_scale_groups.json", scale_groups(scales))
    results.write_bytes("profit_scales.svg", plot_scales(scales).encode())
    _print(scales)
    echo(f"written: {results.out / 'profit_scales.svg'}, profit_scale_stats.json, profit_scale_groups.json")


def _print(scales: Sequence[ProfitScale]) -> None:
    numbers = ("range R $", "labels", "sessions")
    table = new_table("symbol and strategy", "group", *numbers, "model", "group by range", right=numbers)
    for scale in scales:
        by_range = "" if scale.by_rule == scale.by_preset else scale.by_rule
        figures = (f"{scale.range_usd:,.0f}", f"{scale.count:,}", f"{scale.sessions}")
        table.add_row(scale.key, scale.by_preset, *figures, "own" if scale.own_model else "pooled", by_range)
    print_table(table)
