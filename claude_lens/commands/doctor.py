"""``lensctl doctor``: is everything in place, and what to do where it is not."""

from __future__ import annotations

from pathlib import Path

import click

from claude_lens import settings as setting_table
from claude_lens.errors import ProxyError
from claude_lens.proxy import checks, key, supervisor
from claude_lens.proxy import live as live_checks
from claude_lens.proxy.health import health, refusal
from claude_lens.terminal.output import console, json_option, print_json, printable


@click.command()
@click.option("--live", is_flag=True, help="Send real requests through the running proxy; they cost tokens.")
@json_option
def command(live: bool, as_json: bool) -> int:
    """Check client, proxy, key, configuration, database, ports and versions.

    Each line says ok, or what to do. Exit code 1 if there is something to do. With --live: health, list of
    models, a completion, and a tool call on each Claude name through both APIs, of the proxy that runs.
    """
    if live:
        return try_live(as_json)
    found = checks.run()
    if as_json:
        print_json([{"name": c.name, "ok": c.ok, "detail": c.detail, "todo": c.todo} for c in found])
    else:
        out = console()
        for check in found:
            mark = "[green]ok  [/]" if check.ok else "[red]todo[/]"
            out.print(f"{mark} {check.name:<14}", end=" ")
            out.print(printable(check.detail), markup=False)
            if check.todo:
                out.print(f"     {'':<14} → {printable(check.todo)}", markup=False)
    return 0 if all(check.ok for check in found) else 1


def try_live(as_json: bool) -> int:
    """Print each finding as it comes; 1 if one failed. Raises ProxyError where no proxy runs."""
    settings = setting_table.load()
    running = supervisor.current(settings)
    url = running.url if running else settings.url
    used, seen = settings.key or key.existing(settings), health(url, settings)
    if seen.strange:
        raise ProxyError(refusal(url, seen, settings))
    if used is None or not seen.healthy:
        raise ProxyError(f"no proxy answers at {url}; start it with lensctl up")
    config = Path(running.record["config"]) if running else settings.config
    found = []
    for finding in live_checks.run(url, used, config):
        found.append(finding)
        if not as_json:
            print(printable(str(finding)), flush=True)
    if as_json:
        print_json([{"name": one.name, "ok": one.problem is None, "problem": one.problem} for one in found])
    return 1 if any(one.problem for one in found) else 0
