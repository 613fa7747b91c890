"""``python -m magic8_ml models list|show|promote|rollback``: who serves, and the moves between versions."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from magic8_companion.command_line import as_path, default_ml_path
from magic8_ml.registry.expiry import valid_until
from magic8_ml.registry.manifest import ModelUnavailable
from magic8_ml.registry.passport import PASSPORT
from magic8_ml.registry.roles import RegistryRefused, Roles
from magic8_ml.registry.soundness import require_sound
from magic8_ml.registry.versions import CHALLENGER, CHAMPION, Registry

EXIT_REFUSED: Final = 2
MODELS: Final = "models"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``models``."""
    shared = argparse.ArgumentParser(add_help=False)
    path = "folder that holds models/ (default: M8C_ML_PATH, else data/ml)"
    shared.add_argument("--path", type=as_path, default=default_ml_path(), help=path)
    shared.add_argument("--json", action="store_true", help="print one JSON object")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", parents=[shared], help="all versions, their roles and whether they may serve")
    show = actions.add_parser("show", parents=[shared], help="what a version was learnt from, and its passport")
    show.add_argument("version", nargs="?", default=CHAMPION, help="a version, champion (default) or challenger")
    promote = actions.add_parser("promote", parents=[shared], help="make a version champion")
    promote.add_argument("version", help="a version, or challenger")
    rollback = actions.add_parser("rollback", parents=[shared], help="give the role back to the champion before")
    for moving in (promote, rollback):
        moving.add_argument("--why", default="by hand", help="what the history will say")


def run(options: argparse.Namespace) -> int:
    """Run ``models``; a refusal is one sentence on stderr."""
    registry = Registry(options.path / MODELS)
    try:
        answer, text = _ACTIONS[options.action](registry, options)
    except RegistryRefused as refusal:
        print(f"Refused: {refusal}", file=sys.stderr)
        return EXIT_REFUSED
    print(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode() if options.json else text)
    return 0


def _list(registry: Registry, options: argparse.Namespace) -> tuple[object, str]:  # noqa: ARG001 - all actions are called alike
    roles = registry.roles
    facts = [_facts(registry, version, roles)[0] for version in registry.versions()]
    head = f"{'version':<28}{'role':<13}{'data to':<13}{'valid until':<13}state"
    lines = [
        f"{fact['version']:<28}{fact['role'] or '':<13}{fact['last_day'] or '':<13}{fact['valid_until'] or '':<13}"
        f"{fact['problem'] or 'sound'}"
        for fact in facts
    ]
    text = "\n".join([head, *lines]) if lines else f"no versions in {registry.folder}"
    return {"versions": facts, "roles": _roles(roles)}, text


def _show(registry: Registry, options: argparse.Namespace) -> tuple[object, str]:
    folder = registry.folder_of(options.version)
    fact, manifest = _facts(registry, folder.name, registry.roles)
    lines = [f"{name:<14} {value}" for name, value in fact.items() if value is not None]
    lines += [f"{name:<14} {_brief(manifest[name])}" for name in ("symbols", "rows", "first_day") if name in manifest]
    for name, numbers in manifest.get(PASSPORT, {}).get("canaries", {}).items():
        lines.append(f"canary         {name}: {_brief(numbers)}")
    return {**fact, "manifest": manifest}, "\n".join(lines)


def _promote(registry: Registry, options: argparse.Namespace) -> tuple[object, str]:
    return _moved(registry.promote(options.version, options.why))


def _rollback(registry: Registry, options: argparse.Namespace) -> tuple[object, str]:
    return _moved(registry.rollback(options.why))


_ACTIONS: Final[Mapping[str, Callable[[Registry, argparse.Namespace], tuple[object, str]]]] = {
    "list": _list,
    "show": _show,
    "promote": _promote,
    "rollback": _rollback,
}


def _moved(roles: Roles) -> tuple[object, str]:
    return _roles(roles), f"champion is {roles.champion}; a running host changes over at its next prediction"


def _roles(roles: Roles | None) -> object:
    return roles and {"champion": roles.champion, "challenger": roles.challenger, "earlier": list(roles.earlier)}


def _facts(registry: Registry, version: str, roles: Roles | None) -> tuple[dict[str, Any], Mapping[str, Any]]:
    # what is to be said of a version, and its manifest (empty if it is not sound)
    facts: dict[str, Any] = {"version": version, "role": _role(version, roles)}
    try:
        manifest = require_sound(registry.folder_of(version))
    except ModelUnavailable as why:
        return {**facts, "last_day": None, "valid_until": None, "problem": f"{why.reason}: {why.detail}"}, {}
    until = valid_until(manifest).isoformat()
    return {**facts, "last_day": manifest["last_day"], "valid_until": until, "problem": None}, manifest


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
