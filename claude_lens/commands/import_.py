"""``lensctl import``: sessions from an export, or from Claude Code's own history."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from claude_lens import settings as setting_table
from claude_lens.errors import UserError
from claude_lens.terminal.output import json_option, print_json, printable

if TYPE_CHECKING:
    from claude_lens.exchange import Exchange
    from claude_lens.store.reading.queries import Reader
    from claude_lens.store.transfer.importing import Imported
    from claude_lens.store.transfer.naming import Titles

_NAMED: Final = 20


@dataclass(slots=True)
class _Done:
    """Exchanges that were found, how many of them are new, and the files and lines that were passed by."""

    read: int = 0
    new: int = 0
    passed_by: list[str] = field(default_factory=list)

    def counted(self, found: Iterable[Exchange]) -> Iterator[Exchange]:
        """The same exchanges, each of them counted."""
        for one in found:
            self.read += 1
            yield one


@click.command("import")
@click.argument(
    "files", metavar="[FILE…]", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--claude-transcripts",
    is_flag=True,
    help="Claude Code's own history, in ~/.claude/projects or below CLAUDE_CONFIG_DIR.",
)
@click.option(
    "--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Where that history is."
)
@json_option
def command(files: tuple[Path, ...], claude_transcripts: bool, folder: Path | None, as_json: bool) -> int:
    """Add what is not in the store yet; nothing is stored twice, whatever is imported how often.

    FILE is what lensctl export wrote, or a transcript of Claude Code. What cannot be read of transcripts is
    named and passed by; the exit code is then 1.
    """
    from claude_lens.redact import redactor
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.store.transfer import importing, naming
    from claude_lens.terminal.progress import progress_bar

    if not files and not claude_transcripts and folder is None:
        raise UserError("say what to import: files that lensctl export wrote, or --claude-transcripts")
    settings = setting_table.load()
    done = _Done()
    redact = redactor(settings)
    titles = naming.Titles()
    keep = functools.partial(
        importing.store,
        settings.database_url,
        bodies=settings.bodies == "on",
        streams=settings.streams == "on",
        redactor=redact,
    )
    exports, histories = _sorted(files, done)
    histories += _history(folder) if claude_transcripts or folder else []
    with progress_bar() as progress, open_reader(settings) as reader:
        for number, file in enumerate((*exports, *dict.fromkeys(histories))):
            progress("importing", number / (len(exports) + len(histories)))
            _take(file, number < len(exports), done, keep, reader, titles)
    if settings.bodies == "on":
        naming.name_sessions(settings.database_url, titles.by_session, redact)
    _tell(done, as_json)
    return 1 if done.passed_by else 0


def _sorted(files: Iterable[Path], done: _Done) -> tuple[list[Path], list[Path]]:
    """Exports, and transcripts with their subagents'. Raises :class:`UserError` for what is neither."""
    from claude_lens.store.transfer import importing, transcripts

    exports: list[Path] = []
    histories: list[Path] = []
    for file in files:
        try:
            if importing.is_export(file):
                exports.append(file)
            elif transcripts.is_transcript(file):
                histories += transcripts.with_subagents(file)
            else:
                raise UserError(
                    f"{file}:1: neither what lensctl export wrote nor a transcript of Claude Code"
                )
        except OSError as error:
            done.passed_by.append(f"{file}: {error.strerror or error}")
    return exports, histories


def _history(folder: Path | None) -> list[Path]:
    """All transcripts below ``folder``. Raises :class:`UserError` where there are none."""
    from claude_lens.store.transfer import transcripts

    place = folder or transcripts.folder(os.environ)
    if not (found := transcripts.files(place)):
        raise UserError(f"{place} has no transcripts of Claude Code; --folder says where they are")
    return found


def _take(
    file: Path, is_export: bool, done: _Done, keep: Callable[..., Imported], reader: Reader, titles: Titles
) -> None:
    """Add what is new in one file; titles of sessions are put into ``titles``."""
    from claude_lens.store.transfer import importing, transcripts

    if is_export:
        tags: dict[str, list[str]] = {}
        with file.open("rb") as stream:
            found = done.counted(importing.read_lines(stream, str(file), tags))
            done.new += keep(found, tags=tags).new
    else:
        found = done.counted(transcripts.read(file, done.passed_by.append, titles))
        done.new += keep(transcripts.unrecorded(reader, found)).new


def _tell(done: _Done, as_json: bool) -> None:
    """What was done, and on standard error what was passed by."""
    for one in done.passed_by[:_NAMED]:
        click.echo(f"passed by: {printable(one)}", err=True)
    if (more := len(done.passed_by) - _NAMED) > 0:
        click.echo(f"passed by: {more} more; --json names all", err=True)
    if as_json:
        print_json({"read": done.read, "new": done.new, "passed_by": done.passed_by})
        return
    text = f"{done.new} exchanges added; {done.read - done.new} were there already"
    print(text + (f"; {len(done.passed_by)} files or lines passed by" if done.passed_by else ""))
