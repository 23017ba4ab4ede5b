"""``lensctl doctor``: is everything in place, and what to do where it is not."""

from __future__ import annotations

import click

from claude_lens import checks
from claude_lens.terminal import console, json_option, print_json, printable


@click.command()
@json_option
def command(as_json: bool) -> int:
    """Check client, proxy, key, configuration, database, ports and versions.

    Each line says ok, or what to do. Exit code 1 if there is something to do.
    """
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
