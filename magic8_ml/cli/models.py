"""``magic8 models list|show|promote|rollback``: the versions of the model and their roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from magic8_companion.command_line import (
    CONTEXT,
    DIR,
    Decorated,
    echo,
    new_table,
    options,
    print_json,
    print_table,
)
from magic8_companion.domain.measured import NOT_MEASURED, Measured
from magic8_companion.reports.numbers import percent
from magic8_ml.cli.options import configured_ml_path, elsewhere
from magic8_ml.registry.manifest import ModelUnavailable
from magic8_ml.registry.measured import measured_of
from magic8_ml.registry.passport import PASSPORT
from magic8_ml.registry.roles import RegistryRefused, Roles
from magic8_ml.registry.validity import require_valid_version, valid_until
from magic8_ml.registry.versions import CHALLENGER, CHAMPION, Registry

MODELS: Final = "models"
_PATH_HELP: Final = "folder that holds models/; default: the setting M8C_ML_PATH"
_WHY_HELP: Final = "reason for the history"


@click.group("models", help="List, show, promote or roll back versions of the model.", context_settings=dict(CONTEXT))
def models_command() -> None:
    """Hold the commands on versions."""


def _registry_options(function: Decorated) -> Decorated:
    return options(
        click.option("--path", type=DIR, default=configured_ml_path, help=_PATH_HELP),
        click.option("--json", "as_json", is_flag=True, help="print one JSON object"),
    )(function)


@models_command.command("list", help="All versions, their roles and whether they may serve.")
@_registry_options
def list_command(*, path: Path, as_json: bool) -> None:
    """Print all versions."""
    registry = Registry(path / MODELS)
    roles = registry.roles
    facts = [_facts(registry, version, roles)[0] for version in registry.versions()]
    if as_json:
        print_json({"versions": facts, "roles": _roles(roles)})
    elif not facts:
        echo(f"no versions in {registry.folder}{elsewhere(path, '--path')}")
    else:
        table = new_table("version", "role", "data to", "valid until", "state", "HIGH won (rest)")
        for fact in facts:
            cells = (fact["role"], fact["last_day"], fact["valid_until"])
            style = "red" if fact["problem"] else "green" if fact["role"] == CHAMPION else None
            table.add_row(
                fact["version"],
                *(cell or "" for cell in cells),
                fact["problem"] or "sound",
                fact["high_won"],
                style=style,
            )
        print_table(table)


@models_command.command("show", help="The data and the passport of a version, champion (default) or challenger.")
@click.argument("version", default=CHAMPION)
@_registry_options
def show_command(version: str, *, path: Path, as_json: bool) -> None:
    """Print one version."""
    registry = Registry(path / MODELS)
    with _refusal():
        folder = registry.folder_of(version)
    fact, manifest = _facts(registry, folder.name, registry.roles)
    if as_json:
        print_json({**fact, "manifest": manifest})
        return
    lines = [f"{name:<14} {value}" for name, value in fact.items() if value is not None]
    lines += [f"{name:<14} {_brief(manifest[name])}" for name in ("symbols", "rows", "first_day") if name in manifest]
    measured = measured_of(manifest)
    lines.append(f"{'measured':<14} {measured.high_sentence}")
    lines.append(f"{'checkpoints':<14} {measured.checkpoint_note}")
    lines += [f"{name:<14} {measured.agreement_sentence(name)}" for name in ("agree", "mixed", "disagree")]
    for name, numbers in manifest.get(PASSPORT, {}).get("canaries", {}).items():
        lines.append(f"canary         {name}: {_brief(numbers)}")
    echo("\n".join(lines))


@models_command.command("promote", help="Make a version, or the challenger, the champion.")
@click.argument("version")
@click.option("--why", default="by hand", show_default=True, help=_WHY_HELP)
@_registry_options
def promote_command(version: str, why: str, *, path: Path, as_json: bool) -> None:
    """Promote a version."""
    with _refusal():
        _print_move(Registry(path / MODELS).promote(version, why), as_json=as_json)


@models_command.command("rollback", help="Give the role back to the previous champion.")
@click.option("--why", default="by hand", show_default=True, help=_WHY_HELP)
@_registry_options
def rollback_command(why: str, *, path: Path, as_json: bool) -> None:
    """Roll back."""
    with _refusal():
        _print_move(Registry(path / MODELS).rollback(why), as_json=as_json)


@contextmanager
def _refusal() -> Iterator[None]:
    try:
        yield
    except RegistryRefused as refused:
        raise click.ClickException(f"Refused: {refused}") from refused


def _print_move(roles: Roles, *, as_json: bool) -> None:
    if as_json:
        print_json(_roles(roles))
    else:
        echo(f"champion is {roles.champion}; a running host uses it from its next prediction on")


def _roles(roles: Roles | None) -> object:
    return roles and {"champion": roles.champion, "challenger": roles.challenger, "earlier": list(roles.earlier)}


def _facts(registry: Registry, version: str, roles: Roles | None) -> tuple[dict[str, Any], Mapping[str, Any]]:
    # the facts of a version, and its manifest (empty if it is not sound)
    facts: dict[str, Any] = {"version": version, "role": _role(version, roles)}
    try:
        manifest = require_valid_version(registry.folder_of(version))
    except ModelUnavailable as why:
        problem = f"{why.reason}: {why.detail}"
        return {**facts, "last_day": None, "valid_until": None, "problem": problem, "high_won": NOT_MEASURED}, {}
    until = valid_until(manifest).isoformat()
    known = {"last_day": manifest["last_day"], "valid_until": until, "problem": None}
    return {**facts, **known, "high_won": _high_won(measured_of(manifest))}, manifest


def _high_won(measured: Measured) -> str:
    # two shares for a cell; show has the whole sentence
    found = measured.high
    if found is None or found.calls is None:
        return NOT_MEASURED
    mark = ", simulated" if measured.is_simulated else ""
    return f"{percent(found.calls.won)} ({percent(found.rest.won if found.rest else None)}){mark}"


def _role(version: str, roles: Roles | None) -> str | None:
    if roles is None:
        return None
    if version == roles.champion:
        return CHAMPION
    return CHALLENGER if version == roles.challenger else "former" if version in roles.earlier else None


def _brief(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_brief(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_brief, value)) or "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
