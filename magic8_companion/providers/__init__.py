"""Sources of market data behind one port; none of them invents values.

Scripts import ``get_provider`` from here.  The composition root defines it, because only the root has settings and
clock.  It is loaded on first use, so no module below the root depends on it.
"""

from __future__ import annotations

from importlib import import_module

__all__ = ["get_provider"]


def __getattr__(name: str) -> object:
    """Return ``get_provider`` from the composition root."""
    if name != "get_provider":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("magic8_companion.bootstrap"), name)
