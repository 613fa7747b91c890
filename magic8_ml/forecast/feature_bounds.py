"""The region of feature space that a model has seen, and who lies far outside of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from magic8_companion.domain.arrays import Floats

FAR: Final = 0.5
"""A value is far outside when it leaves the seen range by more than this share of the range."""

TOLERATED_MISSING: Final = 3
"""So many values may be missing that never were in training; more, and the trees answer from nothing.

Two are unknown after the first bar of a day, one where a symbol has no volume.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bounds:
    """Per feature the smallest and largest value seen, and whether it was ever missing; shape (n_features,)."""

    low: Floats
    high: Floats
    ever_missing: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, features: Floats) -> Bounds:
        """Measure training rows of shape (n_rows, n_features); a column never seen bounds nothing."""
        known = ~np.isnan(features)
        return cls(
            low=np.where(known, features, np.inf).min(axis=0),
            high=np.where(known, features, -np.inf).max(axis=0),
            ever_missing=np.logical_not(known.all(axis=0)),
        )

    def offenders(self, row: Floats, names: Sequence[str], optional: Collection[str] = frozenset()) -> tuple[str, ...]:
        """Name the features of one row that lie far outside, or too many of those that are missing.

        An ``optional`` feature may be missing, and bounds nothing when it never had two values in training: a flag that
        was never set says nothing against a day on which it is.

        >>> seen = Bounds.of(np.array([[0.0, 1.0], [1.0, 2.0]]))
        >>> seen.offenders(np.array([0.5, 9.0]), ("calm", "wild"))
        ('wild',)
        """
        width = self.high - self.low
        with np.errstate(invalid="ignore"):  # an unseen column has no width
            far = (row < self.low - FAR * width) | (row > self.high + FAR * width)
        is_optional = np.array([name in optional for name in names])
        far &= ~(is_optional & ~(width > 0))
        missing = np.isnan(row) & ~self.ever_missing & ~is_optional
        if missing.sum() > TOLERATED_MISSING:
            far = far | missing
        return tuple(name for name, is_far in zip(names, far, strict=True) if is_far)

    def as_json(self) -> dict[str, list[Any]]:
        """Return the plain form that :meth:`from_json` reads; an unseen column is null."""
        return {
            "low": [float(v) if np.isfinite(v) else None for v in self.low],
            "high": [float(v) if np.isfinite(v) else None for v in self.high],
            "ever_missing": self.ever_missing.tolist(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Sequence[Any]]) -> Bounds:
        """Read the plain form."""
        return cls(
            low=np.array([np.inf if v is None else v for v in data["low"]], dtype=np.float64),
            high=np.array([-np.inf if v is None else v for v in data["high"]], dtype=np.float64),
            ever_missing=np.array(data["ever_missing"], dtype=np.bool_),
        )
