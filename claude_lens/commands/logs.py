"""``lensctl logs``: what the proxy said."""

from __future__ import annotations

import time

import click

from claude_lens import settings as setting_table
from claude_lens.proxy.log import tail


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with what is added, until Ctrl-C.")
@click.option(
    "-n", "--lines", type=click.IntRange(0), default=100, show_default=True, help="Lines to begin with."
)
def command(follow: bool, lines: int) -> None:
    """Print the end of the proxy's log."""
    settings = setting_table.load()
    file = settings.home / "proxy.log"
    position = file.stat().st_size if file.is_file() else 0
    for line in tail(settings, lines) if lines else ():
        print(line)
    while follow:
        time.sleep(0.2)
        if not file.is_file():
            continue
        length = file.stat().st_size
        if length < position:
            position = 0
        if length > position:
            with file.open("rb") as log:
                log.seek(position)
                added = log.read()
            position += len(added)
            click.echo(added.decode("utf-8", "replace"), nl=False)
