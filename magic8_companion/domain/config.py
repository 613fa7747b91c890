"""How a room describes its configuration, and the fields that several rooms share.

A room's configuration is a frozen dataclass of its own.  ``metadata=setting("A sentence.", ge=0)`` gives a field its
meaning and its limits; the settings (``magic8_companion.settings``) take default, meaning and limits from there.  So
each of them is stated once, and the pure rooms need no validation library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Final

_KEY: Final = "setting"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMeaning:
    """What a configuration field means and which values it may have; ``advanced``: hardly any operator changes it."""

    sentence: str
    limits: Mapping[str, float]
    advanced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A field's default together with its meaning."""

    default: Any
    meaning: FieldMeaning


def setting(
    sentence: str, *, advanced: bool = False, ge: float | None = None, gt: float | None = None, le: float | None = None
) -> Mapping[str, FieldMeaning]:
    """Return the ``metadata`` of a configuration field.

    >>> setting("Seconds to wait.", gt=0)["setting"].limits
    {'gt': 0}
    """
    given = {"ge": ge, "gt": gt, "le": le}
    limits = {name: limit for name, limit in given.items() if limit is not None}
    return {_KEY: FieldMeaning(sentence=sentence, limits=limits, advanced=advanced)}


def described(config: type[Any], name: str) -> Described:
    """Return default and meaning of the field ``name`` of a configuration.

    Raises
    ------
    LookupError
        When the configuration has no such field, or the field has no default or no meaning.
    """
    found = next((item for item in fields(config) if item.name == name), None)
    if found is None or _KEY not in found.metadata:
        raise LookupError(f"{config.__name__} has no field {name} with metadata=setting(...); add it there")
    default = found.default if found.default_factory is MISSING else found.default_factory()
    if default is MISSING:
        raise LookupError(f"{config.__name__}.{name} has no default; a setting needs one")
    return Described(default=default, meaning=found.metadata[_KEY])


def same_as(config: type[Any], name: str) -> Any:  # noqa: ANN401  # dataclasses.field is typed so too
    """Return a field with default and meaning of another configuration's: one setting, needed by two rooms."""
    shared = described(config, name)
    return field(default=shared.default, metadata={_KEY: shared.meaning})


def meanings(config: type[Any]) -> dict[str, FieldMeaning]:
    """Return field -> meaning of a configuration, for the fields that have one."""
    return {item.name: item.metadata[_KEY] for item in fields(config) if _KEY in item.metadata}


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedConfig:
    """Fields that more than one room needs."""

    request_timeout_seconds: float = field(
        default=15.0, metadata=setting("Seconds to wait for the answer to a data request.", advanced=True, ge=1, le=120)
    )
    bar_close_delay_seconds: int = field(
        default=5,
        metadata=setting(
            "Seconds between the close of a bar and the slot or checkpoint that needs it.", advanced=True, ge=0, le=120
        ),
    )
    trade_on_delayed_data: bool = field(
        default=False, metadata=setting("Whether delayed data may be traded on; if not, it blocks should_trade.")
    )
    ml_timeout_seconds: float = field(
        default=5.0, metadata=setting("Seconds that one prediction may take.", advanced=True, ge=0.5, le=60)
    )
    high_score: float = field(
        default=65.0, metadata=setting("Score from which a strategy is HIGH and tradable.", ge=0, le=100)
    )
    medium_score: float = field(default=35.0, metadata=setting("Score from which a strategy is MEDIUM.", ge=0, le=100))
    min_score_gap: float = field(
        default=0.0,
        metadata=setting(
            "Lead over the second-best score that HIGH needs when it is not 0.", advanced=True, ge=0, le=100
        ),
    )


SHARED: Final = SharedConfig()
