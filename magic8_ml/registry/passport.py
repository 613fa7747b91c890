"""The passport of a model: its training data, and the proof that it has not seen the future.

A section of the manifest with five parts, each made at training and each checked again whenever the model is loaded:

    data           sha256 of the bars of each symbol and of the daily VIX rows that were looked at; of a model of win
                   probabilities, of the trades of each symbol
    folds          training and test days, fold by fold
    frozen         the last day looked at, and for how many sessions after it the model may serve
    availability   every feature of a sample was recomputed from what was known at its time: how many differ
    canaries       shuffled labels, a future-shifted feature, a truncated and a scrambled future, with their numbers

``seal`` is the sha256 of the whole manifest: a number changed by hand, or a passport moved to another model, breaks it.
It proves that the parts belong together, not who wrote them.  The checks read the numbers, never a word like "passed".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import orjson

from magic8_ml.registry.canaries import CANARIES

PASSPORT: Final = "passport"
WIN_PROBABILITY: Final = "win_probability"
"""``kind`` in the manifest of a model trained on trades; other models have none."""

FORMAT_VERSION: Final = 2
VALID_SESSIONS: Final = 63
"""Sessions after the freeze for which a model may serve: a quarter of a year."""

_HEX_DIGITS: Final = frozenset("0123456789abcdef")


class _Invalid(Exception):
    """A part does not hold; the text says which and why."""


def with_passport(manifest: Mapping[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest with a sealed passport of ``parts``; whether it is valid is another question."""
    sealed = {**manifest, PASSPORT: {"format_version": FORMAT_VERSION, **parts}}
    sealed[PASSPORT]["seal"] = _seal(sealed)
    return sealed


def passport_problem(manifest: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the passport of a manifest, or None if nothing is."""
    passport = manifest.get(PASSPORT)
    if not isinstance(passport, Mapping):
        return "the model has no passport"
    if passport.get("format_version") != FORMAT_VERSION:
        return f"the passport is not of format {FORMAT_VERSION}"
    for name, check in _CHECKS.items():
        part = passport.get(name)
        if not isinstance(part, Mapping | list) or not part:
            return f"the passport has no part {name!r}"
        try:
            check(part, manifest)
        except _Invalid as why:
            return f"passport, {name}: {why}"
        except (KeyError, TypeError, ValueError, IndexError) as error:
            return f"passport, {name}: not readable ({type(error).__name__}: {error})"
    return None if passport.get("seal") == _seal(manifest) else "the seal of the passport is broken"


def _seal(manifest: Mapping[str, Any]) -> str:
    open_passport = {name: part for name, part in manifest[PASSPORT].items() if name != "seal"}
    return hashlib.sha256(
        orjson.dumps({**manifest, PASSPORT: open_passport}, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS)
    ).hexdigest()


def _check_data(part: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    symbols = part["symbols"]
    if missing := sorted(set(manifest["symbols"]) - set(symbols)):
        raise _Invalid(f"no digest of the bars of {', '.join(missing)}")
    looked_at = symbols if manifest.get("kind") == WIN_PROBABILITY else {**symbols, "the VIX": part["vix_daily"]}
    for name, series in looked_at.items():
        if len(series["sha256"]) != 64 or not _HEX_DIGITS.issuperset(series["sha256"]) or series["rows"] < 1:
            raise _Invalid(f"the digest of {name} is none")


def _check_folds(part: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]) -> None:
    test_end = date.min
    for fold in part:
        train_end = date.fromisoformat(fold["train"][1])
        first, last = (date.fromisoformat(day) for day in fold["test"])
        if not train_end < first <= last:
            raise _Invalid(f"days up to {train_end} were learnt before {first} was tested")
        if first <= test_end:
            raise _Invalid(f"{first} was tested twice")
        test_end = last
    if test_end > (frozen := date.fromisoformat(manifest["last_day"])):
        raise _Invalid(f"{test_end} was tested, after the freeze on {frozen}")


def _check_frozen(part: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    if date.fromisoformat(part["day"]) != date.fromisoformat(manifest["last_day"]):
        raise _Invalid(f"it says {part['day']}, but the data end on {manifest['last_day']}")
    if not 0 < int(part["valid_sessions"]) <= 252:
        raise _Invalid(f"{part['valid_sessions']} sessions of validity, expected 1..252")


def _check_availability(part: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    if part["feature_digest"] != manifest["feature_digest"]:
        raise _Invalid("another feature catalogue was audited")
    if part["values"] < 1:
        raise _Invalid("nothing was audited")
    if part["late"]:
        raise _Invalid(f"known only later: {', '.join(map(str, part['late']))}")


def _check_canaries(part: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:  # noqa: ARG001 - all checks are called alike
    for name, check in CANARIES.items():
        if not isinstance(part.get(name), Mapping):
            raise _Invalid(f"there is no canary {name}")
        if problem := check(part[name]):
            raise _Invalid(f"{name}: {problem}")


_CHECKS: Final[Mapping[str, Callable[[Any, Mapping[str, Any]], None]]] = {
    "data": _check_data,
    "folds": _check_folds,
    "frozen": _check_frozen,
    "availability": _check_availability,
    "canaries": _check_canaries,
}
