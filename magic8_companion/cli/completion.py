"""``magic8 completion``: the script that lets a shell complete commands and options."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

from magic8_companion.cli.main import COMPLETION
from magic8_companion.command_line import command

ABOUT: Final = """Print a shell completion script.

\b
bash: add  eval "$(magic8 completion bash)"  to ~/.bashrc
zsh:  add  eval "$(magic8 completion zsh)"  to ~/.zshrc
fish: run  magic8 completion fish > ~/.config/fish/completions/magic8.fish
"""


@command("completion", ABOUT)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script."""
    script = get_completion_class(shell)
    if script is not None:
        click.echo(script(ctx.find_root().command, {}, "magic8", COMPLETION).source())
