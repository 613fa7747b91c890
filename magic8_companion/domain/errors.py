"""Every failure of the host is one of these; each docstring says what the system does next.

    Magic8Error
    ├── ConfigError          the start stops, exit code 2, every mistake in one message
    ├── AlreadyRunning       the start stops, exit code 3, naming the other process
    ├── DataUnavailable      the symbol is skipped and its reason is published
    ├── OrderRefused         the caller gets the reason; nothing is computed
    ├── PluginUnavailable    rules alone decide and the reason is published as ``ml_status``
    └── PublishError         the process ends; start-up is recovery, and the file has expired by then

Errors take the objects they talk about and write their own sentence.
"""

from __future__ import annotations

from collections.abc import Sequence


class Magic8Error(Exception):
    """Base of all errors that this system raises on purpose."""


class ConfigError(Magic8Error):
    """Settings are wrong: the start stops with exit code 2 and one message that lists every mistake."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"{len(self.problems)} problem(s) in the settings:\n{lines}")


class AlreadyRunning(Magic8Error):
    """Another host writes into this folder: the start stops with exit code 3."""

    def __init__(self, folder: object, pid: int | None) -> None:
        self.folder, self.pid = folder, pid
        owner = f"process {pid}" if pid else "another process"
        super().__init__(f"{owner} already writes into {folder}; stop it first or choose another output folder")


class DataUnavailable(Magic8Error):
    """A value is missing or cannot be trusted: the symbol is skipped and ``reason`` (a short code) is published.

    Parameters
    ----------
    reason
        Stable code in snake case, such as ``stale_bars`` or ``no_0dte_chain``.
    detail
        One sentence for people: what was seen and what to do.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}" if detail else reason)


class OrderRefused(Magic8Error):
    """An order makes no sense: the caller gets ``reason`` (a short code) and a sentence, and no numbers.

    Parameters
    ----------
    reason
        Stable code in snake case, such as ``strike_count`` or ``unknown_strategy``.
    detail
        One sentence for people: what was asked and what is possible.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}")


class PluginUnavailable(Magic8Error):
    """A plugin cannot be loaded: the host goes on without it and publishes ``reason``.

    Parameters
    ----------
    reason
        Stable code in snake case, or a sentence where nothing is published.
    detail
        One sentence for people: what was seen and what to do.
    """

    def __init__(self, name: str, reason: str, detail: str = "") -> None:
        self.name, self.reason, self.detail = name, reason, detail
        why = f"{reason}: {detail}" if detail else reason
        super().__init__(f"plugin {name!r} cannot be used: {why}")


class PublishError(Magic8Error):
    """A document cannot be written: the process ends, because a host that cannot publish must not look alive."""
