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
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from magic8_companion.publishing.schema import RECOMMENDATIONS, schema
from magic8_companion.testing.faults import Fault
from tests.cli.rehearsal_hosts import END, FAULT_AT, LASTS, Host, host, tradable

SPEEDS = (6.0, 3.0, 1.5)
BATCH, BATCH_SPEED = 6, 2.0
"""What went wrong at every speed runs once more with few hosts side by side: the machine had other work."""

pytestmark = pytest.mark.timeout(900)
SOON, SILENCE = timedelta(seconds=15), timedelta(seconds=30)
LONG = LASTS.total_seconds()
SYMBOLS = frozenset({"SPY", "QQQ"})


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fault of some symbols; ``reasons`` may be published of them after ``limit`` at the latest.

    Without any reason nothing changes.  ``late`` is a fault after which the symbol is known, but late.
    """

    fault: Fault
    symbols: frozenset[str] = SYMBOLS
    reasons: frozenset[str] = frozenset()
    limit: timedelta = SOON
    returns: bool = True
    late: bool = False


def deaf(fault: Fault, *reasons: str, **given: Any) -> Case:
    """Return a fault that lasts for a minute and has to be told."""
    return Case(fault=fault, reasons=frozenset({*reasons, "feed_silent"}), **given)


def alone(name: str, *reasons: str, **given: Any) -> Case:
    """Return a fault that strikes one of both symbols for a minute.

    A line without a price is subscribed again, and is silent until its first tick.
    """
    options = {key: given.pop(key) for key in ("limit", "late", "returns") if key in given}
    fault = Fault(name, symbols=("QQQ",), seconds=LONG, **given)
    told = frozenset({*reasons, "feed_silent"} if reasons else ())
    return Case(fault=fault, symbols=frozenset({"QQQ"}), reasons=told, **options)


CASES = {
    "1100, then 1102": deaf(Fault("link_lost", seconds=LONG), "ib_disconnected"),
    "1100, then 1101": deaf(Fault("link_lost", seconds=LONG, returns=1101), "ib_disconnected"),
    "restart": deaf(Fault("restart", seconds=LONG), "ib_disconnected"),
    "2103": deaf(Fault("farm_broken", seconds=LONG), "quotes_broken"),
    "10197": deaf(Fault("competing_session", seconds=LONG), "competing_session", returns=False),
    "cached ticks": deaf(Fault("stale_quotes", minutes=30.0, seconds=LONG), "ib_disconnected", limit=SILENCE),
    "prices that are none": deaf(Fault("bad_price", seconds=LONG), "bad_spot", "ib_disconnected"),
    "one symbol: NaN": alone("bad_price", "bad_spot"),
    "one symbol: -1": alone("bad_price", "bad_spot", value="-1"),
    "one symbol: infinity": alone("bad_price", "bad_spot", value="inf"),
    "one symbol: crossed quotes": alone("crossed_quotes", "bad_spot", of="underlyings"),
    "one symbol: no ticks": alone("no_ticks", "feed_silent", limit=SILENCE),
    "one symbol: prices stop": alone("stale_quotes", "stale_quotes", minutes=0.0, limit=SILENCE),
    "one symbol: cached ticks": alone("stale_quotes", "stale_quotes", minutes=30.0),
    "one symbol: permission lost": alone("no_permission", "no_permission", returns=False),
    "one symbol: only late data": alone("delayed_only", late=True, returns=False),
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
    if tradable(seen.between(before, before)[0]) != SYMBOLS:
        problems.append("not everything was tradable before the fault")
    if case.reasons or case.late:
        told = seen.between(FAULT_AT + case.limit + seen.notices_after, FAULT_AT + LASTS - timedelta(seconds=1))
        problems += [problem for document in told for problem in _too_much(document, case)]
    untouched = SYMBOLS - case.symbols if case.reasons or case.late else SYMBOLS
    for document in seen.between(FAULT_AT, END - timedelta(seconds=2)):
        if not untouched <= tradable(document):
            problems.append(f"taken back: {document['skipped']}")
    if case.returns:
        problems += _not_back(seen)
    return problems


def _too_much(document: dict[str, Any], case: Case) -> Iterator[str]:
    skipped, stamp = document["skipped"], document["timestamp"]
    if tradable(document) & case.symbols:
        yield f"tradable at {stamp}: {tradable(document)}"
    if case.late:
        statuses = {document["recommendations"][symbol]["data_status"] for symbol in case.symbols}
        if statuses != {"delayed"} or skipped:
            yield f"called {statuses} at {stamp}, skipped {skipped}"
        return
    if set(skipped) != case.symbols or not set(skipped.values()) <= case.reasons:
        yield f"skipped at {stamp}: {skipped}"
    if document["connection"]["state"] == "connected" or (case.symbols == SYMBOLS) != (
        document["data_status"] == "stale"
    ):
        yield f"called {document['data_status']} and {document['connection']}"


def _not_back(seen: Host) -> Iterator[str]:
    last = seen.between(END - timedelta(seconds=2), END - timedelta(seconds=2))[0]
    if tradable(last) != SYMBOLS or last["skipped"] or last["connection"]["state"] != "connected":
        yield f"not back: {last['skipped']}, {last['connection']}"


async def play(folder: Path, names: Iterable[str], speed: float) -> dict[str, Host]:
    """Run a host for each of some cases, side by side."""
    wanted = tuple(names)
    seen = await asyncio.gather(
        *(host(folder / str(place), CASES[name].fault, speed) for place, name in enumerate(wanted))
    )
    return dict(zip(wanted, seen, strict=True))


def _open_cases(found: dict[str, Host]) -> list[str]:
    return [name for name in CASES if name not in found or wrong_with(CASES[name], found[name])]


def _batched(names: list[str], size: int) -> Iterator[list[str]]:
    for begin in range(0, len(names), size):
        yield names[begin : begin + size]


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Host]:
    """Run a host for each fault; what went wrong is tried again in peace."""
    threads = threading.active_count()
    found: dict[str, Host] = {}
    for speed in SPEEDS:
        found |= asyncio.run(play(tmp_path_factory.mktemp("hosts"), _open_cases(found), speed))
    for names in _batched(_open_cases(found), BATCH):
        found |= asyncio.run(play(tmp_path_factory.mktemp("hosts"), names, BATCH_SPEED))
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
    assert wrong_with(CASES["one symbol: NaN"], hosts["prices that are none"])
    assert wrong_with(CASES["connection closed"], hosts["one symbol: NaN"])


def test_the_judge_reads_what_stood_at_a_moment() -> None:
    """The document before counts as long as no other one follows."""
    seen = Host(notices_after=timedelta(0), documents=[{"timestamp": "2025-06-26T14:30:00Z"}])
    assert seen.between(FAULT_AT, END) == seen.documents
