"""Where settings are written: ``.env``, then the process environment, which wins; and by which names.

Names are case-insensitive and carry the prefix ``M8C_`` (a few keep their older names without it).  Every name that is
unknown, retired or given twice is a mistake, and so is a line of ``.env`` that says nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from io import StringIO
from pathlib import Path
from typing import Final

from dotenv.parser import parse_stream

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
}

_Given = tuple[str, str]
"""A name as it was written, and its text."""


def given_values(
    environment: Mapping[str, str], dotenv: Path, names: Sequence[str], problems: list[str]
) -> dict[str, str]:
    """Return setting -> text of both sources; every mistake is added to ``problems``.

    Parameters
    ----------
    dotenv
        A text file of lines ``NAME=VALUE  # comment``, which need not exist.
    names
        The settings that there are.
    """
    values: dict[str, str] = {}
    for source in (_lines(dotenv, problems), environment.items()):
        values |= _by_setting(source, names, problems)
    return values


def _lines(path: Path, problems: list[str]) -> Iterator[_Given]:
    if not path.is_file():
        return
    try:
        text = path.read_text(encoding="utf-8-sig")
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
