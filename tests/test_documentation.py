"""What the pages say can be done can be done: commands, options, files and links are real."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from magic8_companion.__main__ import COMMANDS as HOST_COMMANDS
from magic8_ml.__main__ import command_of

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "data" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```(?:bash|sh)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
SCRIPT = re.compile(r"(?:python -m benchmarks\.|benchmarks/)(\w+)")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of every command of ours that a page shows in a fenced block, from the module's name on."""
    for block in FENCED.findall(page.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            _, found, rest = line.partition("python -m ")
            if found and rest.startswith("magic8_") and "..." not in rest and "[" not in rest:
                words = shlex.split(re.split(r"\s[|&]|>>", rest)[0], comments=True)
                yield words


def parser_of(words: list[str]) -> tuple[argparse.ArgumentParser | None, list[str]]:
    """Return the command line that a command is read by, and what it reads; no parser when there is nothing to read."""
    module, rest = words[0], words[1:]
    if module == "magic8_ml":
        return command_of(rest[0])[1], rest[1:]
    if module != "magic8_companion":
        return import_module(module).parser(), rest
    name, rest = (rest[0], rest[1:]) if rest else ("run", [])
    assert name in HOST_COMMANDS, name
    maker = import_module(HOST_COMMANDS[name][0])
    return (maker.parser(), rest) if hasattr(maker, "parser") else (None, rest)


SHOWN = [(page.name, words) for page in PAGES for words in commands(page)]


@pytest.mark.parametrize(("page", "words"), SHOWN, ids=[f"{page} {' '.join(words)}"[:90] for page, words in SHOWN])
def test_every_command_of_the_pages_is_understood(page: str, words: list[str]) -> None:
    """The command exists, it knows every option that is shown, and none that it requires is missing."""
    parser, rest = parser_of(words)
    if parser is not None:
        parser.parse_args(rest)


def test_the_pages_show_commands_at_all() -> None:
    """The reader of fenced blocks finds what is there."""
    assert len(SHOWN) > 50


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_scripts_exist(page: Path) -> None:
    """What a page links to or tells to run is in the repository."""
    text = page.read_text(encoding="utf-8")
    missing = [link for link in LINK.findall(text) if "://" not in link and not (page.parent / link).exists()]
    missing += [name for name in SCRIPT.findall(text) if not (ROOT / "benchmarks" / f"{name}.py").is_file()]
    assert not missing


def test_the_readme_leads_to_every_page_and_names_every_room() -> None:
    """No page of docs is an orphan, and the map shows each module and package of both distributions' top level."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if f"({page.relative_to(ROOT).as_posix()})" not in readme] == ["README.md"]
    top = [path for package in ("magic8_companion", "magic8_ml") for path in (ROOT / package).iterdir()]
    rooms = [path.name + "/" * path.is_dir() for path in top if not path.name.startswith("__")]
    assert [name for name in rooms if name not in readme] == []
