"""Validate documents against the JSON Schema (draft-07) of the two published files."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import fastjsonschema
import orjson

from magic8_companion.domain.errors import PublishError

RECOMMENDATIONS: Final = "recommendations"
PREDICTIONS: Final = "ml_predictions_5min"
SCHEMAS: Final = (RECOMMENDATIONS, PREDICTIONS)
"""Names of the published kinds: of their schemas, their files and their archived copies."""

_FOLDER: Final = Path(__file__).parent / "schemas"


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of a published kind.

    >>> schema("recommendations")["properties"]["schema_version"]
    {'const': '1.1'}
    """
    loaded: dict[str, Any] = orjson.loads((_FOLDER / f"{name}.schema.json").read_bytes())
    return loaded


def validate(document: dict[str, Any], name: str) -> None:
    """Check a document against the schema ``name``.

    Raises
    ------
    PublishError
        With the path of the first violation and the rule it breaks.
    """
    try:
        _validator(name)(document)
    except fastjsonschema.JsonSchemaValueException as error:
        raise PublishError(f"{name}: {error.message}".replace(f"{name}: data.", f"{name}: ")) from error


@lru_cache(maxsize=len(SCHEMAS))
def _validator(name: str) -> Callable[[dict[str, Any]], Any]:
    compiled: Callable[[dict[str, Any]], Any] = fastjsonschema.compile(schema(name), use_default=False)
    return compiled
