"""The guard at the door: asks the ledger about each request, refuses, and keeps the ledger up to date.

Rules, sums and reservations are in memory; files, Redis, commands and webhooks are looked after beside the
requests. A fault of ours lets the request pass; it is counted and shown.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from claude_lens.agents.rules import called
from claude_lens.capture import notices, shared_sums
from claude_lens.capture.answers import BILLING, REFUSED, respond_error
from claude_lens.capture.asgi import Receive, Send
from claude_lens.capture.asking import Asking
from claude_lens.capture.inflight import InFlight, text_headers
from claude_lens.capture.reserving import Reserving
from claude_lens.capture.who import free, who_of
from claude_lens.errors import LensError
from claude_lens.guard import file, words
from claude_lens.guard.events import from_json
from claude_lens.guard.ledger import Ledger, Verdict
from claude_lens.guard.rules import SCOPES, Rule, Who
from claude_lens.settings import Settings
from claude_lens.wire.identity import identify

log = logging.getLogger("claude_lens")

EVERY: Final = 0.2
POLL: Final = 0.05
FIRST_SUMS: Final = 5.0
"""Longest that a request waits for the sums of before, after a start."""
LONGEST_WAIT: Final = 600.0


class Guard:
    """The guard of one worker. Lives on its event loop; ``told`` may be called from any thread."""

    def __init__(self, settings: Settings, asking: Asking) -> None:
        self.ledger = Ledger()
        self.asking = asking
        self.faults = 0
        self.problem: str | None = None
        self.complete = False
        self._settings = settings
        told = os.environ.get("CONFIG_FILE_PATH")
        self._config = Path(told) if told else settings.config
        self._reserving = Reserving()
        self._heard: deque[dict[str, Any]] = deque()
        self._stamps: tuple[object, ...] | None = None
        self._shared = shared_sums.from_environment(settings, os.environ)
        self._task: asyncio.Task[None] | None = None
        self._started = time.monotonic()
        self._notices: set[asyncio.Task[None]] = set()
        self._asks_agents = self._needs_account = False
        self._user_rules: tuple[Rule, ...] = ()

    # The rules

    @property
    def asks_agents(self) -> bool:
        """Whether a rule wants to know which agent asks."""
        return self._asks_agents

    def reload(self) -> None:
        """Read the rules again where a file has changed; what cannot be read leaves them as they are."""
        files = (self._settings.home / file.NAME, self._config)
        stamps = tuple(_stamp(path) for path in files)
        if stamps == self._stamps:
            return
        self._stamps = stamps
        try:
            found = file.load(self._settings.home, self._config)
        except LensError as error:
            self._fault(error)
            return
        self.problem = None
        self.ledger.use(found, time.time())
        self._asks_agents = any(
            "agent" in rule.scope or rule.kind in ("agents", "depth") for rule in found.rules
        )
        self._needs_account = any(rule.kind == "plan" or "account" in rule.scope for rule in found.rules)
        self._user_rules = tuple(rule for rule in found.rules if "user" in rule.scope)

    # One request

    async def admit(self, flight: InFlight, receive: Receive, send: Send) -> bool:
        """Whether the request may go on; where not, it is answered and recorded."""
        try:
            if not self.ledger.set.rules:
                self.start()
                return True
            verdict = await self._verdict(flight, receive)
        except Exception as error:
            self._fault(error)
            return True
        if verdict is None:
            flight.end("cancelled", error="the client closed the connection")
            return False
        if verdict.what != "stop":
            return True
        await self._refuse(flight, send)
        return False

    async def _verdict(self, flight: InFlight, receive: Receive) -> Verdict | None:
        """None where the client has gone while it waited."""
        self.start()
        if not self.complete:
            await self._first_sums()
        self.drain()
        if free(flight):
            return Verdict("pass")
        who = self._known_better(who_of(flight, needs_account=self._needs_account))
        likely, most = self._reserving.estimate(flight, who)
        now = time.time()
        verdict = self._ask(flight, who, likely, most, now)
        if verdict.what == "wait":
            verdict_or_gone = await self._wait(flight, who, likely, most, receive)
            if verdict_or_gone is None:
                return None
            verdict = verdict_or_gone
        if verdict.what == "stop":
            self._note(flight, who, verdict)
        elif verdict.ticket is not None:
            flight.over = self._over
        return verdict

    def _ask(self, flight: InFlight, who: Who, likely: float, most: float, now: float) -> Verdict:
        verdict = self.ledger.ask(flight.id, who, likely, most, now)
        if verdict.ticket is not None and self._reserving.must_learn(flight.id, who, self.ledger):
            # What one such request costs is not known at all yet: one goes first.
            self.ledger.release(flight.id)
            return replace(verdict, what="wait", ticket=None)
        return verdict

    async def _wait(
        self, flight: InFlight, who: Who, likely: float, most: float, receive: Receive
    ) -> Verdict | None:
        """Wait until those in flight have ended, or have left enough."""
        flight.arrive_soon()
        until = time.monotonic() + LONGEST_WAIT
        gone = asyncio.ensure_future(_gone(receive))
        try:
            while True:
                await asyncio.wait((gone,), timeout=POLL)
                if gone.done():
                    return None
                self.drain()
                likely, most = self._reserving.estimate(flight, who)
                verdict = self._ask(flight, who, likely, most, time.time())
                if verdict.what != "wait":
                    return verdict
                if time.monotonic() > until:
                    return replace(verdict, what="stop") if verdict.rule else Verdict("pass")
        finally:
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await gone

    def _note(self, flight: InFlight, who: Who, verdict: Verdict) -> None:
        assert verdict.rule is not None
        now = time.time()
        if who.agent is None and flight.asker is None:
            identity = identify(text_headers(flight.headers), None)
            who = replace(who, agent=called(identity.agent, identity.request_class))
        flight.rule, flight.refusal = verdict.rule.id, words.refusal(verdict, who, now)
        self.ledger.stopped(verdict.rule.id, who, now, flight.id)

    async def _refuse(self, flight: InFlight, send: Send) -> None:
        assert flight.refusal is not None
        flight.passed(await respond_error(send, REFUSED, flight.refusal, BILLING))
        flight.end("refused", REFUSED, [(b"content-type", b"application/json")], flight.refusal)

    def consider_user(self, flight: InFlight) -> str | None:
        """The sentence that stops the user of a virtual key, whose alias LiteLLM has found out; or None."""
        try:
            if not self._user_rules or flight.key_alias is None or free(flight):
                return None
            self.drain()
            who = replace(who_of(flight, needs_account=self._needs_account), user=flight.key_alias)
            likely, most = self._reserving.estimate(flight, who)
            self.ledger.release(flight.id)
            verdict = self.ledger.ask(flight.id, who, likely, most, time.time())
            if verdict.what == "pass":
                flight.over = self._over
                return None
            self._note(flight, who, verdict)
            return flight.refusal
        except Exception as error:
            self._fault(error)
            return None

    def _over(self, flight: InFlight) -> None:
        self._reserving.served(flight)
        self.ledger.ended(flight.id, time.time())

    def _known_better(self, who: Who) -> Who:
        """With the model that answers where another is asked for, and the session's folder."""
        model = self._reserving.answering(who.model)
        project = who.project or self.ledger.sessions.project_of(who.session)
        return (
            who
            if (model, project) == (who.model, who.project)
            else replace(who, model=model, project=project)
        )

    # What the recorder tells

    def told(self, piece: dict[str, Any]) -> None:
        """Take what the recorder told; it is counted by the next request, or shortly."""
        self._heard.append(piece)

    def drain(self) -> None:
        """Count what the recorder told."""
        while self._heard:
            piece = self._heard.popleft()
            now = time.time()
            for told in piece["spent"]:
                spent = from_json(told)
                self.ledger.take(spent, now, quiet=not self.complete)
                self._reserving.learn(spent)
                if self._shared is not None:
                    self._shared.tell(spent)
            if piece.get("complete"):
                self.complete = True
                if piece.get("fault"):
                    self._fault(RuntimeError(f"what was spent before is not known: {piece['fault']}"))

    async def _first_sums(self) -> None:
        while not self.complete and time.monotonic() - self._started < FIRST_SUMS:
            await asyncio.sleep(POLL)
            self.drain()
        if not self.complete:
            self.complete = True
            self._fault(RuntimeError("what was spent before is not known yet; requests pass meanwhile"))

    # Beside the requests

    def start(self) -> None:
        """Begin to look after files, Redis and notices; does nothing the second time."""
        if self._task is not None and not self._task.done():
            return
        self._started = time.monotonic()
        self._look()
        self._task = asyncio.get_running_loop().create_task(self._beside())

    async def _beside(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            self._look()
            if self._shared is not None:
                try:
                    await self._shared.turn(self.ledger, time.time())
                except Exception as error:
                    self._fault(error)
                    await asyncio.sleep(1.0)

    def _look(self) -> None:
        try:
            self.reload()
            self.drain()
            self.ledger.tick(time.time())
            self._notify()
        except Exception as error:
            self._fault(error)

    def _notify(self) -> None:
        found = self.ledger.set
        while self.ledger.notices:
            told = dict(words.notice(self.ledger.notices.popleft()))
            log.warning("guard: %s", words.warning(told))
            for target, say in ((found.command, notices.run), (found.webhook, notices.post)):
                if target:
                    task = asyncio.get_running_loop().create_task(self._tell(say(target, told)))
                    self._notices.add(task)
                    task.add_done_callback(self._notices.discard)

    async def _tell(self, saying: Any) -> None:
        try:
            await saying
        except Exception as error:
            self._fault(error)

    async def close(self) -> None:
        """Stop looking after things."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._shared is not None:
            with contextlib.suppress(Exception):
                await self._shared.close()

    def _fault(self, error: Exception) -> None:
        self.faults += 1
        text = " ".join(f"{error}".split()) or type(error).__name__
        if text != self.problem:
            self.problem = text
            log.error("guard: %s", text)

    # For people

    def line(self, query: bytes = b"") -> dict[str, Any]:
        """``GET /claude-lens/line?session=…``: what a status line shows of a session."""
        self.drain()
        return words.session_line(self.ledger, _session_of(query), time.time())

    def status(self, query: bytes = b"") -> dict[str, Any]:
        """``GET /claude-lens/guard``: the rules; with ``?session=…&agent=…`` those that apply."""
        self._look()
        now = time.time()
        asked = {name: value for name, value in parse_qsl(query.decode("latin-1")) if name in SCOPES}
        return {
            "rules": words.overview(self.ledger, now, Who(**asked) if asked else None),
            "shared": self._shared is not None and self._shared.synced,
            "faults": self.faults,
            "problem": self.problem,
            "complete": self.complete,
        }


def _session_of(query: bytes) -> str:
    return dict(parse_qsl(query.decode("latin-1"))).get("session", "")


def _stamp(path: Path | None) -> object:
    try:
        seen = path.stat() if path is not None else None
    except OSError:
        return None
    return seen and (seen.st_mtime_ns, seen.st_size, seen.st_ino)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
