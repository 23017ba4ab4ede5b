"""``lensctl dashboard``: look instead of read."""

from __future__ import annotations

import sys
import webbrowser

import click

from claude_lens import settings as setting_table
from claude_lens.errors import HostError


@click.command()
@click.option("--no-open", is_flag=True, help="Do not open a browser.")
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", help="Address to listen on (127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (WEB_PORT, 8083); 0: any free one.")
@click.option("--link", "only_link", is_flag=True, help="Print a new link to one that runs already, and end.")
def command(no_open: bool, host: str, port: int | None, only_link: bool) -> None:
    """Serve the dashboard in the foreground, until Ctrl-C.

    The first line on standard output is the link to open. It works once; after that the browser is known for
    30 days. Where a dashboard runs on the port already, prints a new link to that one and ends.
    """
    from claude_lens.dashboard import background, server

    settings = setting_table.load()
    wanted = settings.web_port if port is None else port
    if wanted and background.answers(host, wanted):
        show(server.link(settings, server.address(host, wanted)), no_open)
        return
    if only_link:
        raise HostError(
            f"no dashboard answers at {server.address(host, wanted)}; start it with lensctl dashboard"
        )
    with server.listen(host, wanted) as listener:
        url = server.address(host, listener.getsockname()[1])
        show(server.link(settings, url), no_open)
        server.serve(settings, host, listener)


def show(link: str, no_open: bool) -> None:
    """Print the link, and open it where there is somebody to look."""
    print(link, flush=True)
    if not no_open and sys.stdout.isatty():
        webbrowser.open(link)
