"""Find a plugin by its entry-point name, or report clearly why it cannot be loaded.

Four groups are open to other packages; ``docs/extending.md`` has an example of the first three:

==================  ====================================================  =========================================
group               what is registered                                    chosen by
==================  ====================================================  =========================================
magic8.providers    a ``providers.registered.ProviderPlugin``             M8C_MARKET_DATA_PROVIDER
magic8.scorers      a callable (base scorer, options=...) -> ``Scorer``   M8C_SCORER
magic8.strategies   a ``scoring.StrategyRules``                           M8C_STRATEGY_RULES
magic8.extensions   a callable -> ``Extension``                           the host asks for ``ml_5min``
==================  ====================================================  =========================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.metadata import entry_points
from typing import Any, Final

from magic8_companion.domain.config import setting
from magic8_companion.domain.errors import PluginUnavailable

PROVIDERS: Final = "magic8.providers"
SCORERS: Final = "magic8.scorers"
STRATEGIES: Final = "magic8.strategies"
EXTENSIONS: Final = "magic8.extensions"

ML_SCORER: Final = "ml"
ML_EXTENSION: Final = "ml_5min"

_INSTALL: Final = "run: pip install -e '.[ml]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginConfig:
    """Which registered plugins a run uses."""

    scorer: str = field(
        default=ML_SCORER,
        metadata=setting(
            "Scorer around the rules when M8C_ENABLE_ML_INTEGRATION is true: ml, or a name registered under "
            "magic8.scorers.",
            advanced=True,
        ),
    )
    strategy_rules: tuple[str, ...] = field(
        default=(),
        metadata=setting(
            "Rule tables in place of the built-in ones: names registered under magic8.strategies, at most one per "
            "strategy.",
            advanced=True,
        ),
    )


def registered_names(group: str) -> tuple[str, ...]:
    """Return the names that installed distributions registered under ``group``, in alphabetical order."""
    return tuple(sorted(entry_points(group=group).names))


def load_plugin(group: str, name: str) -> Any:  # noqa: ANN401  # whatever the distribution registers
    """Return the object that a distribution registered under ``group`` and ``name``.

    Raises
    ------
    PluginUnavailable
        When nothing or more than one distribution claims the name, or importing it fails; the message names what to
        install or to mend.

    >>> load_plugin("magic8.scorers", "mll")
    Traceback (most recent call last):
    ...
    magic8_companion.domain.errors.PluginUnavailable: plugin 'mll' cannot be used: ...did you mean 'ml'?...
    """
    found = {point.value: point for point in entry_points(group=group, name=name)}
    if not found:
        raise PluginUnavailable(name, _unknown(group, name))
    if len(found) > 1:
        raise PluginUnavailable(name, f"registered twice in {group}: {', '.join(sorted(found))}; uninstall one of them")
    ((value, point),) = found.items()
    try:
        return point.load()
    except Exception as error:  # importing runs the package's code, which may raise anything
        advice = _INSTALL if name in {ML_SCORER, ML_EXTENSION} else f"mend {value} or uninstall its package"
        why = str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        raise PluginUnavailable(name, f"{why}; {advice}") from error


def _unknown(group: str, name: str) -> str:
    if name in {ML_SCORER, ML_EXTENSION}:
        return f"nothing is registered in {group}; {_INSTALL}"
    known = registered_names(group)
    near = get_close_matches(name, known, n=1, cutoff=0.0)
    hint = f"did you mean {near[0]!r}? registered: {', '.join(known)}" if near else "no package registers any"
    return f"it is not registered in {group}; {hint}"
