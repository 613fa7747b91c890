"""The lowest priority: whatever else wants the processor gets it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

NICENESS: Final = 19
SESSION_WEIGHT: Final = Path("/proc/self/autogroup")
"""Linux shares the processor among sessions before it looks at processes; where that is off there is no such file."""


def give_way() -> None:
    """Lower the priority of this process, and that of its session if the session is its own."""
    if not hasattr(os, "nice"):
        return
    os.nice(NICENESS)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            SESSION_WEIGHT.write_text(str(NICENESS))
