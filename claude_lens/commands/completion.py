"""``lensctl completion``: words completed by the shell."""

from __future__ import annotations

import os
from pathlib import Path

import click

from claude_lens.errors import UserError

COMPLETION = "_LENSCTL_COMPLETE"
"""Set by the shell when it asks for words."""
SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), required=False)
def command(shell: str | None) -> None:
    """Print what makes a shell complete the commands and options of lensctl.

    \b
    bash   lensctl completion bash >> ~/.bashrc
    zsh    lensctl completion zsh  >> ~/.zshrc
    fish   lensctl completion fish > ~/.config/fish/completions/lensctl.fish

    Without SHELL it is the one in $SHELL. It takes effect in the next shell.
    """
    from click.shell_completion import get_completion_class

    named = shell or Path(os.environ.get("SHELL", "")).name
    made = get_completion_class(named) if named in SHELLS else None
    if made is None:
        raise UserError(f"name the shell: lensctl completion {'|'.join(SHELLS)}")
    print(made(click.get_current_context().find_root().command, {}, "lensctl", COMPLETION).source())
