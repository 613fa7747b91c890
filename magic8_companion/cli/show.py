"""``magic8 schema`` and ``magic8 settings``: the schema of a published file, the settings in force."""

from __future__ import annotations

import click

from magic8_companion.command_line import command, print_json


@command("schema", "Print the JSON Schema of a published file: recommendations or ml_predictions_5min.")
@click.argument("name")
def schema(name: str) -> None:
    """Print the schema."""
    from magic8_companion.publishing import schema as schemas  # noqa: PLC0415  # after --help

    if name not in schemas.SCHEMAS:
        raise click.BadParameter(f"{name!r} is not one of {', '.join(schemas.SCHEMAS)}", param_hint="NAME")
    print_json(schemas.schema(name))


@command("settings", "Print the effective settings, secrets masked.")
@click.option("--example", is_flag=True, help="print every setting with its default and meaning, as in .env.example")
def settings(*, example: bool) -> None:
    """Print the settings."""
    from magic8_companion.unified_config import (  # noqa: PLC0415  # after --help
        env_example,
        load_settings,
        masked_settings,
    )

    if example:
        click.echo(env_example(), nl=False)
        return
    click.echo("\n".join(f"{name}={value}" for name, value in masked_settings(load_settings()).items()))
