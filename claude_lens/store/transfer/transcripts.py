"""Claude Code's own history (``~/.claude/projects/**/*.jsonl``) as exchanges, for what was never recorded.

A transcript keeps messages; requests, with system prompt, tools and parameters, only newer clients keep
(:mod:`requests`). Times to the first byte are missing. A file is read once to know its tree, and then as much
of it again as is new in the store.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self

from claude_lens import exact
from claude_lens.exchange import Cost, Exchange, Identity, Model, Request, Response
from claude_lens.messages.blocks import role
from claude_lens.messages.helpers import helper
from claude_lens.redact import Redactor
from claude_lens.store import chain, content
from claude_lens.store.maintenance.prices import prices_of
from claude_lens.store.rows import Item, RequestParts, headers_blob
from claude_lens.store.transfer.histories import Histories, History
from claude_lens.store.transfer.naming import Titles, is_title
from claude_lens.store.transfer.notes import notes
from claude_lens.store.transfer.requests import Requests, Sent
from claude_lens.store.transfer.sayings import Saying, Sayings
from claude_lens.store.transfer.sidechains import Sidechains
from claude_lens.store.transfer.source import Passed, Source, ignored
from claude_lens.store.transfer.trees import Answer, Tree, text
from claude_lens.store.writing.titles import first_words
from claude_lens.wire import iterations, pricing
from claude_lens.wire.usage import usage_of

WORKER: Final = "transcript"
REASON: Final = "imported from Claude Code's transcript"
RESTING: Final = 1.0
"""Seconds after which nobody is writing to a file just now."""
_LOOKED_AT: Final = 50
_MISTAKES: Final = (ValueError, TypeError, LookupError, AttributeError, RecursionError, OSError)


def folder(environ: Mapping[str, str]) -> Path:
    """Where Claude Code keeps its transcripts, there or not."""
    return Path(environ.get("CLAUDE_CONFIG_DIR") or "~/.claude").expanduser() / "projects"


def files(folder: Path) -> list[Path]:
    """All transcripts below ``folder``, the oldest first."""
    found = [path for path in folder.expanduser().rglob("*.jsonl") if path.is_file()]
    return sorted(found, key=lambda path: path.stat().st_mtime)


def size(file: Path) -> int:
    """Bytes of a file; none where it cannot be looked at."""
    return (state(file) or (0, 0))[0]


def state(file: Path) -> tuple[int, int] | None:
    """What tells that a file has changed: its bytes and time (ns). None where it cannot be looked at."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def rests(file: Path) -> bool:
    """Whether nobody has written to the file for a moment."""
    found = state(file)
    return found is not None and abs(time.time() - found[1] / 1e9) >= RESTING


def in_order(files: Iterable[Path]) -> list[Path]:
    """The files by when they were begun: a fork, whose history is an earlier one's, comes after that one."""
    return sorted(files, key=lambda file: (_begun(file), (state(file) or (0, 0))[1]))


def _begun(file: Path) -> str:
    try:
        with Source(file) as source:
            times = (text(raw.get("timestamp")) for raw, _ in islice(source.lines(), _LOOKED_AT))
            return next(filter(None, times), "")
    except OSError:
        return ""


def with_subagents(file: Path) -> list[Path]:
    """A session's transcript and those of its subagents, which stand in a folder beside it."""
    return [file, *files(file.with_suffix("") / "subagents")]


def is_transcript(file: Path) -> bool:
    """Whether one of the file's first lines is one of a transcript. Raises ``OSError``."""
    with Source(file) as source:
        return any(
            text(raw.get("type")) and any(text(raw.get(key)) for key in ("sessionId", "uuid", "leafUuid"))
            for raw, _ in islice(source.lines(), _LOOKED_AT)
        )


