"""Start the real command in a folder of its own, as a user would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

FIVE_MINUTE = "ml_predictions_5min"
CHECKPOINT = "recommendations"


def environment(settings: dict[str, str]) -> dict[str, str]:
    """Return the process environment without any setting of the caller's, plus ``settings``."""
    foreign = ("M8C_", "ML_", "MAGIC8_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | settings


def run(
    folder: Path, *words: str, module: str = "magic8_companion.unified_main", **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a module's command in ``folder`` and return what it printed."""
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=folder,
        env=environment(settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@contextmanager
def running(
    folder: Path, *words: str, before: Sequence[str] = (), terminal: int = subprocess.DEVNULL, **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the host in ``folder``, hand it over once it has published, and end it.

    Parameters
    ----------
    before
        The command that starts it, such as nohup.
    terminal
        An open file for its input and output.
    """
    command = [*before, sys.executable, "-m", "magic8_companion.unified_main", *words]
    streams = {"stdin": terminal, "stdout": terminal, "stderr": terminal}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment(settings),
        preexec_fn=_default_signals,  # noqa: PLW1509  # no thread of the tests holds a lock that signal.signal needs
        **streams,
    ) as process:
        try:
            while not list(folder.rglob("recommendations.json")):
                with suppress(subprocess.TimeoutExpired):
                    raise AssertionError(f"the host ended early with code {process.wait(timeout=0.05)}")
            yield process
        finally:
            process.kill()


def _default_signals() -> None:
    # a run in the background starts its processes with some of these ignored, and the host keeps what it was given
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def archive(output: Path) -> dict[str, bytes]:
    """Return every archived document of an output folder by its name."""
    return {path.name: path.read_bytes() for path in sorted((output / "recommendations_archive").iterdir())}


def documents(output: Path, kind: str) -> list[dict[str, Any]]:
    """Return the archived documents of one kind in order of their number."""
    found = [orjson.loads(data) for name, data in archive(output).items() if name.startswith(f"{kind}_2")]
    return sorted(found, key=lambda document: document["seq"])


def checkpoints(output: Path) -> Counter[str]:
    """Count the archived documents by the checkpoint they tell of."""
    return Counter(d["checkpoint_time"] for d in documents(output, CHECKPOINT) if d["checkpoint_timestamp"])
