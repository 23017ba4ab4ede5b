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
from claude_lens.messages.helpers import MAIN
from claude_lens.redact import Redactor
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


def replay(reader: Reader, wanted: Wanted, say: Say, redactor: Redactor | None = None) -> Outcome:
    """Play a session again and tell what came of it. ``redactor``: what its record was redacted with.

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
            redactor=redactor,
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
    first = next((one.order for one in record.requests if one.line == MAIN), 0)
    guess = client.is_quiet(record, os.environ)
    # What a client asks with depends on it, and nothing in a record tells it.
    ways = [guess, not guess] if plan.live_from is None or plan.live_from > first else [guess]
    differed: dict[bool, int] = {}
    for number, quiet in enumerate([*ways, None]):
        if quiet is None:
            quiet = min(ways, key=lambda way: differed.get(way, 0))
        plan.stops_at_first = number < len(ways)
        outcome.begin()
        driver = _run(reader, plan, outcome, folder, temporary_folder / str(number), program, more, quiet)
        if driver.server.stopped is None:
            break
        differed[quiet] = driver.server.stopped
    return driver


def _run(
    reader: Reader,
    plan: Plan,
    outcome: Outcome,
    folder: Path,
    inside: Path,
    program: str,
    more: Sequence[str],
    quiet: bool,
) -> Driver:
    record, live = plan.record, plan.live is not None
    config = client.configured(inside / "home", folder, os.environ, login=live)
    environ = os.environ if plan.way is None else plan.way.environ
    closed = plan.tools is not None
    with Server(reader, plan, outcome) as server:
        driver = Driver(
            program=program,
            server=server,
            record=record,
            folder=folder,
            settings_file=client.settings(inside / "settings.json", server.url, closed),
            environ=lambda prompt: client.environment(
                environ, server.url, config, record, prompt, closed=closed, live=live, quiet=quiet
            ),
            more=more,
            idle=120.0 if closed else 1800.0,
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
