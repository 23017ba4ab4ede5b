"""Sets a replay up in a temporary folder, runs it, and takes everything down again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Literal

from claude_lens.errors import UserError
from claude_lens.replay import client, places
from claude_lens.replay.comparing import Comparing
from claude_lens.replay.driving import Driver
from claude_lens.replay.live import Live, way
from claude_lens.replay.outcome import Outcome
from claude_lens.replay.record import Record, read
from claude_lens.replay.server import Plan, Server
from claude_lens.replay.tools import Tools
from claude_lens.store.reading.queries import Reader

Say = Callable[[str], None]
ToolsMode = Literal["recorded", "real"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How to replay a session. ``here``: real tools work in the project itself.

    ``then_live``: after the first divergence the provider answers, through the proxy that runs.
    """

    session: str
    paced: bool = True
    tools: ToolsMode = "recorded"
    claude: Path | None = None
    here: bool = False
    then_live: bool = False
    more: tuple[str, ...] = ()


def replay(reader: Reader, wanted: Wanted, say: Say) -> Outcome:
    """Play a session again and tell what came of it.

    Raises :class:`UserError` where the session cannot be replayed, :class:`HostError` where the client fails.
    """
    program = client.find(wanted.claude)
    with temporary() as folder, contextlib.ExitStack() as stack:
        comparing = Comparing()
        tools = Tools(folder, client.version(program)) if wanted.tools == "recorded" else None
        with reader.connect() as connection:
            ident = reader.session(wanted.session)["id"]
            record = read(connection, ident, comparing, tools.is_exact if tools else None)
        outcome = Outcome(record.session_id, problems=list(record.problems))
        place = stack.enter_context(_place(record, wanted, folder))
        if tools is not None:
            tools.use(record.calls, record.results)
            outcome.problems += filter(None, [tools.told()])
        outcome.problems += place.remarks
        for problem in outcome.problems:
            say(problem)
        plan = Plan(
            record=record,
            comparing=comparing,
            tools=tools,
            paced=wanted.paced,
            folders=_folders(record, place.folder),
            then_live=wanted.then_live,
        )
        if wanted.then_live:
            plan.way = way(os.environ, record.project, record.branch)
            plan.live = Live(plan.way.url)
            say(f"after the first divergence it goes on through {plan.way.url}, at its price")
        comparing.add_folder(str(place.folder))
        outcome.client = program
        say(f"playing {_requests(len(record.requests))} of session {record.session_id} to {program}")
        play(reader, plan, outcome, place.folder, folder, program, wanted.more)
    return outcome


def play(
    reader: Reader,
    plan: Plan,
    outcome: Outcome,
    folder: Path,
    temporary_folder: Path,
    program: str,
    more: Sequence[str] = (),
) -> Driver:
    """Run the client in ``folder`` against a server of this plan, prompt by prompt."""
    record = plan.record
    if not record.prompts:
        raise UserError(f"session {record.session_id} has no prompt of a human that could be given again")
    home = temporary_folder / "home"
    config = client.configured(home, folder, os.environ, login=plan.live is not None)
    environ = os.environ if plan.way is None else plan.way.environ
    with Server(reader, plan, outcome) as server:
        settings_file = client.settings(
            temporary_folder / "settings.json", server.url, plan.tools is not None
        )
        driver = Driver(
            program=program,
            server=server,
            record=record,
            folder=folder,
            settings_file=settings_file,
            environ=lambda prompt: client.environment(
                environ,
                server.url,
                config,
                record,
                prompt,
                closed=plan.tools is not None,
                live=plan.live is not None,
            ),
            more=more,
            idle=120.0 if plan.tools is not None else 1800.0,
        )
        driver.run(record.prompts)
    return driver


@contextlib.contextmanager
def temporary() -> Iterator[Path]:
    """A folder that is gone afterwards; SIGTERM unwinds like Ctrl-C."""
    folder = Path(tempfile.mkdtemp(prefix="claude-lens-replay-")).resolve()
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield folder
    finally:
        signal.signal(signal.SIGTERM, before)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _place(record: Record, wanted: Wanted, folder: Path) -> Iterator[places.Place]:
    """Where the client runs: the project as it is where no tool works, else a worktree or a copy."""
    project = Path(record.project) if record.project else None
    if wanted.tools == "recorded" or wanted.here:
        if project is not None and project.is_dir():
            yield places.Place(project)
            return
        if wanted.here:
            yield places.Place(Path.cwd(), (f"the project {project} is not here: tools work in this folder",))
            return
        empty = folder / "project"
        empty.mkdir()
        yield places.Place(empty, (f"the project {project} is not here: the client runs in an empty folder",))
        return
    if project is None:
        raise UserError("the session's project was not noted: use --here to run its tools in this folder")
    with places.scratch(project, record.commit, folder) as place:
        yield place


def _folders(record: Record, folder: Path) -> tuple[str, str] | None:
    if record.project is None or record.project == str(folder):
        return None
    return record.project, str(folder)


def _requests(number: int) -> str:
    return f"{number} request{'s' if number != 1 else ''}"


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
