"""``lensctl export``: a session for other programs, and for people."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claude_lens import settings as setting_table
from claude_lens.errors import HostError, UserError
from claude_lens.units import size as size_text
from claude_lens.when import moment, zone

if TYPE_CHECKING:
    from claude_lens.store.reading.queries import Reader
    from claude_lens.store.transfer.exporting import Cut

HUGE = 500_000_000
"""Bytes of an archive beyond which nobody means it."""


@click.command()
@click.argument("session", metavar="[SESSION]", default="last")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["jsonl", "har", "md", "html", "parquet"]),
    default="jsonl",
    show_default=True,
    help="jsonl comes back in with lensctl import; har opens in a browser's network panel; parquet is a "
    "table for DuckDB, pandas or Polars.",
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file, not the terminal."
)
@click.option("--since", metavar="WHEN", help="Only requests from then on: 2h, 7d, 2026-01-31.")
@click.option("--turns", metavar="A-B", help="Only these turns of the main agent: 3, 3-7, 3-, -7.")
@click.option("-y", "--yes", is_flag=True, help="Write an archive of more than 500 MB without asking.")
def command(
    session: str, kind: str, output: Path | None, since: str | None, turns: str | None, yes: bool
) -> None:
    """Write a session as JSON lines, HTTP archive, Markdown, or one HTML page that needs nothing else.

    SESSION is an id, its beginning, or last, which it is without one. JSON lines have each message once; in
    an archive every request repeats the conversation before it: its size is said first. --since and --turns
    cut these two. Parquet has a row an exchange, without bodies; SESSION may be all there.
    """
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.store.transfer.exporting import Cut
    from claude_lens.store.transfer.exporting import turns as parsed

    if kind == "parquet":
        _table(session, output, since, turns)
        return
    if kind in ("md", "html") and (since or turns):
        raise UserError("--since and --turns cut jsonl and har; a page has the whole session")
    cut = Cut(moment(since, zone(None)) if since else None, parsed(turns) if turns else None)
    with open_reader(setting_table.load()) as reader:
        ident = reader.session(session)["id"]
        if kind == "har":
            _announce(reader, ident, cut, output, yes=yes)
        pieces = _pieces(reader, ident, kind, cut)
        if output is None:
            terminal = sys.stdout.isatty()
            for piece in pieces:
                sys.stdout.buffer.write(_CONTROL.sub(_escaped, piece) if terminal else piece)
            sys.stdout.buffer.flush()
            return
        _write(output, pieces)
    print(f"{output}: session {ident}", file=sys.stderr)


def _table(session: str, output: Path | None, since: str | None, turns: str | None) -> None:
    """Write a row an exchange, of a session or of all."""
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.store.transfer.parquet import parquet

    if turns:
        raise UserError("--turns cuts jsonl and har; a table has whole sessions, or what --since says")
    if output is None and sys.stdout.isatty():
        raise UserError("a Parquet file is not for a terminal: name one with -o FILE")
    settings = setting_table.load()
    with open_reader(settings) as reader:
        ident = None if session == "all" else reader.session(session)["id"]
    pieces = parquet(settings.database_url, ident, moment(since, zone(None)) if since else None)
    if output is None:
        sys.stdout.buffer.writelines(pieces)
        return
    _write(output, pieces)
    print(f"{output}: {f'session {ident}' if ident else 'every session'}", file=sys.stderr)


def _announce(reader: Reader, session: str, cut: Cut, output: Path | None, *, yes: bool) -> None:
    """Say how large an archive will be; ask before a huge one is written to a file."""
    from claude_lens.store.transfer.exporting import har_bytes

    size = har_bytes(reader, session, cut)
    print(f"the archive will have about {size_text(size)}", file=sys.stderr)
    if size <= HUGE or yes:
        return
    hint = "--turns and --since cut it, --format jsonl has each message once"
    if output is None or not sys.stdin.isatty():
        raise UserError(f"an archive of more than {size_text(HUGE)} is written with --yes only; {hint}")
    print(hint, file=sys.stderr)
    click.confirm("Write it?", abort=True, err=True)


def _write(output: Path, pieces: Iterator[bytes]) -> None:
    try:
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise UserError(f"{output} cannot be written: {error.strerror}") from error
    done = False
    try:
        with os.fdopen(handle, "wb") as stream:
            for piece in pieces:
                stream.write(piece)
        done = True
    except OSError as error:
        raise HostError(f"{output} cannot be written: {error.strerror}") from error
    finally:
        # Half a session would pass for a whole one, also after Ctrl-C; a device is left alone.
        if not done and output.is_file():
            output.unlink()


# What JSON lets stand and a terminal may obey: DEL, and the controls of the second set in UTF-8.
_CONTROL = re.compile(rb"\x7f|\xc2[\x80-\x9f]")


def _escaped(match: re.Match[bytes]) -> bytes:
    return b"\\u00%02x" % match[0][-1]


def _pieces(reader: Reader, session: str, kind: str, cut: Cut) -> Iterator[bytes]:
    from claude_lens.store.transfer import exporting, pages
    from claude_lens.terminal.output import visible

    if kind == "jsonl":
        yield from exporting.jsonl(reader, session, cut)
    elif kind == "har":
        yield from exporting.har(reader, session, cut)
    else:
        texts = pages.markdown(reader, session) if kind == "md" else pages.page(reader, session)
        # Somebody's terminal shows the file, sooner or later.
        yield from (visible(text).encode("utf-8", "replace") for text in texts)
