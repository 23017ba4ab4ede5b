"""``lensctl import``: sessions from an export, or from Claude Code's own history."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from claude_lens import settings as setting_table
from claude_lens.errors import UserError
from claude_lens.settings import Settings
from claude_lens.terminal.output import json_option, print_json, printable

if TYPE_CHECKING:
    from claude_lens.exchange import Exchange
    from claude_lens.redact import Redactor
    from claude_lens.store.transfer.appending import Appender
    from claude_lens.store.transfer.naming import Titles

Report = Callable[[str, float], None]

INTERVAL: Final = 2.0
"""Seconds between two looks at a folder that is watched."""
RECENT: Final = 60.0
"""Answers that are younger in seconds may still be on their way from a proxy into the store."""
_NAMED: Final = 20
_INTERRUPTED: Final = 130


@dataclass(slots=True)
class _Done:
    """Exchanges that were found, how many are new, how many were let go of, how many have to wait.

    ``faults``: what was passed by, by file. ``held``: the files with answers that have to wait.
    """

    read: int = 0
    new: int = 0
    pruned: int = 0
    waiting: int = 0
    held: set[Path] = field(default_factory=set)
    faults: dict[Path, list[str]] = field(default_factory=dict)

    @property
    def passed_by(self) -> list[str]:
        """Files and lines that could not be read, each with the reason."""
        return [fault for faults in self.faults.values() for fault in faults]

    def passing(self, file: Path) -> Callable[[str], None]:
        """What takes the faults of a file; those of an earlier look at it are forgotten."""
        self.faults[file] = []
        return self.faults[file].append

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
@click.option("--watch", is_flag=True, help="Go on as that history grows, until Ctrl-C.")
@json_option
def command(
    files: tuple[Path, ...], claude_transcripts: bool, folder: Path | None, watch: bool, as_json: bool
) -> int:
    """Add what is not in the store yet; nothing is stored twice, whatever is imported how often.

    FILE is what lensctl export wrote, or a transcript of Claude Code. A transcript that has not changed since
    it was read is not read again. What cannot be read of transcripts is named and passed by; the exit code is
    then 1. Ctrl-C loses nothing: the next import goes on where this one was.
    """
    from claude_lens.redact import redactor

    if not files and not claude_transcripts and folder is None and not watch:
        raise UserError("say what to import: files that lensctl export wrote, or --claude-transcripts")
    settings = setting_table.load()
    done = _Done()
    redact = redactor(settings)
    exports, histories = _sorted(files, done)
    place = _place(folder) if claude_transcripts or folder or (watch and not files) else None
    try:
        for file in exports:
            _take_export(file, done, settings, redact)
        histories += _history(place, missing=watch) if place else []
        _take_histories(list(dict.fromkeys(histories)), done, settings, redact)
        if watch:
            _tell(done, as_json)
            _watch(histories, place, done, settings, redact, as_json)
    except KeyboardInterrupt:
        if watch:
            return 1 if done.passed_by else 0
        _tell(done, as_json)
        click.echo("stopped: what was added stays, and the next import goes on from there", err=True)
        return _INTERRUPTED
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
            done.passing(file)(f"{file}: {error.strerror or error}")
    return exports, histories


def _place(folder: Path | None) -> Path:
    from claude_lens.store.transfer import transcripts

    return folder or transcripts.folder(os.environ)


def _history(place: Path, *, missing: bool = False) -> list[Path]:
    """All transcripts below ``place``. Raises :class:`UserError` where there are none, unless they may be
    ``missing``."""
    from claude_lens.store.transfer import transcripts

    if not (found := transcripts.files(place)) and not missing:
        raise UserError(f"{place} has no transcripts of Claude Code; --folder says where they are")
    return found


def _take_export(file: Path, done: _Done, settings: Settings, redact: Redactor | None) -> None:
    from claude_lens.store.transfer import importing

    tags: dict[str, list[str]] = {}
    with file.open("rb") as stream:
        found = done.counted(importing.read_lines(stream, str(file), tags))
        kept = importing.store(
            settings.database_url,
            found,
            bodies=settings.bodies == "on",
            streams=settings.streams == "on",
            redactor=redact,
            tags=tags,
        )
    done.new += kept.new


def _take_histories(files: list[Path], done: _Done, settings: Settings, redact: Redactor | None) -> None:
    """Add what is new in these transcripts, and the titles that they give sessions."""
    from claude_lens.spool import ledger
    from claude_lens.store.transfer import appending, naming, transcripts
    from claude_lens.terminal.progress import progress_bar

    if not files:
        return
    titles = naming.Titles()
    with_bodies = settings.bodies == "on"
    # What a proxy has passed on and not stored yet is known by nothing.
    until = time.time() - RECENT if ledger.look(settings.home).waiting > 0 else None
    url = settings.database_url
    with appending.Appender(url, bodies=with_bodies, redactor=redact, until=until) as appender:
        unchanged = appender.unchanged(files)
        done.read += sum(unchanged.values())
        left = transcripts.in_order([file for file in files if file not in unchanged])
        sizes = {file: transcripts.size(file) for file in left}
        if left:
            with progress_bar() as looking:
                appender.catch_up(lambda share: looking("looking at what is stored", share))
        with progress_bar(sum(sizes.values())) as progress:
            try:
                _take_each(sizes, appender, done, titles, progress)
            finally:
                if with_bodies:
                    naming.name_sessions(settings.database_url, titles.by_session, redact)


def _take_each(
    sizes: dict[Path, int], appender: Appender, done: _Done, titles: Titles, progress: Report
) -> None:
    whole, before = sum(sizes.values()) or 1, 0
    for file, size in sizes.items():

        def report(share: float, before: int = before, size: int = size) -> None:
            progress("importing", (before + share * size) / whole)

        report(0.0)
        found = appender.take(file, done.passing(file), titles, report)
        done.read += found.read
        done.new += found.new
        done.pruned += found.gone
        done.waiting += found.held
        done.held |= {file} if found.held else set()
        before += size
        report(0.0, before)


def _watch(
    files: list[Path],
    place: Path | None,
    done: _Done,
    settings: Settings,
    redact: Redactor | None,
    as_json: bool,
) -> None:
    """Look for what has changed, without end; says what was added."""
    from claude_lens.store.transfer import transcripts

    seen = {file: transcripts.state(file) for file in files}
    while True:
        time.sleep(INTERVAL)
        now = {file: transcripts.state(file) for file in (_history(place, missing=True) if place else files)}
        # An answer is written block by block: a file is read once it has rested for a moment.
        fresh = [file for file, state in now.items() if state != seen.get(file) and transcripts.rests(file)]
        if not fresh:
            continue
        more = _Done()
        _take_histories(fresh, more, settings, redact)
        seen |= {file: now[file] for file in fresh if file not in more.held}
        done.faults |= more.faults
        if more.new or more.passed_by:
            _tell(more, as_json)


def _tell(done: _Done, as_json: bool) -> None:
    """What was done, and on standard error what was passed by."""
    passed_by = done.passed_by
    for one in passed_by[:_NAMED]:
        click.echo(f"passed by: {printable(one)}", err=True)
    if (more := len(passed_by) - _NAMED) > 0:
        click.echo(f"passed by: {more} more; --json names all", err=True)
    if as_json:
        counts = {"read": done.read, "new": done.new, "pruned": done.pruned, "waiting": done.waiting}
        print_json({**counts, "passed_by": passed_by})
        return
    text = f"{done.new} exchanges added; {done.read - done.new - done.pruned} were there already"
    text += f"; {done.pruned} that were pruned stay away" if done.pruned else ""
    text += f"; {done.waiting} wait for the proxy, which is recording" if done.waiting else ""
    click.echo(text + (f"; {len(passed_by)} files or lines passed by" if passed_by else ""))
