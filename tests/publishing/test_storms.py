"""Readers that race the writer, and a writer that is killed at any point: nothing torn, nothing lost, no way back."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

import pytest

from magic8_companion.journal.reader import verify
from magic8_companion.publishing.archive import Archive
from magic8_companion.publishing.publisher import ARCHIVE_FOLDER, Publisher
from magic8_companion.publishing.schema import PREDICTIONS, RECOMMENDATIONS, SCHEMAS, validate
from magic8_companion.publishing.state import StateStore
from magic8_companion.reader_kit import Decision, load
from tests.publishing.recommendation_sets import SLOT

REPOSITORY = Path(__file__).resolve().parents[2]
READERS = 4
READS = 10_000
DOCUMENTS = 200
KILLS = 100


@contextmanager
def storm(folder: Path, *options: str) -> Iterator[tuple[IO[str], IO[str]]]:
    """Run the storm writer; give its input and its output."""
    command = [sys.executable, "-m", "tests.publishing.storm_writer", str(folder), *options]
    pipes: dict[str, Any] = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    with subprocess.Popen(command, cwd=REPOSITORY, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdin, process.stdout
        finally:
            process.kill()


def archived(folder: Path, kind: str) -> dict[int, Path]:
    """Return the archived documents of a kind by their numbers."""
    return {int(path.stem.rpartition("_")[2]): path for path in (folder / ARCHIVE_FOLDER).glob(f"{kind}_2*.json")}


def read_raw(path: Path) -> list[tuple[int, str]]:
    """Read a file again and again; return number and hash of each whole document seen, in order."""
    seen: list[tuple[int, str]] = []
    while len(seen) < READS // READERS or seen[-1][0] < seen[0][0] + DOCUMENTS:
        data = path.read_bytes()
        seen.append((json.loads(data)["seq"], sha256(data).hexdigest()))
    return seen


def ask_kit(path: Path) -> list[Decision]:
    """Ask the reader kit again and again."""
    document = load(path)
    answers: list[Decision] = []
    while len(answers) < READS // READERS or (answers[-1].seq or 0) < (answers[0].seq or 0) + DOCUMENTS:
        answers.append(document.is_actionable("QQQ", "Iron Condor", SLOT + timedelta(minutes=1)))
    return answers


def test_racing_readers_see_only_whole_documents_that_never_go_back(tmp_path: Path) -> None:
    """Ten thousand reads at the writer's full speed: whole, in order, and every one of them archived unchanged."""
    with storm(tmp_path) as (commands, reports), ThreadPoolExecutor(READERS) as readers:
        reports.readline()
        raw = [(kind, readers.submit(read_raw, tmp_path / f"{kind}.json")) for kind in SCHEMAS]
        asked = [readers.submit(ask_kit, tmp_path / "recommendations.json") for _ in range(READERS - len(raw))]
        seen = {kind: reading.result() for kind, reading in raw}
        decisions = [decision for asking in asked for decision in asking.result()]
        commands.close()
        last = int(reports.read().split()[-1])
    for kind, documents in seen.items():
        numbers = [number for number, _ in documents]
        assert numbers == sorted(numbers)
        hashes = {number: sha256(path.read_bytes()).hexdigest() for number, path in archived(tmp_path, kind).items()}
        assert all(hashes[number] == digest for number, digest in documents)
    assert all(decision and decision.reason == "ok" for decision in decisions)
    assert sorted(archived(tmp_path, RECOMMENDATIONS)) == list(range(1, last + 1))
    assert sorted(archived(tmp_path, PREDICTIONS)) == list(range(1, last + 1))


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the killer waits on Linux process descriptors")
def test_a_writer_killed_at_a_hundred_points_loses_nothing(tmp_path: Path) -> None:
    """After every kill the published file is whole, its number has not gone back, and the archive has what it had."""
    dice = random.Random(2)
    highest = 0
    seen: set[int] = set()
    with storm(tmp_path, "--rounds") as (commands, reports):
        for kill in range(KILLS):
            by_call = kill % 3 != 2
            calls, seconds = (dice.randint(1, 90), 10.0) if by_call else (10**9, dice.uniform(0.0, 0.03))
            print(calls, seconds, file=commands)
            complete = [int(line.split()[1]) for line in iter(reports.readline, "killed\n")]
            assert complete == sorted(set(complete))
            assert all(number > highest for number in complete)
            published = _published(tmp_path)
            assert published >= max(complete, default=highest)
            highest = published
            seen |= {*complete, published} - {0}
            _assert_kept(tmp_path, published, max(complete, default=0))
            if kill % 2:  # every other time the next writer itself must recover
                _assert_rolls_forward(tmp_path)
    assert seen <= archived(tmp_path, RECOMMENDATIONS).keys()
    assert len(seen) > KILLS
    _assert_recovery(tmp_path)


def _published(folder: Path, kind: str = RECOMMENDATIONS) -> int:
    path = folder / f"{kind}.json"
    if not path.exists():
        return 0
    document = json.loads(path.read_bytes())
    validate(document, kind)
    return int(document["seq"])


def _assert_kept(folder: Path, published: int, complete: int) -> None:
    for kind in SCHEMAS:
        newest = Archive(folder / ARCHIVE_FOLDER, kind).newest()
        assert (newest.seq if newest else 0) - _published(folder, kind) in {0, 1}
    assert published == _published(folder)
    remembered = StateStore(folder).load_checkpoint(SLOT)
    assert (int(remembered.skipped["IWM"]) if remembered else 0) >= complete


def _assert_rolls_forward(folder: Path) -> None:
    Publisher(folder)
    for kind in SCHEMAS:
        assert _published(folder, kind) == max(archived(folder, kind), default=0)


def _assert_recovery(folder: Path) -> None:
    Publisher(folder)
    assert not list(folder.rglob(".*.tmp"))
    (journal,) = folder.glob("state/journal-*.jsonl")
    lines = [json.loads(line) for line in journal.read_bytes().splitlines()]
    written = {line["document_sha256"]: line["seq"] for line in lines}
    for kind in SCHEMAS:
        documents = archived(folder, kind)
        assert (folder / f"{kind}.json").read_bytes() == documents[max(documents)].read_bytes()
        assert sorted(documents) == list(range(1, max(documents) + 1))
        assert all(written[sha256(path.read_bytes()).hexdigest()] == seq for seq, path in documents.items())
    assert verify(journal) in ([], [f"line {len(lines) + 1} is torn"])
