"""Put the structure of a trade into its entry: one rule for checkpoints and 5-minute answers; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from magic8_companion.domain.blockers import block
from magic8_companion.domain.codes import Blocker, VerticalSide
from magic8_companion.domain.ml_result import Prediction
from magic8_companion.domain.recommendation import Entry
from magic8_companion.domain.strategy import BUTTERFLY, IRON_CONDOR, VERTICAL
from magic8_companion.domain.structure import (
    SIDE_OF,
    UNSPECIFIED_VERTICALS,
    VerticalSpread,
    structure_of,
    vertical_of,
)

_WITHOUT_LEGS: Final[Mapping[str, str]] = {BUTTERFLY: "butterfly", IRON_CONDOR: "iron condor"}


def with_structure(
    strategy: str, entry: Entry, prediction: Prediction | None, side: VerticalSide | None = None
) -> Entry:
    """Return the entry of a base strategy with its structure, and of a Vertical with side, right and action.

    They are those of the ticket.  Without a ticket they are those of the trade that the model's probabilities are
    about, which becomes ``modelled`` when the model names strikes.  Without either, the right of a Vertical is open and
    ``side`` is its side, unless the model has a direction.  A Vertical without a side is blocked: it could be approved
    for two opposite trades.
    """
    if entry.ticket is None and prediction is not None:
        entry = replace(entry, modelled=prediction.modelled.get(strategy))
    trade = entry.ticket or entry.modelled
    structure = None if trade is None else structure_of(trade.legs)
    if strategy != VERTICAL:
        return replace(entry, structure=structure or _WITHOUT_LEGS.get(strategy))
    spread = _vertical(entry, prediction)
    if spread is not None:
        return replace(
            entry, side=spread.side, right=spread.right, action=spread.action, structure=structure or spread.structure
        )
    side = side_of_vertical(prediction, side)
    return require_side(strategy, replace(entry, side=side, structure=UNSPECIFIED_VERTICALS.get(side)))


def side_of_vertical(prediction: Prediction | None, side: VerticalSide | None = None) -> VerticalSide | None:
    """Return bull or bear: of the vertical that the model means, else of its direction, else ``side``."""
    if prediction is None:
        return side
    return prediction.vertical.side if prediction.vertical is not None else SIDE_OF.get(prediction.direction, side)


def require_side(strategy: str, entry: Entry) -> Entry:
    """Return the entry, blocked when it is a Vertical without a side."""
    return block(entry, Blocker.NO_SIDE) if strategy == VERTICAL and entry.side is None else entry


def _vertical(entry: Entry, prediction: Prediction | None) -> VerticalSpread | None:
    trade = entry.ticket or entry.modelled
    if trade is not None:
        return vertical_of(trade.legs)
    return None if prediction is None else prediction.vertical
