"""Where settings are written: ``.env``, then the process environment, which wins; and by which names.

Names are case-insensitive and carry the prefix ``M8C_`` (a few keep their older names without it).  Every name that is
unknown, retired or given twice is a mistake, and so is a line of ``.env`` that is not of the form ``NAME=VALUE``.
``pydantic_settings`` merges the sources and validates; its own readers of environment and ``.env`` pass over mistakes
of this kind, so the texts come from here.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from io import StringIO
from os import PathLike
from pathlib import Path
from typing import Any, Final

from dotenv.parser import parse_stream
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from magic8_companion.outside_files.plain_files import read_bytes
from magic8_companion.paths import written_path

PREFIX: Final = "M8C_"
ROOT: Final = "MAGIC8_PATH"
ALIASES: Final = {
    "M8C_SYMBOLS": "M8C_SUPPORTED_SYMBOLS",
    "M8C_DATA_PROVIDER": "M8C_MARKET_DATA_PROVIDER",
    "ML_PATH": "M8C_ML_PATH",
    "ML_CONFIDENCE_THRESHOLD": "M8C_ML_5MIN_CONFIDENCE_THRESHOLD",
}
RETIRED: Final = {
    "USE_MOCK_DATA": "M8C_MARKET_DATA_PROVIDER=simulated",
    "MOCK_*": "M8C_MARKET_DATA_PROVIDER=simulated and M8C_SIMULATED_SEED",
    "USE_IBKR_DATA": "M8C_MARKET_DATA_PROVIDER=ib",
    "IBKR_HOST": "M8C_IB_HOST",
    "IBKR_PORT": "M8C_IB_PORT",
    "IBKR_CLIENT_ID": "M8C_IB_CLIENT_ID",
    "POLYGON_API_KEY": "nothing: that source is gone",
    "TIMEZONE": "nothing: sessions are New York time, files are UTC",
    "ENABLE_ADVANCED_GEX": "M8C_ENABLE_ENHANCED_GEX",
    "GAMMA_SYMBOLS": "M8C_SUPPORTED_SYMBOLS",
    "GAMMA_SCHEDULER_*": "nothing: gamma is computed at each checkpoint",
    "GAMMA_SPOT_MULTIPLIERS": "nothing: the multiplier of every symbol is 100",
    "GEX_*": "M8C_GAMMA_REGIME_THRESHOLDS",
    "GREEKS_*": "M8C_ENABLE_GREEKS",
    "VOLUME_*": "M8C_ENABLE_VOLUME_ANALYSIS",
    "BUTTERFLY_IV_THRESHOLD": "nothing: the rules normalise volatility by its own history",
    "IRON_CONDOR_IV_RANGE": "nothing: the rules normalise volatility by its own history",
    "VERTICAL_MIN_IV": "nothing: the rules normalise volatility by its own history",
    "LOG_TO_FILE": "M8C_LOG_FILE_PATH (empty = console only)",
    "ENABLE_CACHING": "nothing: caches are always bounded and keyed by symbol",
    "CACHE_EXPIRY_MINUTES": "nothing: each cache has the lifetime of its data",
    "ENABLE_PARALLEL_PROCESSING": "nothing: symbols are always observed side by side",
    "MAX_WORKERS": "nothing: symbols are always observed side by side",
    "SMTP_PORT": "M8C_DISCORD_WEBHOOK",
    "REPUBLISH_SECONDS": "M8C_HEARTBEAT_SECONDS (the file is rewritten every 240 s and on every change)",
}

_Given = tuple[str, str]
"""A name as it was written, and its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What both sources hold: setting -> text, every mistake, and the folder where relative paths start."""

    root: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    dotenv: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


class TextSource(PydanticBaseSettingsSource):
    """One source as ``pydantic_settings`` asks for it; its names are resolved and checked already."""

    def __init__(self, settings: type[BaseSettings], texts: Mapping[str, str]) -> None:
        super().__init__(settings)
        self._texts = texts

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:  # noqa: ARG002
        """Return the text of a field, its name, and that the text is not to be decoded here."""
        name = field_name.upper()
        return self._texts.get(name if name == ROOT else PREFIX + name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return attribute -> text, for the settings that this source names."""
        found = {name: self.get_field_value(info, name)[0] for name, info in self.settings_cls.model_fields.items()}
        return {name: text for name, text in found.items() if text is not None}


def read_texts(names: Sequence[str], environment: Mapping[str, str], root: str | PathLike[str] | None = None) -> Texts:
    """Read the environment, and the file ``.env`` (lines ``NAME=VALUE  # comment``) if there is one.

    Parameters
    ----------
    names
        The settings that there are.
    root
        Where ``.env`` lies; default is ``MAGIC8_PATH`` of the environment, else the current folder.
    """
    named = next((text for name, text in environment.items() if name.upper() == ROOT), "")
    try:
        folder = written_path(root or named or ".")
    except ValueError:  # the setting's own check reports it; no .env is looked for in a wrong folder
        folder = Path(root or named)
    problems: list[str] = []
    dotenv = _by_setting(_lines(folder / ".env", problems), names, problems)
    process = _by_setting(environment.items(), names, problems)
    return Texts(root=folder, environment=process, dotenv=dotenv, problems=tuple(problems))


def _lines(path: Path, problems: list[str]) -> Iterator[_Given]:
    if path.is_dir():  # some keep a virtual environment there
        return
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path} cannot be read ({error}); save it as text in UTF-8")
        return
    for binding in parse_stream(StringIO(text)):
        if binding.key is not None and binding.value is not None:
            yield binding.key, binding.value
        elif binding.error or binding.key is not None:  # the line is not shown: it may hold a secret
            problems.append(f"line {binding.original.line} of {path} is not of the form NAME=VALUE")


def _by_setting(source: Iterable[_Given], names: Sequence[str], problems: list[str]) -> dict[str, str]:
    written: dict[str, _Given] = {}
    for name, text in source:
        setting = ALIASES.get(name.upper(), name.upper())
        if setting not in names:
            problems += [_unknown(name, names)] if setting.startswith(PREFIX) else []
            continue
        earlier, value = written.setdefault(setting, (name, text))
        if value.strip() != text.strip():
            problems.append(_contradiction(earlier, name))
    return {setting: text for setting, (_, text) in written.items()}


def _contradiction(earlier: str, name: str) -> str:
    # the values are not shown: one may be a secret
    if earlier == name:
        return f"{name} is given twice with different values; delete one of them"
    return f"{earlier} and {name} are the same setting but have different values; delete one of them"


def _unknown(name: str, names: Sequence[str]) -> str:
    for pattern, instead in RETIRED.items():
        if fnmatchcase(name.upper().removeprefix(PREFIX), pattern):
            return f"{name} is retired; use {instead}"
    near = difflib.get_close_matches(name.upper(), [*names, *ALIASES], n=1, cutoff=0.5)
    return f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else "")
