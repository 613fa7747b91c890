"""Which side a checkpoint's Vertical is on, and the structure of every entry as data; pure."""

from __future__ import annotations

from dataclasses import replace

from magic8_companion.domain.codes import VerticalSide
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.ml_result import Prediction
from magic8_companion.domain.recommendation import Entry
from magic8_companion.domain.strategy import VERTICAL
from magic8_companion.domain.structure import BEAR, BULL, SIDE_OF, structure_of, vertical_of


def side_of_vertical(state: MarketState, prediction: Prediction | None) -> VerticalSide | None:
    """Return bull or bear: of the vertical that the model means, else of its direction, else of the day so far.

    None when there is neither a model nor a bar.
    """
    if prediction is not None and prediction.vertical is not None:
        return prediction.vertical.side
    if prediction is not None and prediction.direction in SIDE_OF:
        return SIDE_OF[prediction.direction]
    if not len(state.bars):
        return None
    return BULL if state.spot >= float(state.bars.open[0]) else BEAR


def with_structure(name: str, entry: Entry, state: MarketState, prediction: Prediction | None) -> Entry:
    """Return the entry of a base strategy with its structure, and of a Vertical with side, right and action.

    They are those of the ticket.  Without a ticket they are those of the vertical whose probabilities the model gives;
    without such a model the right is open and only the side is known.
    """
    structure = None if entry.ticket is None else structure_of(entry.ticket.legs)
    if name != VERTICAL:
        return replace(entry, structure=structure)
    modelled = None if prediction is None else prediction.vertical
    spread = modelled if entry.ticket is None else vertical_of(entry.ticket.legs)
    if spread is None:
        return replace(entry, side=side_of_vertical(state, prediction))
    return replace(
        entry, side=spread.side, right=spread.right, action=spread.action, structure=structure or spread.structure
    )
