"""Sources of market data behind one port; none of them ever invents a value.

``get_provider`` is found here by scripts.  The composition root keeps it, because it alone knows settings and clock; it
is loaded on first use, so nothing below the root depends on it.
"""

from __future__ import annotations

from importlib import import_module

__all__ = ["get_provider"]


def __getattr__(name: str) -> object:
    """Return ``get_provider`` from its home."""
    if name != "get_provider":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("magic8_companion.bootstrap"), name)
