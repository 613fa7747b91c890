"""The passport: whole and true, or the model is refused with the part that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from magic8_ml.registry.canaries import CANARIES
from magic8_ml.registry.manifest import ModelUnavailable
from magic8_ml.registry.passport import PASSPORT, passport_problem
from magic8_ml.registry.validity import require_passport
from tests.registry.made_models import manifest, parts, passed, resealed

Change = Callable[[dict[str, Any]], object]


def test_a_whole_passport_holds() -> None:
    """Nothing is wrong with it, and the model may be loaded."""
    assert passport_problem(passed()) is None
    require_passport(passed())


def test_without_passport_a_model_is_refused() -> None:
    """The reason to publish is no_passport."""
    with pytest.raises(ModelUnavailable) as refused:
        require_passport(manifest())
    assert refused.value.reason == "no_passport"


@pytest.mark.parametrize("part", [*parts(), "seal", "format_version"])
def test_each_part_is_needed(part: str) -> None:
    """A passport from which any part was taken is refused, sealed again or not."""
    made = passed()
    del made[PASSPORT][part]
    assert passport_problem(made)
    if part not in {"seal", "format_version"}:
        assert part in str(passport_problem(resealed(passed(), lambda passport: passport.pop(part))))


@pytest.mark.parametrize("canary", list(CANARIES))
def test_each_canary_is_needed(canary: str) -> None:
    """A passport without one of the canaries is refused, and the sentence names it."""
    assert canary in str(passport_problem(resealed(passed(), lambda passport: passport["canaries"].pop(canary))))


CHANGES: dict[str, Change] = {
    "no digest of the bars": lambda p: p["data"]["symbols"].clear(),
    "digest of SPY is none": lambda p: p["data"]["symbols"]["SPY"].update(sha256="0"),
    "digest of the VIX is none": lambda p: p["data"]["vix_daily"].update(rows=0),
    "were learnt before": lambda p: p["folds"][0].update(train=["2024-01-02", "2024-06-04"]),
    "was tested twice": lambda p: p["folds"][1].update(train=["2024-01-02", "2024-05-31"], test=["2024-08-30"] * 2),
    "after the freeze": lambda p: p["folds"][1].update(test=["2024-09-04", "2025-04-01"]),
    "but the data end": lambda p: p["frozen"].update(day="2025-06-30"),
    "expected 1..252": lambda p: p["frozen"].update(valid_sessions=10_000),
    "another feature catalogue": lambda p: p["availability"].update(feature_digest="0" * 64),
    "nothing was audited": lambda p: p["availability"].update(values=0),
    "known only later: gap": lambda p: p["availability"].update(late=["gap"]),
    "truncated_future: 1 of 40 predictions look ahead, through gap": lambda p: p["canaries"]["truncated_future"].update(
        differing=1, features=["gap"]
    ),
    "scrambled_future: nothing was predicted": lambda p: p["canaries"]["scrambled_future"].update(predictions=0),
    "the audit is blind": lambda p: p["canaries"]["future_shifted_feature"].update(differing=0),
    "which is nothing": lambda p: p["canaries"]["future_shifted_feature"].update(skill=0.19),
    "was not measured": lambda p: p["canaries"]["future_shifted_feature"].update(standard_error=float("nan")),
    "something leaks": lambda p: p["canaries"]["shuffled_labels"].update(skill=0.013),
    "it was not measured": lambda p: p["canaries"]["shuffled_labels"].update(standard_error=0.0),
    "not readable": lambda p: p["canaries"]["shuffled_labels"].pop("skill"),
}


@pytest.mark.parametrize("sentence", list(CHANGES))
def test_the_checks_use_numbers_not_text(sentence: str) -> None:
    """Whoever seals a bad number again is still told what is wrong with it."""
    assert sentence in str(passport_problem(resealed(passed(), CHANGES[sentence])))


@pytest.mark.parametrize("where", ["evaluation", "files", "passport"])
def test_a_number_changed_by_hand_breaks_the_seal(where: str) -> None:
    """The seal covers the whole manifest: files, facts and passport."""
    made = passed() | {"evaluation": {}}
    change = {"evaluation": {"rpss": 0.9}, "files": {"trees.ubj": "0" * 64}, "passport": deepcopy(made[PASSPORT])}
    change["passport"]["canaries"]["shuffled_labels"]["skill"] = -0.002
    assert passport_problem({**made, where: change[where]}) == "the seal of the passport is broken"


def test_a_passport_is_of_one_model_only() -> None:
    """Moved to a model of the same data but other trees, it is refused."""
    other = {**manifest(content=b"other trees"), PASSPORT: passed()[PASSPORT]}
    assert passport_problem(other) == "the seal of the passport is broken"


@pytest.mark.parametrize("nonsense", [None, [], "yes", 1, {"format_version": 1}, {"format_version": 9}])
def test_nonsense_is_no_passport(nonsense: object) -> None:
    """Whatever stands in its place is refused with a sentence, never with a crash."""
    assert passport_problem({**manifest(), PASSPORT: nonsense})
