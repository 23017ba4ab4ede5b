"""``lensctl import``: sessions from an export, or from Claude Code's own history."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import click

from claude_lens import settings as setting_table
from claude_lens.errors import UserError
from claude_lens.terminal.output import json_option, print_json


@click.command("import")
@click.argument(
    "files", metavar="[FILE…]", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--claude-transcripts", is_flag=True, help="Claude Code's own history, ~/.claude/projects.")
@click.option(
    "--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Where that history is."
)
@json_option
def command(files: tuple[Path, ...], claude_transcripts: bool, folder: Path | None, as_json: bool) -> None:
    """Add what is not in the store yet; nothing is stored twice, whatever is imported how often."""
    from claude_lens.redact import redactor
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.store.transfer import importing, transcripts
    from claude_lens.terminal.progress import progress_bar

    if not files and not claude_transcripts and folder is None:
        raise UserError("say what to import: files that lensctl export wrote, or --claude-transcripts")
    settings = setting_table.load()
    done = importing.Imported()
    keep = functools.partial(
        importing.store,
        settings.database_url,
        bodies=settings.bodies == "on",
        streams=settings.streams == "on",
        redactor=redactor(settings),
    )
    found = transcripts.files(folder or transcripts.FOLDER) if claude_transcripts or folder else []
    with progress_bar() as progress, open_reader(settings) as reader:
        for number, file in enumerate((*files, *found)):
            progress("importing", number / (len(files) + len(found)))
            if number < len(files):
                with file.open("rb") as stream:
                    tags: dict[str, list[str]] = {}
                    one = keep(importing.read_lines(stream, str(file), tags), tags=tags)
            else:
                one = keep(transcripts.unrecorded(reader, transcripts.read(file)))
            done.read += one.read
            done.new += one.new
    if as_json:
        print_json(dataclasses.asdict(done))
    else:
        print(f"{done.new} exchanges added; {done.read - done.new} were there already")
