"""The passport of a model: what it was learnt from, and that it cannot have seen the future.

A section of the manifest with five parts, each made at training and each checked again whenever the model is loaded:

    data           sha256 of the bars of each symbol and of the daily VIX rows that were looked at; of a model of win
                   probabilities, of the trades of each symbol
    folds          which days were learnt from and which were then tested, fold by fold
    frozen         the last day looked at, and for how many sessions after it the model may serve
    availability   every feature of a sample was recomputed from what was known at its time: how many differ
    canaries       shuffled labels, a future-shifted feature, a truncated and a scrambled future, with their numbers

``seal`` is the sha256 of the whole manifest: a number changed by hand, or a passport moved to another model, breaks it.
It proves that the parts belong together, not who wrote them.  The checks judge the numbers, never a word like "passed".
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import orjson

PASSPORT: Final = "passport"
WIN_PROBABILITY: Final = "win_probability"
"""``kind`` in the manifest of a model that learnt from trades; other models name none."""

FORMAT_VERSION: Final = 2
VALID_SESSIONS: Final = 63
"""Sessions after the freeze for which a model may serve: a quarter of a year."""

SHUFFLED_ERRORS: Final = 3.0
"""Shuffled labels may show a skill of at most so many standard errors (by day)."""

SHUFFLED_SKILL: Final = 0.01
"""Or of at most this much: on thousands of days an error is small, and so is this."""

LARGEST_LOSS: Final = 0.25
"""No canary may lose more than this share of the base rates' loss: noise loses a few percent, a diverged fit all."""

SHIFTED_ERRORS: Final = 2.0
"""A feature taken from tomorrow must add more than so many standard errors (by day, paired) to the skill."""

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
    tested_until = date.min
    for fold in part:
        learnt_to = date.fromisoformat(fold["learnt"][1])
        first, last = (date.fromisoformat(day) for day in fold["tested"])
        if not learnt_to < first <= last:
            raise _Invalid(f"days up to {learnt_to} were learnt before {first} was tested")
        if first <= tested_until:
            raise _Invalid(f"{first} was tested twice")
        tested_until = last
    if tested_until > (frozen := date.fromisoformat(manifest["last_day"])):
        raise _Invalid(f"{tested_until} was tested, after the freeze on {frozen}")


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


def shuffled_labels_problem(numbers: Mapping[str, float]) -> str | None:
    """Return what speaks against the canary of labels exchanged between days, or None: there must be no skill.

    A large loss is no proof of honesty either: it comes from a fit that diverged and would hide a leak.

    >>> shuffled_labels_problem({"skill": -0.002, "standard_error": 0.004}) is None
    True
    """
    skill, error = float(numbers["skill"]), float(numbers["standard_error"])
    if not (math.isfinite(skill) and error > 0):
        return "it was not measured"
    if skill > max(SHUFFLED_ERRORS * error, SHUFFLED_SKILL):
        return f"shuffled labels are predicted with a skill of {skill:+.1%}: something leaks"
    if skill < -LARGEST_LOSS:
        return f"shuffled labels are predicted with a skill of {skill:+.1%}, far below the base rates: the fit diverged"
    return None


def future_shifted_problem(numbers: Mapping[str, Any]) -> str | None:
    """Return what speaks against the canary of one feature taken from tomorrow, or None: both alarms must ring.

    >>> numbers = {"feature": "f", "differing": 9, "skill": 0.4, "honest_skill": 0.2, "standard_error": 0.03}
    >>> future_shifted_problem(numbers) is None
    True
    """
    if not numbers["feature"] or int(numbers["differing"]) < 1:
        return "a feature taken from tomorrow was not noticed: the audit is blind"
    gain, error = float(numbers["skill"]) - float(numbers["honest_skill"]), float(numbers["standard_error"])
    if not (math.isfinite(gain) and error >= 0):
        return "what a feature taken from tomorrow adds was not measured"
    if (lowest := min(float(numbers["skill"]), float(numbers["honest_skill"]))) < -LARGEST_LOSS:
        return f"a skill of {lowest:+.1%} is far below the base rates: the fit diverged"
    if gain <= SHIFTED_ERRORS * error:
        return (
            f"a feature taken from tomorrow adds {gain:+.1%} +- {error:.1%}, which is nothing:"
            " the skill is not measured on what it predicts"
        )
    return None


def unseen_future_problem(numbers: Mapping[str, Any]) -> str | None:
    """Return what speaks against a canary that changes the future, or None: every prediction must stay, to the bit.

    >>> unseen_future_problem({"predictions": 40, "differing": 3, "features": ["gap"]})
    '3 of 40 predictions look ahead, through gap'
    """
    if int(numbers["predictions"]) < 1:
        return "nothing was predicted"
    if differing := int(numbers["differing"]):
        through = ", ".join(numbers["features"]) or "something that is no feature"
        return f"{differing} of {numbers['predictions']} predictions look ahead, through {through}"
    return None


CANARIES: Final[Mapping[str, Callable[[Mapping[str, Any]], str | None]]] = {
    "truncated_future": unseen_future_problem,
    "scrambled_future": unseen_future_problem,
    "future_shifted_feature": future_shifted_problem,
    "shuffled_labels": shuffled_labels_problem,
}
"""The canaries by name, each with its judge: numbers -> what is wrong, or None."""

_CHECKS: Final[Mapping[str, Callable[[Any, Mapping[str, Any]], None]]] = {
    "data": _check_data,
    "folds": _check_folds,
    "frozen": _check_frozen,
    "availability": _check_availability,
    "canaries": _check_canaries,
}
