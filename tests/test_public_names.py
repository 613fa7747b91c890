"""The public face of both packages: sorted names, loaded on first use, typed, with a runnable example each."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import magic8_companion
import magic8_ml

ROOT = Path(__file__).resolve().parent.parent
API = ROOT / "docs" / "api.md"
PACKAGES = (magic8_companion, magic8_ml)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_public_names_are_sorted_and_resolve(package: ModuleType) -> None:
    """Every name of ``__all__`` resolves to the object of that name; an unknown name raises AttributeError."""
    assert package.__all__ == sorted(package.__all__)
    for name in package.__all__:
        assert name == "__version__" or getattr(package, name).__name__ == name
    assert set(package.__all__) - {"__version__"} == set(dir(package))
    with pytest.raises(AttributeError, match="no attribute 'Oracle'"):
        _ = package.Oracle


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_the_packages_are_typed_and_know_their_version(package: ModuleType) -> None:
    """Type checkers find ``py.typed``; both packages have the version of the distribution."""
    assert (ROOT / package.__name__ / "py.typed").is_file()
    assert package.__version__ == magic8_companion.__version__


def test_the_api_page_has_an_example_of_every_public_name() -> None:
    """Each name has a heading of its own on the page."""
    headings = {
        line.removeprefix("### ").strip("`") for line in API.read_text().splitlines() if line.startswith("### ")
    }
    wanted = {name for package in PACKAGES for name in package.__all__}
    assert headings == wanted


def test_the_examples_of_the_api_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example on the page prints what the page says."""
    monkeypatch.chdir(tmp_path)
    failed, attempted = doctest.testfile(str(API), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert attempted > 20
    assert failed == 0


def test_importing_the_packages_loads_no_library() -> None:
    """``import magic8_ml`` is free; the two plugin classes load no model library either."""
    code = (
        "import sys, magic8_companion, magic8_ml; assert not {'numpy', 'pandas', 'pydantic'} & set(sys.modules);"
        "from magic8_ml import MLEnhancedScoring, MLSchedulerExtension;"
        "assert not {'xgboost', 'sklearn', 'scipy'} & set(sys.modules), 'a model library was loaded'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
