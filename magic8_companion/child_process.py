"""Processes that end with the one that started them, however that one ends.

A child that is started with ``stdin=PIPE`` and calls :func:`end_with_input` ends when the pipe does: the operating
system closes it when the starter is killed.  A worker of a pool calls :func:`end_with_parent`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from functools import cache
from typing import Final

END_WITH_INPUT: Final = "--end-with-input"
"""The option of commands that call :func:`end_with_input`."""

_POLL_SECONDS: Final = 0.5


def end_with_input() -> None:
    """Kill this process, and the group that it leads, when its standard input ends."""
    threading.Thread(target=_wait_for_end_of, args=(sys.stdin.fileno(),), name="end_with_input", daemon=True).start()


@cache
def end_with_parent(parent: int) -> None:
    """End this process when process ``parent`` is no longer its parent; does nothing in ``parent`` itself."""
    if os.getpid() != parent:
        threading.Thread(target=_wait_for_orphanhood, args=(parent,), name="end_with_parent", daemon=True).start()


def _wait_for_end_of(descriptor: int) -> None:
    while os.read(descriptor, 1024):
        pass
    if os.name == "posix" and os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)


def _wait_for_orphanhood(parent: int) -> None:
    never = threading.Event()
    while os.getppid() == parent:
        never.wait(_POLL_SECONDS)
    os._exit(1)
