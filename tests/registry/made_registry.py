"""A registry with a real history, made once for the room: a champion trained, then retrained on ten more sessions."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from magic8_ml.forecast.training.retrain import RetrainingResult, retrain
from magic8_ml.forecast.training.train import train
from magic8_ml.registry.versions import Registry
from tests.forecast.markets import Market, make_market, session_of

NEW_SESSIONS = 10


@dataclass(frozen=True)
class Retraining:
    """What happened: the market, the first champion, and what the retraining decided; ``out`` is not to be changed."""

    market: Market
    first: str
    decided: RetrainingResult
    out: Path


def retrain_once(out: Path) -> Retraining:
    """Train on all but the newest ten sessions of a market, then retrain on all of it."""
    market = make_market(190)
    _, last = session_of(market.bars["SPY"], -NEW_SESSIONS - 1)
    first = train(market.bars, market.vix, out, last_day=last.day).model_version
    return Retraining(market=market, first=first, decided=retrain(market.bars, market.vix, out), out=out)


def copy_registry(retraining: Retraining, folder: Path) -> Registry:
    """Copy the registry: the first version is champion, the retrained one is challenger."""
    registry = Registry(shutil.copytree(retraining.out, folder / "ml") / "models")
    registry.promote(retraining.first, "test")
    return registry
