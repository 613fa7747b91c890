"""Today's bars as frames for whoever looks: a frame is made only then, not at every slot."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import pandas as pd

from magic8_companion.domain.bars import Bars


class FrameCache:
    """Frames by name; what a caller puts among them stands until newer bars of that name are kept.

    Parameters
    ----------
    frames
        The dict that callers see; default: an empty one.
    """

    def __init__(self, frames: dict[str, pd.DataFrame] | None = None) -> None:
        self._frames = {} if frames is None else frames
        self._newer: dict[str, Bars] = {}
        self._lock = threading.Lock()

    def keep(self, bars: Mapping[str, Bars]) -> None:
        """Keep bars that are newer than the frames of the same names."""
        with self._lock:
            self._newer |= bars

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Return the frames of all that is kept, always the same dict."""
        with self._lock:
            self._frames |= {name: bars.frame() for name, bars in self._newer.items()}
            self._newer.clear()
            return self._frames
