"""``python -m magic8_ml scales --data DIR``: how many dollars each symbol and strategy moves."""

from __future__ import annotations

import argparse
import sys

from magic8_companion.command_line import as_path
from magic8_ml.history.dataset import HistoryStore
from magic8_ml.history.scales import COLUMNS, ProfitScale, measure_scales, scale_groups, scale_stats
from magic8_ml.history.scales_plot import plot_scales


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--data", type=as_path, required=True, help="folder of the data set that ingest wrote")
    parser.add_argument("--out", type=as_path, help="folder of the results (default: the data set's)")


def run(args: argparse.Namespace) -> int:
    """Run it; return 0, or 2 if there is no data set."""
    store = HistoryStore(args.data)
    if not store.months():
        print(f"{args.data} holds no history; run: python -m magic8_ml ingest", file=sys.stderr)
        return 2
    scales = measure_scales(store.read(COLUMNS))
    results = HistoryStore(args.out or args.data)
    results.write_json("profit_scale_stats.json", scale_stats(scales))
    results.write_json("profit_scale_groups.json", scale_groups(scales))
    results.write_bytes("profit_scales.svg", plot_scales(scales).encode())
    print("\n".join(map(_line, scales)))
    print(f"written    {results.out / 'profit_scales.svg'}, profit_scale_stats.json, profit_scale_groups.json")
    return 0


def _line(scale: ProfitScale) -> str:
    differs = "" if scale.by_rule == scale.by_preset else f"  (by its range {scale.by_rule})"
    own = "own model" if scale.own_model else "pooled"
    return (
        f"{scale.key:20} {scale.by_preset:7} R {scale.range_usd:9,.0f} $ over {scale.count:,} labels of"
        f" {scale.sessions} sessions, {own}{differs}"
    )
