"""The one command that checks everything, the same for a newcomer and in CI: style, types, architecture, tests.

Run it with the interpreter of the environment: ``python -m tests.check``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BRANCH_COVERAGE_FLOOR = 94

WORKERS = ["-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder"]  # in the order and the groups of conftest.py
STEPS = {
    "style": ["-m", "ruff", "check", "."],
    "format": ["-m", "ruff", "format", "--check", "."],
    "types": ["-m", "mypy"],
    "architecture": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    "tests": ["-m", "coverage", "run", "-m", "pytest", "-q", "-m", "not slow", *WORKERS],
    "combine": ["-m", "coverage", "combine", "-q"],
    "coverage": ["-m", "coverage", "report", "--skip-covered", "--skip-empty", f"--fail-under={BRANCH_COVERAGE_FLOOR}"],
}


def main() -> int:
    """Run every step in order, stop at the first that fails, and return its exit code."""
    for stale in ROOT.glob(".coverage*"):
        stale.unlink()
    for name, command in STEPS.items():
        begin = time.perf_counter()
        print(f"== {name}", flush=True)
        code = subprocess.run([sys.executable, *command], cwd=ROOT, env=dict(os.environ), check=False).returncode
        print(f"== {name}: {'ok' if code == 0 else f'failed ({code})'} after {time.perf_counter() - begin:.0f} s")
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
