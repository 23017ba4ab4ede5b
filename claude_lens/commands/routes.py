"""``lensctl routes``: which model answers whom, and why."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from claude_lens import settings as setting_table
from claude_lens.agents import routes
from claude_lens.agents.rules import Question
from claude_lens.messages.helpers import MAIN, SUBAGENT
from claude_lens.proxy import supervisor
from claude_lens.terminal.output import console, json_option, print_json, printable

FILE = click.Path(path_type=Path, resolve_path=True)
config_option = click.option("--config", type=FILE, help="Another configuration than the one that is served.")


@click.group(name="routes", invoke_without_command=True)
@config_option
@json_option
@click.pass_context
def command(context: click.Context, config: Path | None, as_json: bool) -> None:
    """Print the effective rules in the order in which they are asked, with their sources.

    They are those of the proxy that runs, else those that it would start with.
    """
    if context.invoked_subcommand is None:
        show(config, as_json)


def load(config: Path | None) -> routes.Routes:
    """The routes that a restart, or a start, would use. Raises what it would raise."""
    environ = setting_table.environment(config=config)
    running = supervisor.current(setting_table.parse(environ, config))
    if config is None and running is not None:
        environ, config = supervisor.kept_environment(running, environ), Path(running.record["config"])
    return routes.load(setting_table.parse(environ, config).config, environ)


def show(config: Path | None, as_json: bool) -> None:
    """The table, or ``[{rule, to, target, source}]`` as JSON."""
    found = load(config)
    listed = [
        {
            "rule": rule.label,
            "to": rule.to,
            "target": found.targets[rule.to].shown,
            "source": rule.source,
        }
        for rule in found.rules
    ]
    if as_json:
        print_json(listed)
    elif not listed:
        print("no rules: every agent gets the model that it asks for")
    else:
        table = Table("rule", "model", "from", box=None)
        for row in listed:
            table.add_row(*(printable(row[name]) for name in ("rule", "target", "source")))
        console().print(table)


@command.command("test")
@click.option("--agent", help="Name of the agent, or main. Without it: a call beside the conversation.")
@click.option("--type", "kind", help="Type of the agent: Explore, Plan, custom …")
@click.option("--class", "request_class", help="main, subagent, auxiliary, compaction …")
@click.option("--model", help="The model that is asked for.")
@click.option("--tokens", type=click.IntRange(0), default=0, help="Size of the input.")
@config_option
@json_option
def test(
    agent: str | None,
    kind: str | None,
    request_class: str | None,
    model: str | None,
    tokens: int,
    config: Path | None,
    as_json: bool,
) -> None:
    """Say which rule would hit. A main agent has the class main, a named one subagent, unless told."""
    found = load(config)
    if agent is None and (kind or request_class in (SUBAGENT, MAIN)):
        agent = MAIN if request_class == MAIN else kind or ""
    if kind is None and agent in ("Explore", "Plan", "general-purpose"):
        kind = agent
    told = request_class or (None if agent is None else MAIN if agent == MAIN else SUBAGENT)
    rule = found.find(Question(agent=agent, type=kind, request_class=told, model=model, tokens=tokens))
    if as_json:
        print_json(
            {
                "rule": rule.label if rule else None,
                "to": rule.to if rule else model,
                "source": rule.source if rule else None,
            }
        )
    elif rule:
        print(f"{rule.label} → {found.targets[rule.to].shown}  ({rule.source})")
    else:
        print(f"no rule hits: {model or 'the model that was asked for'} answers")
