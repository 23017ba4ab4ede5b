"""Arms: the record answers a session up to a turn, then a model goes on, in a worktree of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypedDict

from claude_lens.errors import HostError, NotFound, UserError
from claude_lens.messages.helpers import is_beside
from claude_lens.replay import client, places
from claude_lens.replay.budget import Budget
from claude_lens.replay.comparing import Comparing
from claude_lens.replay.live import Live, Way, changing, way
from claude_lens.replay.outcome import Outcome
from claude_lens.replay.record import Prompt, Record, Recorded, read
from claude_lens.replay.server import Plan
from claude_lens.replay.stage import Say, play, temporary
from claude_lens.settings import Settings
from claude_lens.store.reading import forms
from claude_lens.store.reading.queries import Reader, open_reader
from claude_lens.store.writing import tagging

_SETTLE: Final = 30.0
_LEAST_ID: Final = 6
_TAIL: Final = 400


class Verdict(TypedDict):
    """What the command said of an arm's files."""

    exit_code: int
    passed: bool


class Arm(TypedDict):
    """A way that the session went on. ``turns``, usage, cost and time are of what the model answered, without
    what the record gave. ``files_changed`` are those that differ from the commit in the end. ``error``: why
    it did not come to its end, None where it did."""

    model: str
    session_id: str | None
    verdict: Verdict | None
    turns: int
    usage: forms.Usage | None
    cost_usd: float | None
    duration_ms: float | None
    files_changed: list[str]
    error: str | None


Forked = TypedDict("Forked", {"origin": str, "from": str, "arms": list[Arm]})
"""``from`` is the exchange that the first arm's model answered instead of the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Where to fork, and what is another there. ``start``: a turn of the main agent, or an exchange."""

    session: str
    start: str
    prompt: str | None = None
    system: str | None = None
    without: frozenset[str] = frozenset()
    claude: Path | None = None
    verify: str | None = None
    more: tuple[str, ...] = ()


def fork(
    settings: Settings, wanted: Wanted, models: Sequence[str | None], say: Say, budget: Budget
) -> Forked:
    """Go on from a turn once for each model; None is the model that was asked then.

    An arm that fails leaves the others. Raises :class:`UserError`, :class:`HostError` where none can begin.
    """
    with open_reader(settings) as reader:
        with reader.connect() as connection:
            record = read(connection, reader.session(wanted.session)["id"], Comparing())
        start = beginning(record, wanted.start)
        forked = _Fork(
            settings=settings,
            reader=reader,
            wanted=wanted,
            start=start,
            session=record.session_id,
            prompts=_prompts(record, start, wanted.prompt),
            say=say,
            budget=budget,
        )
        arms = []
        for number, model in enumerate(models, 1):
            name = model or start.model or "?"
            say(f"arm {number} of {len(models)}: {name}")
            if budget.left() <= 0:
                arms.append(_failed(name, None, "the budget was spent before it began"))
                continue
            arm = forked.arm(model)
            budget.spend(arm["cost_usd"])
            arms.append(arm)
    return {"origin": record.session_id, "from": start.id, "arms": arms}


def beginning(record: Record, named: str) -> Recorded:
    """The request that a turn's number, or an exchange's id, names. Raises :class:`NotFound`."""
    main = [one for one in record.requests if one.agent is None and one.turn is not None]
    if named.isdecimal() and len(named) < _LEAST_ID:
        found = [one for one in main if one.turn == int(named)][:1]
    else:
        found = [one for one in main if one.id.startswith(named)]
    if len(found) != 1:
        raise NotFound(
            f"the main agent has no turn {named!r}: it has turns 1 to {main[-1].turn if main else 0}"
        )
    return found[0]


