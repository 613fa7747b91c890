"""Where the real market data lies, if it lies anywhere: tests that need it are skipped with a reason elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def real_data_dir() -> Path:
    """Return the folder of real bars, or skip the calling test.

    The folder is ``$M8_REAL_DATA`` or ``shared/data`` beside the checkout.
    """
    folder = Path(os.environ.get("M8_REAL_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the real market data is not here ({folder} is missing; set M8_REAL_DATA)")
    return folder
