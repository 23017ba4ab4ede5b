"""``lensctl open``: the dashboard in the browser, at a session."""

from __future__ import annotations

from urllib.parse import quote

import click

from claude_lens import settings as setting_table
from claude_lens.commands.dashboard import show


@click.command()
@click.argument("ident", metavar="[ID]", required=False)
@click.option("--no-open", is_flag=True, help="Print the link and do not open a browser.")
def command(ident: str | None, no_open: bool) -> None:
    """Open the dashboard in the browser, at a session or an exchange where one is named.

    ID is a session's or an exchange's, its beginning, or last. Starts the dashboard in the background where
    it does not run. The link that is printed works once.
    """
    from claude_lens.dashboard import background

    environ = setting_table.environment()
    settings = setting_table.parse(environ)
    path = _page(settings, ident) if ident else ""
    link = background.start(settings, environ)
    show(f"{link}&to={quote(path, safe='')}" if path else link, no_open)


def _page(settings: setting_table.Settings, ident: str) -> str:
    from claude_lens.store.reading.queries import open_reader

    with open_reader(settings) as reader:
        found = reader.resolve(ident)
    return f"/{found.kind}s/{quote(found.id, safe='')}"