def _prompts(record: Record, start: Recorded, other: str | None) -> list[Prompt]:
    """The prompts up to the turn, the last one changed where that was asked for."""
    prompts = [one for one in record.prompts if one.before <= start.order]
    if other is None:
        return prompts
    if not prompts or prompts[-1].before != start.order:
        turns = {one.order: one.turn for one in record.requests if one.agent is None and one.turn}
        begun = ", ".join(str(turns[one.before]) for one in record.prompts if one.before in turns)
        raise UserError(
            f"--prompt takes a prompt's place: turn {start.turn} begins with none, turns {begun} do"
        )
    return [*prompts[:-1], replace(prompts[-1], words=other, content=None)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fork:
    """What all arms have in common."""

    settings: Settings
    reader: Reader
    wanted: Wanted
    start: Recorded
    session: str
    prompts: Sequence[Prompt]
    say: Say
    budget: Budget

    def arm(self, model: str | None) -> Arm:
        """Run one to its end, and read what the proxy recorded of it."""
        name = model or self.start.model or "?"
        comparing, outcome = Comparing(), Outcome(self.session)
        with self.reader.connect() as connection:
            record = read(connection, self.session, comparing)
        record.prompts = list(self.prompts)
        if record.project is None:
            raise UserError("the session's project was not noted, so its files cannot be had")
        with temporary() as folder, contextlib.ExitStack() as stack:
            place = stack.enter_context(places.scratch(Path(record.project), record.commit, folder))
            for remark in place.remarks:
                self.say(remark)
            comparing.add_folder(str(place.folder))
            plan = Plan(
                record=record,
                comparing=comparing,
                tools=None,
                paced=False,
                folders=(record.project, str(place.folder)),
                live_from=self.start.order,
            )
            plan.way = found = way(os.environ, record.project, record.branch)
            plan.live = self._live(found, record.main_model, model)
            problem = self._played(plan, outcome, place.folder, folder)
            judged = self.wanted.verify if outcome.live else None
            verdict = _verdict(judged, place.folder) if judged else None
            changed = places.changed_files(place.folder)
        return self._told(name, outcome, problem, verdict, changed)

    def _live(self, found: Way, origins: str | None, model: str | None) -> Live:
        served = model is None or found.is_served(model)
        change = changing(origins, model if served else None, self.wanted.system, self.wanted.without)

        def named(body: Mapping[str, Any]) -> str | None:
            # As a rule would: the body goes on as it is.
            return None if served or body.get("model") != origins else model

        return Live(found.url, change, self.budget.before, named)

    def _played(self, plan: Plan, outcome: Outcome, folder: Path, inside: Path) -> str | None:
        """Run the client; what went wrong, None where nothing did."""
        program = client.find(self.wanted.claude)
        try:
            driver = play(self.reader, plan, outcome, folder, inside, program, self.wanted.more)
        except HostError as error:
            return str(error)
        finally:
            self.budget.after()
        if driver.code:
            return f"the client ended with code {driver.code}: {driver.said.strip()[-_TAIL:]}"
        return None

    def _told(
        self, name: str, outcome: Outcome, problem: str | None, verdict: Verdict | None, changed: list[str]
    ) -> Arm:
        session = outcome.client_session
        if session is None or not outcome.live:
            return _failed(name, None, problem or "nothing was asked of the model")
        arm: Arm = {**_failed(name, session, problem), "verdict": verdict, "files_changed": changed}
        told = _recorded(self.reader, session, outcome.live)
        if not told:
            return arm
        tags = [f"{tagging.FORK_OF}{self.session}", f"{tagging.ARM}{name}"]
        tagging.change(self.settings.database_url, session, [tag[: tagging.LONGEST] for tag in tags])
        whole = self.reader.session(session)
        turns = [one for one in told if not is_beside(one["request_class"], one["endpoint"])]
        arm["turns"] = sum(one["agent"]["id"] is None and one["status"] == "ok" for one in turns)
        arm["usage"], arm["cost_usd"] = whole["usage"], whole["cost_usd"]
        arm["duration_ms"] = sum(one["duration_ms"] or 0.0 for one in told)
        return arm


def _failed(model: str, session: str | None, error: str | None) -> Arm:
    return {
        "model": model,
        "session_id": session,
        "verdict": None,
        "turns": 0,
        "usage": None,
        "cost_usd": None,
        "duration_ms": None,
        "files_changed": [],
        "error": error,
    }


def _verdict(command: str, folder: Path) -> Verdict:
    done = subprocess.run(
        command, shell=True, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return {"exit_code": done.returncode, "passed": done.returncode == 0}


def _recorded(reader: Reader, session: str, asked: int) -> list[forms.Summary]:
    """What the proxy recorded of an arm, once all of it is there, or what is there after a while."""
    end = time.monotonic() + _SETTLE
    told: list[forms.Summary] = []
    while time.monotonic() < end:
        try:
            told = reader.exchanges(session)
        except NotFound:
            told = []
        if len(told) >= asked and all(one["status"] != "running" for one in told):
            break
        time.sleep(0.2)
    return told
