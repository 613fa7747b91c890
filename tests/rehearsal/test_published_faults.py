"""What an order bot reads while the feed of a running host is broken: nothing tradable, and why.

All hosts run side by side in accelerated time.  One that does not keep its promise runs again, slower, so
that a busy machine is not taken for a fault of the host.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jsonschema
import pytest

from magic8_companion.output.schema import RECOMMENDATIONS, schema
from magic8_companion.testing.faults import Fault
from tests.rehearsal.hosts import END, FAULT_AT, LASTS, Host, host, is_tradable

SPEEDS = (6.0, 3.0, 1.5)
SOON, SILENCE = timedelta(seconds=15), timedelta(seconds=30)
LONG = LASTS.total_seconds()


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fault; ``reasons`` may be published after ``limit`` at the latest, without any the data are back by then."""

    fault: Fault
    reasons: frozenset[str] = frozenset()
    limit: timedelta = SOON
    returns: bool = True


def deaf(fault: Fault, *reasons: str, **given: Any) -> Case:
    """Return a fault that lasts for a minute and has to be told."""
    return Case(fault=fault, reasons=frozenset({*reasons, "feed_silent"}), **given)


CASES = {
    "1100, then 1102": deaf(Fault("link_lost", seconds=LONG), "ib_disconnected"),
    "1100, then 1101": deaf(Fault("link_lost", seconds=LONG, returns=1101), "ib_disconnected"),
    "restart": deaf(Fault("restart", seconds=LONG), "ib_disconnected"),
    "2103": deaf(Fault("farm_broken", seconds=LONG), "quotes_broken"),
    "10197": deaf(Fault("competing_session", seconds=LONG), "competing_session", returns=False),
    "cached ticks": deaf(Fault("stale_quotes", minutes=30.0, seconds=LONG), "ib_disconnected", limit=SILENCE),
    "prices that are none": deaf(Fault("bad_price", seconds=LONG), "ib_disconnected", limit=SILENCE),
    "wrong clock": deaf(Fault("clock_skew", seconds=LONG), "clock_skew"),
    "connection closed": Case(fault=Fault("drop")),
    "connection reset": Case(fault=Fault("drop", reset=True)),
    "silence on a live socket": Case(fault=Fault("silence"), limit=SILENCE),
    "half-open socket": Case(fault=Fault("half_open"), limit=SILENCE),
    "2105": Case(fault=Fault("farm_broken", farm="history", seconds=LONG)),
    "7-byte segments": Case(fault=Fault("segments", size=7, seconds=LONG)),
}


def wrong_with(case: Case, seen: Host) -> list[str]:
    """Return every promise that a host has not kept."""
    problems = [f"rule broken: {violation}" for violation in seen.violations]
    before = FAULT_AT - timedelta(seconds=2)  # published times are whole seconds
    if not is_tradable(seen.between(before, before)[0]):
        problems.append("nothing was tradable before the fault")
    if case.reasons:
        told = seen.between(FAULT_AT + case.limit + seen.notices_after, FAULT_AT + LASTS - timedelta(seconds=1))
        problems += [problem for document in told for problem in _too_much(document, case.reasons)]
    else:
        whole = seen.between(FAULT_AT, END - timedelta(seconds=2))
        problems += [f"taken back: {document['skipped']}" for document in whole if not is_tradable(document)]
    if case.returns:
        problems += _not_back(seen)
    return problems


def _too_much(document: dict[str, Any], reasons: frozenset[str]) -> Iterator[str]:
    if is_tradable(document):
        yield f"tradable at {document['timestamp']}"
    if not document["skipped"] or not set(document["skipped"].values()) <= reasons:
        yield f"skipped because of {document['skipped']}"
    if document["data_status"] != "stale" or document["connection"]["state"] == "connected":
        yield f"called {document['data_status']} and {document['connection']}"


def _not_back(seen: Host) -> Iterator[str]:
    last = seen.between(END - timedelta(seconds=2), END - timedelta(seconds=2))[0]
    if not is_tradable(last) or last["skipped"] or last["connection"]["state"] != "connected":
        yield f"not back: {last['skipped']}, {last['connection']}"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Host]:
    """Run a host for each fault; what went wrong is tried again in peace."""

    def run(names: Iterable[str], speed: float) -> dict[str, Host]:
        folders = {name: tmp_path_factory.mktemp("host") for name in names}

        async def together() -> list[Host]:
            return await asyncio.gather(*(host(folders[name], CASES[name].fault, speed) for name in folders))

        return dict(zip(folders, asyncio.run(together()), strict=True))

    threads = threading.active_count()
    found: dict[str, Host] = {}
    for speed in SPEEDS:
        found |= run([name for name in CASES if name not in found or wrong_with(CASES[name], found[name])], speed)
    assert threading.active_count() <= threads  # no host has left a thread behind
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_deaf_feed_takes_back_what_it_has_said_until_it_hears_again(hosts: dict[str, Host], name: str) -> None:
    """From 15 s (30 s of silence) after the fault the symbol is unknown, with its reason; else nothing changes."""
    assert wrong_with(CASES[name], hosts[name]) == []


def test_every_document_obeys_the_schema(hosts: dict[str, Host]) -> None:
    """By an independent validator, healthy or not."""
    rules = schema(RECOMMENDATIONS)
    validator = jsonschema.validators.validator_for(rules)(rules)
    documents: list[dict[str, Any]] = [document for seen in hosts.values() for document in seen.documents]
    assert len(documents) > 5 * len(CASES)
    for document in documents:
        validator.validate(document)


def test_a_promise_that_is_broken_is_noticed(hosts: dict[str, Host]) -> None:
    """The judge is not asleep: a harmless fault does not pass for an outage, nor an outage for a harmless one."""
    assert wrong_with(CASES["restart"], hosts["connection closed"])
    assert wrong_with(CASES["connection closed"], hosts["restart"])


def test_the_judge_reads_what_stood_at_a_moment() -> None:
    """The document before counts as long as no other one follows."""
    seen = Host(notices_after=timedelta(0), documents=[{"timestamp": "2025-06-26T14:30:00Z"}])
    assert seen.between(FAULT_AT, END) == seen.documents
