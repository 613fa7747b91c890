"""What the pages say can be done can be done: commands, options, files and links are real."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from magic8_companion.cli.main import host, magic8
from magic8_companion.cli.run import run
from magic8_companion.testing.gateway import gateway_command
from magic8_companion.testing.yahoo_server import yahoo_command
from magic8_ml.__main__ import plugin

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "data" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```(?:bash|sh)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
OURS = re.compile(r"(?:python -m |(?:^|bin/)(?=magic8 [a-z-]))(magic8[\w.]*)")
PROGRAMS = {
    "magic8": magic8,
    "magic8_companion": host,
    "magic8_companion.testing.gateway": gateway_command,
    "magic8_companion.testing.yahoo_server": yahoo_command,
    "magic8_companion.unified_main": run,
    "magic8_ml": plugin,
}
SCRIPT = re.compile(r"(?:python -m benchmarks\.|benchmarks/)(\w+)")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of every command of ours in a fenced block: the module or ``magic8``, then its arguments."""
    for block in FENCED.findall(page.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            found = OURS.search(line)
            if found and "..." not in line and "[" not in line:
                yield shlex.split(re.split(r"\s[|&]|>>|\s>\s", line[found.start(1) :])[0], comments=True)


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that reads a line, and what it reads."""
    program, rest = words[0], words[1:]
    found: click.Command | None = PROGRAMS[program]
    if program == "magic8_companion" and (not rest or rest[0].startswith("-")):
        rest = ["run", *rest]
    while isinstance(found, click.Group) and not rest[0].startswith("-"):
        found, rest = found.get_command(click.Context(found), rest[0]), rest[1:]
    assert found is not None, words
    return found, rest


SHOWN = [(page.name, words) for page in PAGES for words in commands(page)]


@pytest.mark.parametrize(("page", "words"), SHOWN, ids=[f"{page} {' '.join(words)}"[:90] for page, words in SHOWN])
def test_every_command_of_the_pages_is_understood(page: str, words: list[str]) -> None:
    """The command exists, it knows every option that is shown, and none that it requires is missing."""
    found, rest = command_of(words)
    try:
        context = found.make_context(" ".join(words[:2]), rest)
    except click.exceptions.Exit as asked_for_help:
        assert asked_for_help.exit_code == 0  # noqa: PT017  # --help
    else:
        assert context.command is found


def test_the_pages_show_commands_at_all() -> None:
    """The reader of fenced blocks finds what is there."""
    assert len(SHOWN) > 40


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_scripts_exist(page: Path) -> None:
    """What a page links to or tells to run is in the repository."""
    text = page.read_text(encoding="utf-8")
    missing = [link for link in LINK.findall(text) if "://" not in link and not (page.parent / link).exists()]
    missing += [name for name in SCRIPT.findall(text) if not (ROOT / "benchmarks" / f"{name}.py").is_file()]
    assert not missing


def test_the_readme_leads_to_every_page() -> None:
    """No page of docs is an orphan, and the README stays short enough to be read."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if f"({page.relative_to(ROOT).as_posix()})" not in readme] == ["README.md"]
    assert len(readme.splitlines()) <= 120


def test_the_architecture_page_names_every_room() -> None:
    """The map shows each module and package of both distributions' top level."""
    architecture = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    top = [path for package in ("magic8_companion", "magic8_ml") for path in (ROOT / package).iterdir()]
    rooms = [path.name + "/" * path.is_dir() for path in top if path.suffix == ".py" or path.is_dir()]
    assert [name for name in rooms if not name.startswith("__") and name not in architecture] == []
