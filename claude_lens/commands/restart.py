"""``lensctl restart``: stop and start again, with the same options."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from claude_lens import settings as setting_table
from claude_lens.commands.down import timeout_option
from claude_lens.proxy import supervisor, waiting
from claude_lens.spool.ledger import look
from claude_lens.terminal.output import Progress


@click.command()
@timeout_option(supervisor.DRAIN_TIMEOUT)
def command(timeout: float) -> int:
    """Start the proxy anew, so that it reads its configuration again; running requests are not cut.

    It serves where it served before, with the environment it had, under what the present one says. A
    configuration with a mistake is refused while the old proxy still runs.
    """
    return restart(timeout)


def restart(timeout: float) -> int:
    """Stop and start; prints one line, and what waits for the database. Raises what a start raises.

    Returns the exit code: 1 only where exchanges were lost.
    """
    settings = setting_table.load()
    found = supervisor.last(settings)
    environ = setting_table.environment()
    if found is None:
        wanted = supervisor.plan(settings)
    else:
        record = found.record
        environ = supervisor.kept_environment(found, environ)
        settings = setting_table.parse(environ)
        cert, cert_key = (
            Path(record[name]) if record.get(name) else None for name in ("tls_cert", "tls_key")
        )
        # One that nobody chose is that of the installation, which may be another by now.
        config = settings.config if supervisor.bundled(record) else Path(record["config"])
        wanted = supervisor.plan(settings, record["host"], record["port"], config, (cert, cert_key))
    before = look(settings.home)
    progress = Progress("starting the proxy")
    try:
        running, finished = supervisor.replace(settings, environ, wanted, timeout, progress)
    finally:
        progress.done()
    print(f"the proxy serves at {running.url}")
    if not finished:
        print(f"lensctl: requests that still ran after {timeout:g} s were cut", file=sys.stderr)
    lines, code = waiting.told(before, settings, serves=True)
    for line in lines:
        print(f"lensctl: {line}", file=sys.stderr)
    return code
