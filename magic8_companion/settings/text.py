"""The settings as text: ``.env.example``, and what is in force with secrets masked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from magic8_companion.settings.model import Settings, meaning_of, written_name
from magic8_companion.settings.sources import ALIASES, Texts

_HEAD: Final = (
    "# Every setting of Magic8 with its default.  Copy to .env and change what you need.",
    "# [advanced] marks those that hardly anyone needs.",
    "",
)


def env_example() -> str:
    """Return the text of ``.env.example``: every setting with its default and meaning."""
    dumped = Settings(Texts(root=Path())).model_dump(mode="json")
    lines = [
        line
        for name in Settings.model_fields
        for line in (_comment(name), f"#{written_name(name)}={_text(dumped[name])}")
    ]
    return "\n".join([*_HEAD, *lines]) + "\n"


def masked_settings(settings: Settings) -> dict[str, str]:
    """Return every setting as text, with secrets replaced by stars."""
    dumped = settings.model_dump(mode="json")
    secrets = {name for name, info in Settings.model_fields.items() if not info.repr}
    return {written_name(name): "***" if name in secrets and value else _text(value) for name, value in dumped.items()}


def _comment(name: str) -> str:
    older = {setting: alias for alias, setting in ALIASES.items()}.get(written_name(name))
    meaning = meaning_of(name)
    mark = "[advanced] " if meaning.advanced else ""
    return f"# {mark}{meaning.sentence}" + (f"  Older name: {older}." if older else "")


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(str(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
