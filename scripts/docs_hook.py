"""What the documentation takes from the program: commands, settings, JSON forms, tables of the database.

A hook of mkdocs: the pages below ``reference/`` are made while the site is built and are kept nowhere, so
that they cannot be out of date. Links to files outside ``docs/`` become their names, as the site lacks them.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints, is_typeddict

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from claude_lens import cli, settings_docs, store
from claude_lens.store import schema

_OUTSIDE = re.compile(r"\[([^\]]*)\]\((?:\.\./)+(?!docs/)[^)]*\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages made from the program."""
    for name, make in PAGES.items():
        files.append(File.generated(config, f"reference/{name}.md", content=make()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Name what a link outside the site leads to, without the link."""
    return _OUTSIDE.sub(r"\1", markdown)


def commands() -> str:
    """Every command with its help, as the program prints it."""
    lines = ["# Commands", "", "What `lensctl COMMAND --help` says. Exit codes: 0 done; 1 something on this",
             "machine failed; 2 a mistake on the command line or in a setting; 130 Ctrl-C.", ""]  # fmt: skip
    for name, command in _walk(cli.lensctl, "lensctl"):
        level = "##" if name.count(" ") < 2 else "###"
        context = click.Context(command, info_name=name, max_content_width=100)
        lines += [f"{level} {name}", "", "```text", command.get_help(context), "```", ""]
    return "\n".join(lines)


def _walk(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for below in command.list_commands(context):
            inner = command.get_command(context, below)
            if inner is not None and not inner.hidden:
                yield from _walk(inner, f"{name} {below}")


def settings() -> str:
    """The table of settings."""
    return f"""# Settings

In the environment, in a `.env` beside the configuration file, or in `~/.claude-lens/.env`; the first that
has a value wins. docker-compose hands all but addresses and folders on to its containers.

{settings_docs.readme_table()}
"""


def json_forms() -> str:
    """Every form that ``--json`` prints, from the types that the program is checked with."""
    lines = ["# JSON forms", "", "What `--json` prints. Times are ISO-8601 in UTC, durations milliseconds,"]
    lines += ["costs US dollars; null means unknown, never zero.", ""]
    seen: set[str] = set()
    for module in _modules():
        for name, form in vars(module).items():
            if is_typeddict(form) and form.__module__ == module.__name__ and name not in seen:
                seen.add(name)
                lines += [f"## {name}", "", inspect.getdoc(form) or "", "", "| key | value |", "|---|---|"]
                lines += [f"| `{key}` | `{_type(kind)}` |" for key, kind in get_type_hints(form).items()]
                lines += [""]
    return "\n".join(lines)


def _modules() -> Iterator[Any]:
    for room in ("reading", "numbers", "insight"):
        package = importlib.import_module(f"{store.__name__}.{room}")
        for found in pkgutil.iter_modules(package.__path__):
            yield importlib.import_module(f"{package.__name__}.{found.name}")


def _type(kind: Any) -> str:
    text = kind.__name__ if inspect.isclass(kind) and not getattr(kind, "__args__", ()) else str(kind)
    return (
        re.sub(r"\b(?:[a-z_]+\.)+", "", text)
        .replace("|", "or")
        .replace("NoneType", "null")
        .replace("None", "null")
    )


def tables() -> str:
    """The tables of the database."""
    lines = ["# The database", "", "One SQLite file, `lens.db`, or a PostgreSQL database. Tables may gain"]
    lines += ["columns in any version; contents are compressed, so ask `lensctl export` for bodies.", ""]
    for table in sorted(schema.metadata.tables.values(), key=lambda one: one.name):
        lines += [f"## {table.name}", "", "| column | type | |", "|---|---|---|"]
        for column in table.columns:
            marks = ["key"] if column.primary_key else []
            marks += [f"→ {key.target_fullname}" for key in column.foreign_keys]
            marks += [] if column.nullable or column.primary_key else ["always set"]
            lines.append(f"| `{column.name}` | {type(column.type).__name__} | {', '.join(marks)} |")
        lines += [""]
    return "\n".join(lines)


PAGES: dict[str, Callable[[], str]] = {
    "commands": commands,
    "settings": settings,
    "json": json_forms,
    "schema": tables,
}
