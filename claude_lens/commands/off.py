"""``lensctl off``: takes back what ``lensctl on`` did."""

from __future__ import annotations

import click

from claude_lens import settings as setting_table
from claude_lens.proxy import wiring


@click.command()
def command() -> None:
    """Take back what `lensctl on` wrote; claude then goes to its provider by itself.

    Only our own entries go; where nobody else changed the file it is again what it was, byte for byte.
    The proxy goes on (lensctl down ends it), and sessions that are open keep using it.
    """
    client = wiring.client_settings(setting_table.load())
    if client.remove(wiring.OWNER):
        print(f"{client.file} is without our entries; every claude that starts from now on goes its own way")
    else:
        print(f"nothing of ours is in {client.file}")
