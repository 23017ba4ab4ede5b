"""``lensctl export``: a session for other programs, and for people."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from claude_lens import settings as setting_table
from claude_lens.errors import HostError, UserError


@click.command()
@click.argument("session", metavar="[SESSION]", default="last")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["jsonl", "har", "md", "html"]),
    default="jsonl",
    show_default=True,
    help="jsonl comes back in with lensctl import; har opens in a browser's network panel.",
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file, not the terminal."
)
def command(session: str, kind: str, output: Path | None) -> None:
    """Write a session as JSON lines, HTTP archive, Markdown, or one HTML page that needs nothing else.

    SESSION is an id, its beginning, or last, which it is without one.
    """
    from claude_lens.store.reading.queries import open_reader

    with open_reader(setting_table.load()) as reader:
        ident = reader.session(session)["id"]
        pieces = _pieces(reader, ident, kind)
        if output is None:
            terminal = sys.stdout.isatty()
            for piece in pieces:
                sys.stdout.buffer.write(_CONTROL.sub(_escaped, piece) if terminal else piece)
            sys.stdout.buffer.flush()
            return
        try:
            handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise UserError(f"{output} cannot be written: {error.strerror}") from error
        try:
            with os.fdopen(handle, "wb") as stream:
                for piece in pieces:
                    stream.write(piece)
        except OSError as error:
            # Half a session would pass for a whole one; a device is left alone.
            if output.is_file():
                output.unlink()
            raise HostError(f"{output} cannot be written: {error.strerror}") from error
    print(f"{output}: session {ident}", file=sys.stderr)


# What JSON lets stand and a terminal may obey: DEL, and the controls of the second set in UTF-8.
_CONTROL = re.compile(rb"\x7f|\xc2[\x80-\x9f]")


def _escaped(match: re.Match[bytes]) -> bytes:
    return b"\\u00%02x" % match[0][-1]


def _pieces(reader: object, session: str, kind: str) -> Iterator[bytes]:
    from claude_lens.store.reading.queries import Reader
    from claude_lens.store.transfer import exporting, pages
    from claude_lens.terminal.output import visible

    assert isinstance(reader, Reader)
    if kind == "jsonl":
        yield from exporting.jsonl(reader, session)
    elif kind == "har":
        yield exporting.dump_har(exporting.har(reader, session))
    else:
        texts = pages.markdown(reader, session) if kind == "md" else pages.page(reader, session)
        # Somebody's terminal shows the file, sooner or later.
        yield from (visible(text).encode("utf-8", "replace") for text in texts)
