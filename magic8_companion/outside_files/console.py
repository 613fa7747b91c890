"""A console whose texts cannot act on the terminal: colors are its own, control characters of a text are escapes."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from magic8_companion.outside_files.printable import printable


class PrintableConsole(Console):
    """Prints texts and the cells of tables as :func:`printable` writes them."""

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401  # rich's signature
        """Return the text to print."""
        return super().render_str(printable(text, lines=True), **options)
