"""A prediction in words and in the features that moved it."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Final

import numpy as np

from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.ml_result import Contribution
from magic8_companion.domain.strategy import BASE_STRATEGIES, NO_TRADE, VERTICAL
from magic8_ml.forecast.feature_catalogue import FEATURE_NAMES
from magic8_ml.forecast.forecaster import Forecast
from magic8_ml.forecast.labels import OUTCOMES, suggested_strategy
from magic8_ml.forecast.structures import VERTICALS
from magic8_ml.metrics.logistic import Slope

CLOSE_RUNNER_UP: Final = 0.05
NO_EDGE: Final = "no_edge"
IN_SAMPLE: Final = "in sample: the model has learnt from this day"
_N_EXPLAINED: Final = 3
_DECIMALS: Final = 4


def explanation_of(features: Floats, effects: Floats) -> tuple[Contribution, ...]:
    """Return the features with the largest effects of one row, the largest first; shapes (n_features,)."""
    largest = np.argsort(-np.abs(effects), kind="stable")[:_N_EXPLAINED]
    return tuple(
        Contribution(
            feature=FEATURE_NAMES[place],
            value=None if isnan(value := float(features[place])) else round(value, _DECIMALS),
            effect=round(float(effects[place]), _DECIMALS),
        )
        for place in largest.tolist()
    )


def rationale_of(
    forecast: Forecast,
    slopes: Sequence[Slope],
    classes: tuple[str, str],
    explanation: Sequence[Contribution],
    *,
    in_sample: bool,
    notes: Sequence[str] = (),
) -> str:
    """Write the first row's answer: probabilities, edge, rank, who is close behind, what moved it, the day's notes.

    ``classes`` are the likeliest direction and regime; ``in_sample`` is true when the model was
    trained on this day, as in a replay.  The expected value is missing here because it needs quotes.
    """
    name = OUTCOMES[int(forecast.chosen[0])]
    parts = [_no_trade(forecast) if name == NO_TRADE else _trade(forecast, name, slopes)]
    if (advice := suggested_strategy(*classes)) != name:
        parts.append(f"the classes alone ({', '.join(classes)}) say {advice}")
    moved = ", ".join(f"{item.feature} {item.effect:+.2f}" for item in explanation)
    seen = [IN_SAMPLE] if in_sample else []
    return "; ".join([*parts, f"log variance moved by {moved}", *notes, *seen])


def statement_notes(minutes: float) -> tuple[str, ...]:
    """Return the note on the Federal Reserve's statement of the day; none without one (NaN).

    >>> statement_notes(55.0), statement_notes(-5.0)
    (('Federal Reserve statement in 55 minutes',), ('Federal Reserve statement 5 minutes ago',))
    """
    if isnan(minutes):
        return ()
    when = f"in {minutes:.0f} minutes" if minutes > 0 else f"{-minutes:.0f} minutes ago"
    return (f"Federal Reserve statement {when}",)


def _trade(forecast: Forecast, name: str, slopes: Sequence[Slope]) -> str:
    place = BASE_STRATEGIES.index(name)
    kind = f" ({VERTICALS[int(forecast.vertical[0])].replace('_', ' ')})" if name == VERTICAL else ""
    # as published: text and number round to the same percent
    win, implied = (round(float(column[0, place]), _DECIMALS) for column in (forecast.win, forecast.implied))
    edge = float(forecast.edge[0, place])
    ranks: list[float] = forecast.confidence[0].tolist()
    proof = "" if slopes[place].proven else ", unproven"
    text = (
        f"{name}{kind}: win {win:.2f}, price {implied:.2f}, edge {edge:+.2f}{proof},"
        f" rank {ranks[place]:.2f} of its last year at this hour"
    )
    rivals = [n for n, rank in enumerate(ranks) if n != place and 0 <= ranks[place] - rank < CLOSE_RUNNER_UP]
    close = ", ".join(BASE_STRATEGIES[n] for n in rivals)
    return f"{text}; close behind: {close}" if close else text


def _no_trade(forecast: Forecast) -> str:
    place = int(forecast.edge[0].argmax())
    return f"{NO_TRADE} ({NO_EDGE}): the best edge is {BASE_STRATEGIES[place]}'s {forecast.edge[0, place]:+.2f}"
