"""One result of the doctor, and the table of all results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

OK: Final = "ok"
SKIPPED: Final = "skipped"
WARNING: Final = "warning"
FAILED: Final = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The name of a check, its result and, on a problem, the exact fix."""

    name: str
    status: str
    result: str
    fix: str = ""


def table(checks: Sequence[Check]) -> str:
    """Return one line per check and, below those with a problem, the fix.

    >>> print(table([Check(name="clock", status=OK, result="right"), Check(name="lock", status=FAILED, result="taken",
    ...     fix="stop it")]))
    clock  ok      right
    lock   FAILED  taken
                   -> stop it
    """
    name_width = max((len(check.name) for check in checks), default=0)
    status_width = max((len(check.status) for check in checks), default=0)
    lines = []
    for check in checks:
        lines.append(f"{check.name:<{name_width}}  {check.status:<{status_width}}  {check.result}")
        if check.fix:
            lines.append(f"{'':<{name_width + status_width + 4}}-> {check.fix}")
    return "\n".join(lines)


def is_fit(checks: Sequence[Check]) -> bool:
    """Return whether no check has failed; a warning is not a failure."""
    return all(check.status != FAILED for check in checks)
