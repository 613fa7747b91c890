"""A writer at full speed in a process of its own, for the tests of races and kills.

    python -m tests.publishing.storm_writer FOLDER                publish both kinds until standard input ends
    python -m tests.publishing.storm_writer FOLDER --rounds   for each line ``CALLS SECONDS`` on standard input: fork
                                                              a writer and kill it before its CALLS-th call of the file
                                                              system, or after SECONDS

Each completed publication is reported on standard output as ``seq <n>``, the end of a round as ``killed``.
"""

from __future__ import annotations

import itertools
import os
import select
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from magic8_companion.publishing.publisher import Publisher
from magic8_companion.publishing.state import StateStore
from tests.publishing.recommendation_sets import calm, checkpoint_result, five_minute_result, recommendation_set

FILE_CALLS = frozenset(
    ("open", "os.link", "os.rename", "os.remove", "os.mkdir", "os.scandir", "os.listdir", "os.truncate")
)
SMALL = recommendation_set(recommendations={"QQQ": calm()}, skipped={})


def publish_until_input_ends(folder: Path) -> None:
    """Publish as fast as the disk allows."""
    publisher = Publisher(folder)
    while not select.select([sys.stdin], [], [], 0)[0]:
        report(publisher.publish(SMALL, slot=five_minute_result()))


def publish_until_killed(folder: Path, fatal_call: int) -> None:
    """Recover, then remember and publish; the ``fatal_call``-th call of the file system is never made."""
    calls = itertools.count(1)

    def die_at_the_call(event: str, arguments: tuple[object, ...]) -> None:
        if event in FILE_CALLS and str(arguments[0]).startswith(str(folder)) and next(calls) == fatal_call:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(die_at_the_call)
    publisher, state = Publisher(folder), StateStore(folder)
    while True:
        report(publish_and_remember(publisher, state))


def publish_and_remember(publisher: Publisher, state: StateStore) -> int:
    """Publish both kinds, and remember a checkpoint that carries the number."""
    seq = publisher.publish(SMALL, slot=five_minute_result())
    state.save_checkpoint(replace(checkpoint_result(), skipped={"IWM": str(seq)}))
    return seq


def report(seq: int) -> None:
    """Tell the test in one atomic write what is complete."""
    os.write(sys.stdout.fileno(), f"seq {seq}\n".encode())


def kill_in_rounds(folder: Path) -> None:
    """Fork a writer per line of standard input."""
    with tempfile.TemporaryDirectory() as elsewhere:  # everything is loaded once, so that a round is short
        publish_and_remember(Publisher(Path(elsewhere)), StateStore(Path(elsewhere)))
    for line in sys.stdin:
        calls, seconds = line.split()
        writer = os.fork()
        if not writer:
            publish_until_killed(folder, int(calls))
        descriptor = os.pidfd_open(writer)
        select.select([descriptor], [], [], float(seconds))
        os.kill(writer, signal.SIGKILL)
        _, status = os.waitpid(writer, 0)
        os.close(descriptor)
        os.write(sys.stdout.fileno(), b"killed\n" if os.WTERMSIG(status) == signal.SIGKILL else b"failed by itself\n")


if __name__ == "__main__":
    (kill_in_rounds if "--rounds" in sys.argv else publish_until_input_ends)(Path(sys.argv[1]))
