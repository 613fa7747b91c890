"""Calls under a time limit: a model that hangs costs its own answer and nothing else."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Generic, TypeVar

Answer = TypeVar("Answer")
_Job = tuple["Future[Answer]", Callable[[], Answer]]


class TimeLimited(Generic[Answer]):
    """Runs calls one after another on a daemon thread of its own, each under a time limit.

    A call that overruns is abandoned together with its thread: its late answer is dropped, and the next call gets a
    fresh thread.  The threads are daemons, because an executor of the standard library would hold up the end of the
    process until the overrunning call returns.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._turn = threading.Lock()
        self._jobs: SimpleQueue[_Job[Answer] | None] | None = None

    def run(self, call: Callable[[], Answer], seconds: float) -> Answer:
        """Return what ``call`` returns, or raise what it raises.

        Raises
        ------
        TimeoutError
            When no answer came within ``seconds`` (counted from its turn).
        """
        with self._turn:
            jobs = self._jobs or self._start()
            future: Future[Answer] = Future()
            jobs.put((future, call))
            try:
                return future.result(timeout=seconds)
            except TimeoutError:
                jobs.put(None)
                self._jobs = None
                raise

    def _start(self) -> SimpleQueue[_Job[Answer] | None]:
        jobs: SimpleQueue[_Job[Answer] | None] = SimpleQueue()
        threading.Thread(target=_work, args=(jobs,), name=self._name, daemon=True).start()
        weakref.finalize(self, jobs.put, None)
        self._jobs = jobs
        return jobs


def _work(jobs: SimpleQueue[_Job[Answer] | None]) -> None:
    while (job := jobs.get()) is not None:
        future, call = job
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001  # the caller's thread raises it again
            future.set_exception(error)
        del job, future, call  # an answer must not live until the next call
