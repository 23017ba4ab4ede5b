"""``lensctl env``: what ``claude-lens`` sets, for programs that it does not start."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping

import click

from claude_lens import settings as setting_table
from claude_lens.proxy import key as keys
from claude_lens.proxy.wiring import PLACEHOLDER, environment
from claude_lens.settings import Settings
from claude_lens.terminal.output import print_json


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["shell", "json", "vscode"]),
    default="shell",
    show_default=True,
    help="Shell exports, a JSON object, or settings of VS Code.",
)
@click.option("--reveal", is_flag=True, help="Print the key itself, which is masked otherwise.")
def command(form: str, reveal: bool) -> None:
    """Print the environment that makes any Claude Code use the proxy: editors, the Agent SDK, CI.

    eval "$(lensctl env)" sets it in a shell; the key itself is not printed but read from where it is kept.
    The header with the project is left out, as it differs from folder to folder.
    """
    settings = setting_table.load()
    changes = environment(settings)
    if form == "shell":
        print(shell(changes, key_reference(settings, reveal)))
        return
    key = settings.key or keys.proxy_key(settings)
    shown = key if reveal else keys.masked(key)
    values = {name: value.replace(PLACEHOLDER, shown) for name, value in changes.items() if value is not None}
    if form == "json":
        print_json(values)
    else:
        rows = [{"name": name, "value": value} for name, value in values.items()]
        print_json({"claudeCode.environmentVariables": rows})
    if not reveal:
        print("lensctl: the key is masked; --reveal prints it", file=sys.stderr)


def shell(changes: Mapping[str, str | None], reference: str) -> str:
    """POSIX shell lines; ``reference`` is shell text that yields the key."""
    lines = []
    for name, value in changes.items():
        if value is None:
            lines.append(f"unset {name}")
        else:
            parts = [shlex.quote(part) if part else "" for part in value.split(PLACEHOLDER)]
            lines.append(f"export {name}={reference.join(parts)}")
    return "\n".join(lines)


def key_reference(settings: Settings, reveal: bool) -> str:
    """Shell text for the key: the variable or the file it comes from, or the key itself."""
    if reveal:
        return shlex.quote(settings.key or keys.proxy_key(settings))
    for name, value in (("CLAUDE_LENS_KEY", settings.key), ("LITELLM_MASTER_KEY", settings.master_key)):
        if value:
            return f'"${{{name}:?is not set in this shell}}"'
    keys.proxy_key(settings)
    return f'"$(cat {shlex.quote(str(keys.key_file(settings)))})"'
