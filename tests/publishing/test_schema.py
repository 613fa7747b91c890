"""The shipped schemas are valid, strict, self-contained, and mean what the JSON Schema standard says they mean."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magic8_companion.domain.errors import PublishError
from magic8_companion.publishing.documents import predictions_document, recommendations_document
from magic8_companion.publishing.schema import PREDICTIONS, RECOMMENDATIONS, SCHEMAS, schema, validate
from tests.publishing.recommendation_sets import five_minute_result, recommendation_set

Change = Callable[[dict[str, Any]], object]


def recommendations() -> dict[str, Any]:
    """Return a lawful document: SPX trades a 5-minute Butterfly, SPY nothing, QQQ an Iron_Condor; IWM is skipped."""
    return recommendations_document(recommendation_set(), 12)


def predictions() -> dict[str, Any]:
    """Return a lawful document: SPX trades a Butterfly, SPY nothing."""
    return predictions_document(five_minute_result(), 5)


def entry(document: dict[str, Any], symbol: str, key: str) -> dict[str, Any]:
    """Return one entry of a document."""
    found: dict[str, Any] = document["recommendations"][symbol]["strategies"][key]
    return found


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_is_valid_draft_7_and_points_only_into_itself(name: str) -> None:
    """A third party can use the file alone."""
    jsonschema.Draft7Validator.check_schema(schema(name))
    references = _references(schema(name))
    assert references
    assert {ref.removeprefix("#/definitions/") for ref in references} == set(schema(name)["definitions"])


def test_what_both_schemas_define_they_define_alike() -> None:
    """A shared word has one meaning, but for the three that differ on purpose."""
    ours, theirs = schema(RECOMMENDATIONS)["definitions"], schema(PREDICTIONS)["definitions"]
    differing = {name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]}
    assert differing == {"entry", "recommendation", "no_trade"}


BAD_RECOMMENDATIONS: dict[str, Change] = {
    "a missing top-level key": lambda d: d.pop("halt_reason"),
    "an unknown top-level key": lambda d: d.update(extra=1),
    "another version": lambda d: d.update(schema_version="1.0"),
    "a seq of zero": lambda d: d.update(seq=0),
    "a seq that is a bool": lambda d: d.update(seq=True),
    "a time with fractions": lambda d: d.update(timestamp="2024-03-14T15:05:06.250Z"),
    "a time with another offset": lambda d: d.update(timestamp="2024-03-14T15:05:06+00:00"),
    "a time in month 13": lambda d: d.update(valid_until="2024-13-14T15:05:06Z"),
    "a label without zone": lambda d: d.update(checkpoint_time="11:00"),
    "an unknown state": lambda d: d.update(data_status="fresh"),
    "an unknown mode": lambda d: d.update(merge_strategy="mix"),
    "a bare unavailable": lambda d: d.update(ml_status="unavailable:"),
    "an update that was used but has no time": lambda d: d.update(last_5min_update=None),
    "a symbol in lower case": lambda d: d["recommendations"].update(spx=d["recommendations"].pop("SPX")),
    "a halt that leaves a trade": lambda d: d.update(halt_reason="kill switch"),
    "an empty skip reason": lambda d: d["skipped"].update(IWM=""),
    "a missing base entry": lambda d: d["recommendations"]["SPX"]["strategies"].pop("Vertical"),
    "an unknown strategy": lambda d: d["recommendations"]["SPX"]["strategies"].update(
        Straddle=entry(d, "SPX", "Vertical")
    ),
    "a tradable entry that is not HIGH": lambda d: entry(d, "QQQ", "Iron_Condor").update(confidence="MEDIUM"),
    "a tradable entry that is blocked": lambda d: entry(d, "QQQ", "Iron_Condor").update(blocked_by=["expired"]),
    "a blocker that is no code": lambda d: entry(d, "QQQ", "Vertical").update(blocked_by=["bad mood"]),
    "a blocker named twice": lambda d: entry(d, "QQQ", "Vertical").update(blocked_by=["expired", "expired"]),
    "a score above 100": lambda d: entry(d, "QQQ", "Vertical").update(score=100.1),
    "a score that is a text": lambda d: entry(d, "QQQ", "Vertical").update(score="20.1"),
    "should_trade as a number": lambda d: entry(d, "QQQ", "Vertical").update(should_trade=0),
    "a scored entry without evidence": lambda d: entry(d, "QQQ", "Vertical").pop("evidence"),
    "a scored entry without rule score": lambda d: [
        entry(d, "QQQ", "Vertical").pop(key) for key in ("rule_score", "evidence")
    ],
    "an ML score without agreement": lambda d: entry(d, "QQQ", "Vertical").update(ml_score=0.0),
    "a probability above one": lambda d: entry(d, "QQQ", "Iron_Condor").update(win_probability=1.2),
    "a ticket without legs": lambda d: entry(d, "QQQ", "Iron_Condor")["ticket"].update(legs=[]),
    "a leg of no contracts": lambda d: entry(d, "QQQ", "Iron_Condor")["ticket"]["legs"][0].update(quantity=0),
    "a 5-minute entry without direction": lambda d: entry(d, "SPX", "Butterfly_5min").pop("direction"),
    "a 5-minute key of another source": lambda d: entry(d, "SPX", "Butterfly_5min").update(source="checkpoint"),
    "an entry that never ends": lambda d: entry(d, "SPX", "Butterfly_5min").pop("valid_until"),
    "a best key without entry": lambda d: d["recommendations"]["SPX"]["strategies"].pop("Butterfly_5min"),
    "a best key that may not trade": lambda d: entry(d, "SPX", "Butterfly_5min").update(should_trade=False),
    "a best strategy of another key": lambda d: d["recommendations"]["SPX"].update(best_strategy="Vertical"),
    "a best strategy with suffix": lambda d: d["recommendations"]["SPX"].update(best_strategy="Butterfly_5min"),
    "No_Trade beside a trade": lambda d: d["recommendations"]["SPX"]["strategies"].update(
        No_Trade=entry(d, "SPY", "No_Trade")
    ),
    "a trade beside No_Trade": lambda d: entry(d, "SPY", "Vertical").update(confidence="HIGH", should_trade=True),
    "No_Trade without its entry": lambda d: d["recommendations"]["SPY"]["strategies"].pop("No_Trade"),
    "No_Trade of nobody": lambda d: entry(d, "SPY", "No_Trade").update(source="nobody"),
    "a record without its symbol": lambda d: d["recommendations"]["SPX"].pop("symbol"),
    "a hash of another length": lambda d: d.update(content_hash="0" * 63),
    "conditions without spot": lambda d: d["recommendations"]["SPY"]["market_conditions"].pop("spot"),
    "metadata without version": lambda d: d["recommendations"]["SPX"]["ml_5min_metadata"].pop("model_version"),
}

BAD_PREDICTIONS: dict[str, Change] = {
    "a missing slot": lambda d: d.pop("slot_time"),
    "a false constant": lambda d: d.update(ml_5min=False),
    "a prediction with a source": lambda d: entry(d, "SPX", "Butterfly").update(source="ml_5min"),
    "a prediction without confidence": lambda d: entry(d, "SPX", "Butterfly").pop("ml_confidence"),
    "a tradable MEDIUM": lambda d: entry(d, "SPX", "Butterfly").update(confidence="MEDIUM"),
    "a best strategy that may not trade": lambda d: d["recommendations"]["SPY"].update(best_strategy="Vertical"),
    "two predictions": lambda d: d["recommendations"]["SPX"]["strategies"].update(Vertical=entry(d, "SPY", "Vertical")),
    "no entry at all": lambda d: d["recommendations"]["SPX"].update(strategies={}),
    "a suffix": lambda d: d["recommendations"]["SPX"].update(
        strategies={"Butterfly_5min": entry(d, "SPX", "Butterfly")}
    ),
}


@pytest.mark.parametrize("what", BAD_RECOMMENDATIONS)
def test_recommendations_refuse(what: str) -> None:
    """Each departure from the contract is refused, by our validator and by a standard one."""
    document = recommendations()
    validate(document, RECOMMENDATIONS)
    BAD_RECOMMENDATIONS[what](document)
    _assert_refused(document, RECOMMENDATIONS)


@pytest.mark.parametrize("what", BAD_PREDICTIONS)
def test_predictions_refuse(what: str) -> None:
    """Each departure from the contract is refused, by our validator and by a standard one."""
    document = predictions()
    validate(document, PREDICTIONS)
    BAD_PREDICTIONS[what](document)
    _assert_refused(document, PREDICTIONS)


def test_a_refusal_names_kind_path_and_rule() -> None:
    """The message tells an operator what is wrong and where."""
    document = recommendations()
    entry(document, "QQQ", "Vertical")["score"] = 400
    with pytest.raises(PublishError) as refused:
        validate(document, RECOMMENDATIONS)
    assert str(refused.value).startswith("recommendations: recommendations")
    assert "Vertical.score must be smaller than or equal to 100" in str(refused.value)


def test_validation_leaves_the_document_as_it_is() -> None:
    """No default is filled in on the way."""
    document = recommendations()
    before = copy.deepcopy(document)
    validate(document, RECOMMENDATIONS)
    assert document == before


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_our_compiled_validator_agrees_with_a_standard_one(data: st.DataObject) -> None:
    """Any single replaced value is judged alike by both."""
    document = recommendations()
    places = list(_places(document))
    record, key = places[data.draw(st.integers(0, len(places) - 1))]
    record[key] = data.draw(st.sampled_from((None, True, -1, 50.5, "", "HIGH", "SPX", [], {}, ["expired"])))
    standard = jsonschema.Draft7Validator(schema(RECOMMENDATIONS)).is_valid(document)
    try:
        validate(document, RECOMMENDATIONS)
    except PublishError:
        assert not standard
    else:
        assert standard


def _assert_refused(document: dict[str, Any], name: str) -> None:
    with pytest.raises(PublishError, match=name):
        validate(document, name)
    assert not jsonschema.Draft7Validator(schema(name)).is_valid(document)


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [ref for value in node.values() for ref in _references(value)]
    return [ref for value in node for ref in _references(value)] if isinstance(node, list) else []


def _places(node: Any) -> list[tuple[Any, Any]]:
    if not isinstance(node, (dict, list)):
        return []
    items = list(node.items() if isinstance(node, dict) else enumerate(node))
    return [(node, key) for key, _ in items] + [place for _, value in items for place in _places(value)]
