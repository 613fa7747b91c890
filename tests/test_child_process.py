"""A killed process leaves no child behind that would work on for nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from magic8_ml.registry.weekly import RetrainingPlan

LIMIT = 30.0
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and groups of processes")

# starts CHILD as the host starts its trainer, prints the process id, and sleeps
_HOST = """
import sys, time
from pathlib import Path
from magic8_ml.registry.weekly import start_process
child = start_process(sys.argv[2:], Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(600)
"""
# a trainer with a worker of its own
_TRAINER = """
import os, subprocess, sys, time
from magic8_companion.child_process import end_with_input
end_with_input()
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
time.sleep(600)
"""
# a pool whose workers are idle
_POOL = """
import os, time
from magic8_ml.forecast.training.workers import on_cores
def work(shared, item):
    return os.getpid()
with on_cores(work, None, 2) as run:
    print(*set(run([1, 2, 3, 4])), flush=True)
    time.sleep(600)
"""


def _started(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def _pids(process: subprocess.Popen[bytes]) -> list[int]:
    assert process.stdout is not None
    with process.stdout as stream:
        return [int(word) for word in stream.readline().split()]


def _ended(pids: list[int]) -> bool:
    # the descriptor of a process becomes readable when it ends: no polling
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            import select

            if not select.select([descriptor], [], [], LIMIT)[0]:
                return False
        finally:
            os.close(descriptor)
    return True


def test_a_killed_host_takes_its_trainer_with_all_workers_along(tmp_path: Path) -> None:
    """After SIGKILL of the host the trainer and its worker end within seconds."""
    log = tmp_path / "retrain.log"
    host = _started(_HOST, str(log), sys.executable, "-u", "-c", _TRAINER)
    try:
        (trainer,) = _pids(host)
        while not log.exists() or not log.read_bytes().endswith(b"\n"):
            os.sched_yield()
        worker = int(log.read_text())
    finally:
        host.send_signal(signal.SIGKILL)
        host.wait(LIMIT)
    assert _ended([trainer, worker])


def test_a_killed_training_leaves_no_idle_worker() -> None:
    """Workers that wait for a task end when their training was killed."""
    training = _started(_POOL)
    workers = _pids(training)
    training.send_signal(signal.SIGKILL)
    training.wait(LIMIT)
    assert len(workers) >= 1
    assert _ended(workers)


def test_the_real_command_ends_with_its_input(tmp_path: Path) -> None:
    """The command of the plan accepts the option and ends at once when there is no starter any more."""
    arguments = RetrainingPlan(bars_dir=tmp_path, vix_file=tmp_path / "vix.csv", out=tmp_path).command()
    process = subprocess.run(
        arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, start_new_session=True, check=False
    )
    assert process.returncode in {-signal.SIGKILL, 1}
