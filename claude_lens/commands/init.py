"""``lensctl init``: write a configuration for a well-known set-up."""

from __future__ import annotations

import os
from pathlib import Path

import click

from claude_lens import settings as setting_table
from claude_lens.errors import HostError, UserError
from claude_lens.profiles import PROFILES, Profile, render
from claude_lens.proxy import key
from claude_lens.settings import CONFIG_NAME, PACKAGE

FILE = click.Path(path_type=Path, resolve_path=True, dir_okay=False)


@click.command()
@click.option(
    "--profile", "name", type=click.Choice(sorted(PROFILES)), default="anthropic", show_default=True
)
@click.option(
    "--output", type=FILE, help="File to write; litellm_config.yaml in CLAUDE_LENS_HOME if not given."
)
@click.option("--force", is_flag=True, help="Replace what is there.")
def command(name: str, output: Path | None, force: bool) -> None:
    """Write a commented litellm_config.yaml for a provider, and say which variables it needs."""
    environ = setting_table.environment()
    settings = setting_table.parse(environ)
    target = output or key.home_folder(settings) / CONFIG_NAME
    profile = PROFILES[name]
    texts = {target: render(profile, shipped())}
    texts |= {target.parent / file: text for file, text in profile.files.items()}
    taken = next((path for path in texts if path.exists()), None)
    if taken and not force:
        raise UserError(f"{taken} exists; --force replaces it")
    for path, text in texts.items():
        _write(path, text)
        print(f"wrote {path}")
    for line in needs(profile, environ):
        print(line)
    print("then: lensctl up  (or lensctl restart, if it runs)")


def shipped() -> str:
    """The configuration that comes with claude-lens. Raises HostError."""
    for folder in (PACKAGE.parent, PACKAGE / "bundle"):
        if (folder / CONFIG_NAME).is_file():
            return (folder / CONFIG_NAME).read_text(encoding="utf-8")
    raise HostError(f"this installation lacks its {CONFIG_NAME}")


def needs(profile: Profile, environ: dict[str, str]) -> list[str]:
    """One line a variable of the profile: whether it is set."""
    lines = []
    for variable in profile.variables:
        state = "set" if environ.get(variable.name) else "MISSING" if variable.required else "not set"
        lines.append(f"  {variable.name:<32} {state:<8} {variable.sentence}")
    return lines


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise HostError(f"cannot write {path}: {error.strerror}") from None
