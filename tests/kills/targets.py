"""The commands that are killed: a played day, a host on today's clock, a training, a promotion, an ingest."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.forecast.markets import make_market
from tests.kills.killing import Target, copy_tree
from tests.registry.made_models import add, manifest

RAW: Final = Path(__file__).resolve().parents[1] / "history" / "fixtures" / "raw"
HOST: Final = "magic8_companion.unified_main"
RULES: Final = {"M8C_ENABLE_ML_INTEGRATION": "false", "M8C_ENABLE_ML_5MIN": "false"}
DAY: Final = ["--date", "2025-06-26", "--symbols", "SPX,SPY", "--output-dir", "out"]
PRACTICE: Final = [*DAY, "--practice"]
TRAIN: Final = ["train", "--bars-dir", "bars", "--vix", "vix.csv", "--out", "ml"]
INGEST: Final = ["ingest", "--raw", "raw", "--out", "history", "--quiet"]
CONTENTS: Final = (b"first", b"second")


def _market(folder: Path) -> None:
    drawn = make_market(190)
    (folder / "bars").mkdir()
    drawn.bars["SPY"].frame().to_parquet(folder / "bars" / "spy.parquet")
    drawn.vix.frame().rename_axis("date").reset_index().to_csv(folder / "vix.csv", index=False)


def _versions(folder: Path) -> None:
    assert tuple(add(folder / "ml" / "models", content=content) for content in CONTENTS) == VERSIONS


def _promote(number: int) -> list[str]:
    return ["models", "promote", VERSIONS[number % 2], "--path", "ml"]


def _names() -> tuple[str, str]:
    first, second = (str(manifest(content=content)["model_version"]) for content in CONTENTS)
    return first, second


VERSIONS: Final = _names()
TARGETS: Final = (
    Target(
        name="played day", words=lambda _: DAY, longest_s=2.5, finish=DAY, is_host=True, module=HOST, settings=RULES
    ),
    Target(
        name="host",
        words=lambda _: PRACTICE,
        longest_s=4.0,
        finish=[*PRACTICE, "--speed", "100000"],
        is_host=True,
        module=HOST,
        settings=RULES,
    ),
    Target(name="training", words=lambda _: TRAIN, longest_s=6.0, prepare=_market, finish=TRAIN),
    Target(name="promotion", words=_promote, longest_s=1.2, prepare=_versions, finish=_promote(0)),
    Target(
        name="ingest",
        words=lambda _: INGEST,
        longest_s=2.5,
        prepare=lambda folder: copy_tree(RAW, folder / "raw"),
        finish=INGEST,
    ),
)
