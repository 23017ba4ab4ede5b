"""``lensctl up``: start the proxy."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from claude_lens import settings as setting_table
from claude_lens.proxy import supervisor
from claude_lens.proxy.health import health, outdated
from claude_lens.terminal.output import Progress, json_option, print_json

FILE = click.Path(path_type=Path, resolve_path=True)


@click.command()
@click.option("--foreground", is_flag=True, help="Stay in the foreground, log to the terminal.")
@click.option(
    "--host", metavar="ADDRESS", help="Address to listen on; beyond loopback needs LITELLM_MASTER_KEY."
)
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (PORT, 8082).")
@click.option("--config", type=FILE, help="LiteLLM configuration to serve.")
@click.option("--tls-cert", type=FILE, help="Certificate (PEM) to serve HTTPS with.")
@click.option("--tls-key", type=FILE, help="Private key (PEM) of the certificate.")
@click.option("--dashboard", is_flag=True, help="Start the dashboard too, and print a link to it.")
@json_option
def command(
    foreground: bool,
    host: str | None,
    port: int | None,
    config: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    dashboard: bool,
    as_json: bool,
) -> int:
    """Start the proxy, in the background unless told otherwise.

    Returns once it is healthy. One that runs already is left as it is. The configuration is --config, else
    CLAUDE_LENS_CONFIG, else litellm_config.yaml in CLAUDE_LENS_HOME, else the one that came with claude-lens.
    """
    environ = setting_table.environment(config=config)
    settings = setting_table.parse(environ, config)
    for conflict in setting_table.conflicts(environ):
        print(f"lensctl: {conflict}", file=sys.stderr)
    wanted = supervisor.plan(settings, host, port, None, (tls_cert, tls_key))
    if foreground:
        return supervisor.foreground(settings, environ, wanted)
    progress = Progress("starting the proxy")
    try:
        running = supervisor.start(settings, environ, wanted, progress)
    finally:
        progress.done()
    pid = running.process.pid if running.process else None
    link = _dashboard(settings, environ) if dashboard else None
    if as_json:
        shown = {"url": running.url, "pid": pid, "started": running.new}
        print_json(shown | ({"dashboard": link} if link else {}))
    else:
        where = f" (process {pid})" if pid else ""
        print(f"the proxy {'serves' if running.new else 'runs already'} at {running.url}{where}")
        if not running.new and running.process and outdated(health(running.url)):
            print("lensctl: it runs another build than the installed one: lensctl restart", file=sys.stderr)
        if running.url != wanted.url:
            print(f"lensctl: to serve {wanted.url} instead: lensctl down", file=sys.stderr)
        if link:
            print(f"the dashboard: {link}")
    return 0


def _dashboard(settings: setting_table.Settings, environ: Mapping[str, str]) -> str:
    from claude_lens.dashboard import background

    return background.start(settings, environ)
