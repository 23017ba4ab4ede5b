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
from claude_lens.tracing.known import BACKENDS, lines

FILE = click.Path(path_type=Path, resolve_path=True, dir_okay=False)


@click.command()
@click.option(
    "--profile", "name", type=click.Choice(sorted(PROFILES)), default="anthropic", show_default=True
)
@click.option(
    "--output", type=FILE, help="File to write; litellm_config.yaml in CLAUDE_LENS_HOME if not given."
)
@click.option(
    "--trace", type=click.Choice(sorted(BACKENDS)), help="Send traces there: writes .env in CLAUDE_LENS_HOME."
)
@click.option("--force", is_flag=True, help="Replace what is there.")
def command(name: str, output: Path | None, trace: str | None, force: bool) -> None:
    """Write a commented litellm_config.yaml for a provider, and say which variables it needs.

    With --trace it writes no configuration, but where traces go, into .env of CLAUDE_LENS_HOME, from the
    backend's own variables as far as they are set.
    """
    environ = setting_table.environment()
    settings = setting_table.parse(environ)
    if trace is not None:
        _trace(key.home_folder(settings) / ".env", trace, environ, force)
        return
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


def _trace(file: Path, name: str, environ: dict[str, str], force: bool) -> None:
    """Add the backend's variables to ``file``, in the place of those that stand there."""
    known = BACKENDS[name]
    wanted = lines(known, environ)
    before = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    there = [line for line in before if line.partition("=")[0].strip() in wanted]
    if there and not force:
        raise UserError(f"{file} sets {there[0].partition('=')[0].strip()} already; --force replaces it")
    kept = [line for line in before if line not in there]
    added = [f"{variable}={value}" if value else f"#{variable}=" for variable, value in wanted.items()]
    _write(file, "\n".join([*kept, f"# Traces to {known.title}.", *added, ""]))
    print(f"wrote {file}")
    for variable in known.variables:
        print(f"  {variable:<32} {'set' if environ.get(variable) else 'MISSING'}")
    if any(not environ.get(variable) for variable in known.variables):
        print("set what is missing and repeat with --force")
    print("then: lensctl restart, and lensctl doctor sends a test span")


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