class Transcript:
    """One transcript, opened and its tree known. ``passed`` is told file, line and reason of what cannot be
    read; ``titles`` gets the sessions' titles. Raises ``OSError``.
    """

    def __init__(
        self,
        file: Path,
        passed: Passed = ignored,
        titles: Titles | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self._passed, self._redactor = passed, redactor
        self.tree = Tree()
        self.source = Source(file, passed)
        self._requests = Requests(self.source, self.tree.answers)
        try:
            self._index(titles)
            self._sides = Sidechains(self.tree, self.source.again, notes(file))
        except BaseException:
            self.close()
            raise
        self.texts = Sayings(self.source, list(self.tree.lines.values()), self.tree.answers, redactor)
        self.histories = Histories(self.tree, self.texts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self.source.__exit__()

    def _index(self, titles: Titles | None) -> None:
        named: list[Mapping[str, Any]] = []
        sessions_of: dict[str, str] = {}
        for raw, place in self.source.lines():
            self.tree.add(raw, place)
            self._requests.see(raw, place)
            if is_title(raw):
                named.append(raw)
            uuid, session = text(raw.get("uuid")), text(raw.get("sessionId"))
            if uuid and session:
                sessions_of.setdefault(uuid, session)
        # Summaries stand before what they are about.
        for raw in named if titles is not None else ():
            assert titles is not None
            titles.see(raw, sessions_of)

    def answers(self) -> list[Answer]:
        """The answers, in the order of the file."""
        return list(self.tree.answers.values())

    def item(self, answer: Answer) -> Item | None:
        """An answer with what was said before it, for the writer; None where it is none of a model.

        What goes wrong is told, and then there is none.
        """
        try:
            return self._item(answer)
        except _MISTAKES as error:
            self._passed(f"{self.source.file}: answer {answer.key}: {type(error).__name__}: {error}")
            return None

    def _item(self, answer: Answer) -> Item | None:
        told = self._exchange(answer)
        if told is None:
            return None
        found = told if self._redactor is None else self._redactor.exchange(told)
        answered = found.response.json if found.response else None
        if answered is not None and isinstance(answered["content"], list):
            # What the next request says again is redacted already.
            said = {"role": "assistant", "content": answered["content"]}
            self.texts.put(Saying(answer=answer.key), said)
        sent = self._sent(answer) or self._as_told(answer, found.model.requested)
        if (at := _seconds(sent.at)) is not None and at >= found.started_at:
            ended = found.started_at + (found.duration_ms or 0.0) / 1000
            found = replace(found, started_at=at, duration_ms=max(0.0, (ended - at) * 1000))
        body = {**sent.body, "messages": self._new(sent.history)}
        request = Request(headers=sent.headers, json=body)
        # An older client's warm-up, say; that a tool is missing in a body that the tree tells is no sign.
        if (beside := helper(found.endpoint, body, subagent=True)) is not None:
            found = replace(found, identity=replace(found.identity, request_class=beside))
        return Item(
            replace(found, request=request), RequestParts(headers_blob(sent.headers), None, sent.parts)
        )

    def _sent(self, answer: Answer) -> Sent | None:
        """The request as the client kept it; None where it did not, or not so that it makes sense."""
        try:
            return self._requests.sent(answer, self.histories, self.texts, self._redactor)
        except _MISTAKES:
            return None

    def _as_told(self, answer: Answer, model: str | None) -> Sent:
        """A request as the tree tells it: the model and the messages."""
        history = self.histories.before(answer)
        whole, marks = self.histories.chain(history)
        body: dict[str, Any] = {"model": model, "messages": None if whole.steps else []}
        params, chains = exact.dump(body), {"messages": whole} if whole.steps else {}
        digest = chain.request_digest(content.digest(params), chain.chains_tips(chains), marks)
        return Sent(chain.Parts(params, chains, frozenset(), marks, digest), body, (), history, {})

    def _new(self, history: History) -> list[Any]:
        """What the writer looks at of the messages: the first, the first that a human wrote, and those from
        the last answer on; the others it has seen before."""
        said = history.said()
        last = next((at for at in range(len(said) - 1, -1, -1) if self._is_answer(said[at])), 0)
        wanted = {*range(min(1, len(said))), *range(last, len(said))}
        if (at := self._first_human(history)) is not None:
            wanted.add(at)
        return [self.texts.value(said[at]) for at in sorted(wanted)]

    def _is_answer(self, saying: Saying) -> bool:
        if saying.answer is not None or saying.sent is None:
            return saying.answer is not None
        return role(self.texts.value(saying)) == "assistant"

    def _first_human(self, history: History) -> int | None:
        branch, said = history.branch, history.said()
        while branch.human is None and branch.looked_at < len(said):
            saying = said[branch.looked_at]
            if not self._is_answer(saying) and first_words(self.texts.value(saying)):
                branch.human = branch.looked_at
            branch.looked_at += 1
        return branch.human if branch.human is not None and branch.human < len(said) else None

    def _exchange(self, one: Answer) -> Exchange | None:
        """The exchange without its request; secrets are still in it."""
        raw = self.source.again(one.first.place)
        last = self.source.again(one.lines[-1].place).get("message") or {}
        blocks, said_last = self.texts.blocks(one.key)
        session, model = one.session, text(last.get("model"))
        asked = self.tree.lines.get(one.first.parent or "")
        started = (_seconds(self.source.again(asked.place)) if asked else None) or _seconds(raw)
        ended = (_seconds(said_last) if said_last else None) or _seconds(raw)
        # The client writes its own errors as answers of a model that does not exist.
        if session is None or started is None or model in (None, "<synthetic>"):
            return None
        agent = self._sides.agent(one, raw)
        answer = {**last, "content": blocks if isinstance(blocks, list) else []}
        usage = usage_of(answer)
        prices = pricing.relevant(prices_of(model, "anthropic") or {})
        usd, parts = iterations.priced(usage, prices, answer, prices_of) if usage else (None, ())
        return Exchange(
            id=_exchange_id(one, last, raw),
            worker=WORKER,
            status="ok",
            lane="imported",
            lane_reason=REASON,
            identity=Identity(
                session_id=session,
                prompt_id=self.tree.prompt(one.first),
                request_class="main" if agent.id is None else "subagent",
                client=f"claude-cli/{raw['version']}" if text(raw.get("version")) else None,
                project=text(raw.get("cwd")),
                branch=text(raw.get("gitBranch")),
                agent=agent,
            ),
            model=Model(requested=model, routed=model, provider="anthropic"),
            started_at=started,
            duration_ms=max(0.0, ((ended or started) - started) * 1000),
            usage=usage,
            cost=Cost(usd=usd, requested_usd=usd, prices=prices, parts=parts),
            stop_reason=text(last.get("stop_reason")),
            request_id=text(raw.get("requestId")),
            response=Response(body=exact.dump(answer), json=answer),
        )


def _exchange_id(one: Answer, last: Mapping[str, Any], raw: Mapping[str, Any]) -> str:
    key = f"{one.session}/{last.get('id') or raw.get('requestId') or raw.get('uuid')}"
    return hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=16).hexdigest()


def read(
    file: Path,
    passed: Passed = ignored,
    titles: Titles | None = None,
    redactor: Redactor | None = None,
) -> Iterator[Item]:
    """The exchanges of one transcript in the order of the file, each to be written before the next is asked
    for or soon after. Raises ``OSError``."""
    with Transcript(file, passed, titles, redactor) as transcript:
        for answer in transcript.answers():
            if (item := transcript.item(answer)) is not None:
                yield item


def seconds(at: object) -> float | None:
    """A time as the client writes it in seconds since the epoch; None where it is none."""
    try:
        return datetime.fromisoformat(str(at)).timestamp()
    except ValueError:
        return None


def _seconds(raw: Mapping[str, Any]) -> float | None:
    return seconds(raw.get("timestamp"))
