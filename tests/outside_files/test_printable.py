"""Text of others is shown, never obeyed."""

from __future__ import annotations

import unicodedata

from magic8_companion.outside_files.printable import printable


def test_no_control_character_is_left() -> None:
    """No character of the categories control, format and surrogate below U+FFFF, nor a line break, passes as it is."""
    acting = [
        chr(code)
        for code in range(0x10000)
        if unicodedata.category(chr(code)) in {"Cc", "Cs", "Zl", "Zp"}
        or unicodedata.bidirectional(chr(code)) in {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    ]
    assert len(acting) > 2_000
    assert not set(printable("".join(acting))) & set(acting)


def test_other_text_stays() -> None:
    """Accents, other scripts and emoji are not changed."""
    assert printable("Größe 日本語 ✓ 📈") == "Größe 日本語 ✓ 📈"
