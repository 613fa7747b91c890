"""Kill a command at random moments, start it again, and check that nothing is torn, lost or left behind."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from magic8_companion.journal.reader import journal_files, verify
from magic8_companion.reader_kit import load
from tests.whole.runs import environment

RESTART_S: Final = 5.0
"""Seconds from the start of a host to its first new document."""

_TORN: Final = frozenset({"unreadable", "bad_json", "hash_mismatch", "contradiction", "schema_unknown"})
_GONE_S: Final = 5.0
_POLL_S: Final = 0.02
_NEVER: Final = threading.Event()


@dataclass(frozen=True, kw_only=True)
class Target:
    """A command that is killed.

    Parameters
    ----------
    words
        Its arguments, made for each run; run ``n`` of a folder may differ from the one before.
    longest_s
        Kills fall between the start and so many seconds after it.
    prepare
        Fills a new folder.
    finish
        Arguments of the last run, which ends by itself.
    is_host
        It publishes documents in ``out``.
    """

    name: str
    words: Callable[[int], list[str]]
    longest_s: float
    prepare: Callable[[Path], object] = Path.exists
    finish: list[str]
    module: str = "magic8_ml"
    is_host: bool = False
    settings: dict[str, str] = field(default_factory=dict)


@dataclass
class Tally:
    """What was found over all kills; ``restarts`` are seconds."""

    kills: int = 0
    problems: list[str] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)


def kill_often(target: Target, folder: Path, kills: int, dice: random.Random, tally: Tally) -> None:
    """Kill a command so often in one folder, then let it run to its end."""
    target.prepare(folder)
    lines: dict[str, list[bytes]] = {}
    for number in range(kills):
        seq = _seq(folder)
        process = _started(target, folder, target.words(number))
        begin, moment = time.monotonic(), dice.uniform(0, target.longest_s)
        while time.monotonic() - begin < moment and process.poll() is None:
            _NEVER.wait(_POLL_S)
            if target.is_host and number and (new := _seq(folder)) != seq and seq >= 0 and new > seq:
                tally.restarts.append(time.monotonic() - begin)
                seq = -1
        process.send_signal(signal.SIGKILL)
        process.wait()
        tally.kills += 1
        tally.problems += [f"{target.name}, kill {number}: {problem}" for problem in damage(folder, lines)]
        tally.problems += [f"{target.name}, kill {number}: left {left}" for left in orphans(folder)]
    process = _started(target, folder, target.finish)
    code = process.wait()
    left = [f"exit code {code}"] * (code != 0) + [f"left {path.name}" for path in leftovers(folder)]
    tally.problems += [f"{target.name}, last run: {problem}" for problem in (*left, *damage(folder, lines))]


def _started(target: Target, folder: Path, words: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", target.module, *words],
        cwd=folder,
        env=environment(target.settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _seq(folder: Path) -> int:
    with suppress(OSError, ValueError, KeyError):
        return int(json.loads((folder / "out" / "recommendations.json").read_bytes())["seq"])
    return 0


def damage(folder: Path, lines: dict[str, list[bytes]]) -> list[str]:
    """Name what is torn in a folder, and journals that lack a line of before (``lines`` by day, updated)."""
    problems = []
    published = folder / "out" / "recommendations.json"
    if published.exists() and (reason := load(published).is_actionable("SPX", "Butterfly").reason) in _TORN:
        problems.append(f"published file {reason}")
    for path in folder.rglob("*.json"):
        try:
            json.loads(path.read_bytes())
        except ValueError:
            problems.append(f"torn {path.name}")
        except OSError:
            continue
    state = folder / "out" / "state"
    for file in journal_files(state):
        problems += [f"{file.path.name}: {problem}" for problem in verify(file.path) if "torn" not in problem]
        found, known = list(file.lines()), lines.get(file.day.isoformat(), [])
        if not set(known) <= set(found):
            problems.append(f"{file.path.name} lost lines")
        lines[file.day.isoformat()] = found
    return problems


def orphans(folder: Path, seconds: float = _GONE_S) -> list[str]:
    """Return the commands that still run in a folder after so many seconds."""
    end = time.monotonic() + seconds
    while found := [name for name in map(_command_in(folder), Path("/proc").iterdir()) if name]:
        if time.monotonic() > end:
            return found
        _NEVER.wait(_POLL_S)
    return []


def _command_in(folder: Path) -> Callable[[Path], str]:
    def command(process: Path) -> str:
        if not process.name.isdigit() or int(process.name) == os.getpid():
            return ""
        with suppress(OSError):
            if (process / "cwd").resolve() == folder:
                return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        return ""

    return command


def leftovers(folder: Path) -> list[Path]:
    """Return temporary files and working folders."""
    return [path for pattern in (".*.tmp", ".incoming-*", "*.retired") for path in folder.rglob(pattern)]


def copy_tree(source: Path, folder: Path) -> None:
    """Copy a folder into a new one."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
