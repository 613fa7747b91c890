"""Draw the smile of the price maker and the geometry of the structures once per symbol and day.

Each day has its own random stream, seeded by seed, symbol and date, so its draws do not depend on other days;
``random_state`` is stored with every row and repeats them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.arrays import Floats, Integers

SKEW: Final = (-0.12, -0.05)
CURVATURE: Final = (0.02, 0.05)
SHORT_DELTAS: Final = (0.10, 0.16, 0.25)
_RANGES: Final = {
    "skew": SKEW,
    "curvature": CURVATURE,
    "condor_delta": (0.0, 3.0),
    "condor_wing": (0.5, 1.0),
    "butterfly_body": (0.0, 2.0),
    "butterfly_wing": (0.75, 1.5),
    "credit_short": (0.75, 1.0),
    "credit_width": (0.5, 1.0),
    "debit_width": (0.75, 1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draws:
    """The draws of each day, shape (n_days,); distances and widths in units of s_imp.

    ``skew`` and ``curvature`` are a and b of the smile; ``at_pin`` puts the body of the butterfly on a round strike.
    """

    random_state: npt.NDArray[np.uint64]
    skew: Floats
    curvature: Floats
    condor_delta: Floats
    condor_wing: Floats
    at_pin: npt.NDArray[np.bool_]
    butterfly_wing: Floats
    credit_short: Floats
    credit_width: Floats
    debit_width: Floats


def draw_days(seed: int, symbol: str, day_numbers: Integers) -> Draws:
    """Draw smile and geometry for days given as days since 1970-01-01.

    >>> draws = draw_days(8, "SPY", np.array([19000, 19001]))
    >>> bool((draw_days(8, "SPY", np.array([19001])).skew == draws.skew[1:]).all())
    True
    """
    name = list(symbol.encode())
    states = np.array(
        [np.random.SeedSequence([seed, day, *name]).generate_state(1, np.uint64)[0] for day in day_numbers.tolist()],
        dtype=np.uint64,
    )
    parts = [np.random.default_rng(state).random(len(_RANGES)) for state in states.tolist()]
    unit = np.reshape(parts, (len(states), len(_RANGES)))
    drawn = {name: low + (high - low) * unit[:, n] for n, (name, (low, high)) in enumerate(_RANGES.items())}
    return Draws(
        random_state=states,
        skew=drawn["skew"],
        curvature=drawn["curvature"],
        condor_delta=np.array(SHORT_DELTAS)[drawn["condor_delta"].astype(np.int64)],
        condor_wing=drawn["condor_wing"],
        at_pin=drawn["butterfly_body"] >= 1,
        butterfly_wing=drawn["butterfly_wing"],
        credit_short=drawn["credit_short"],
        credit_width=drawn["credit_width"],
        debit_width=drawn["debit_width"],
    )
