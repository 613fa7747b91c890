"""``python -m magic8_companion schema|settings``: the schema of a published file, the settings in force."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import orjson

from magic8_companion.domain.errors import ConfigError


def schema(argv: Sequence[str]) -> int:
    """Print the JSON Schema that a published file obeys."""
    from magic8_companion.publishing import schema as schemas  # noqa: PLC0415  # only this command needs it

    parser = argparse.ArgumentParser(prog="python -m magic8_companion schema", description=schema.__doc__)
    parser.add_argument("name", choices=schemas.SCHEMAS)
    options = parser.parse_args(argv)
    print(orjson.dumps(schemas.schema(options.name), option=orjson.OPT_INDENT_2).decode())
    return 0


def settings(argv: Sequence[str]) -> int:
    """Print the effective settings (secrets masked), or with --example the text of .env.example."""
    from magic8_companion.unified_config import (  # noqa: PLC0415  # only this command needs it
        env_example,
        load_settings,
        masked_settings,
    )

    parser = argparse.ArgumentParser(prog="python -m magic8_companion settings", description=settings.__doc__)
    parser.add_argument("--example", action="store_true", help="every setting with its default and meaning")
    options = parser.parse_args(argv)
    if options.example:
        print(env_example(), end="")
        return 0
    try:
        effective = load_settings()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(f"{name}={value}" for name, value in masked_settings(effective).items()))
    return 0
