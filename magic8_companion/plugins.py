"""Find a plugin by its entry-point name; say clearly why it cannot be had.

The host knows two names: ``ml`` in the group ``magic8.scorers`` and ``ml_5min`` in ``magic8.extensions``.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from magic8_companion.domain.errors import PluginUnavailable


def load_plugin(group: str, name: str) -> Callable[..., Any]:
    """Return the callable that a distribution registered under ``group`` and ``name``.

    Raises
    ------
    PluginUnavailable
        When nothing or more than one distribution claims the name, or importing it fails because an optional
        dependency is missing; the message names what to install.
    """
    found = {point.value: point for point in entry_points(group=group, name=name)}
    if not found:
        raise PluginUnavailable(name, f"nothing is registered in {group}; run: pip install -e '.[ml]'")
    if len(found) > 1:
        raise PluginUnavailable(name, f"claimed twice: {', '.join(sorted(found))}")
    (point,) = found.values()
    try:
        factory: Callable[..., Any] = point.load()
    except ImportError as error:
        raise PluginUnavailable(name, f"{error}; run: pip install -e '.[ml]'") from error
    return factory
