"""A market as the files that users have."""

from __future__ import annotations

from pathlib import Path

from tests.forecast.markets import Market


def files_of(market: Market, folder: Path) -> list[str]:
    """Write the market as files; return the words that name them."""
    (folder / "bars").mkdir()
    market.bars["SPY"].frame().to_parquet(folder / "bars" / "spy.parquet")
    market.vix.frame().rename_axis("date").reset_index().to_csv(folder / "vix.csv", index=False)
    return ["--bars-dir", str(folder / "bars"), "--vix", str(folder / "vix.csv")]
