"""The plugin's public surface: four names, loaded on first use."""

from __future__ import annotations

import subprocess
import sys

import pytest

import magic8_ml


def test_public_names_are_sorted_and_each_can_be_had() -> None:
    """Every name of ``__all__`` resolves to the class of that name; nothing else does."""
    assert magic8_ml.__all__ == sorted(magic8_ml.__all__)
    assert [getattr(magic8_ml, name).__name__ for name in magic8_ml.__all__] == magic8_ml.__all__
    assert set(magic8_ml.__all__) <= set(dir(magic8_ml))
    with pytest.raises(AttributeError, match="no attribute 'Oracle'"):
        _ = magic8_ml.Oracle


def test_importing_the_plugin_loads_no_library() -> None:
    """``import magic8_ml`` is free; the two plugin classes load no model library either."""
    code = (
        "import sys, magic8_ml; assert 'pandas' not in sys.modules;"
        "from magic8_ml import MLEnhancedScoring, MLSchedulerExtension;"
        "assert not {'xgboost', 'sklearn', 'scipy'} & set(sys.modules), 'a model library was loaded'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
