"""Whether the kill switch is set: anything that lies at its path counts, and so does what cannot be looked at."""

from __future__ import annotations

import os
from pathlib import Path


def why_set(path: Path) -> str | None:
    """Return why the kill switch is set, or None when nothing lies at its path.

    A link counts, also one that points nowhere, and so does a folder.

    >>> why_set(Path("no/such/KILL")) is None
    True
    """
    try:
        os.lstat(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        return f"{path} cannot be looked at ({getattr(error, 'strerror', None) or error})"
    return f"{path} exists"
