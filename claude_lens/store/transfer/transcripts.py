"""Claude Code's own history (``~/.claude/projects/**/*.jsonl``) as exchanges, for what was never recorded.

A transcript keeps messages, not requests: system prompt, tools and parameters are missing, and so are times
to the first byte. An answer that was recorded, known by its request's or its message's id, is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from claude_lens import exact
from claude_lens.exact import load
from claude_lens.exchange import Agent, Cost, Exchange, Identity, Model, Request, Response
from claude_lens.store.content import unpack_blob
from claude_lens.store.maintenance.prices import prices_of
from claude_lens.store.reading.queries import Reader
from claude_lens.store.schema import exchanges, payloads, sessions
from claude_lens.store.transfer.naming import Titles, is_title
from claude_lens.store.transfer.sidechains import Sidechains
from claude_lens.store.transfer.trees import Answer, Tree, text
from claude_lens.wire import iterations, pricing
from claude_lens.wire.usage import usage_of

WORKER: Final = "transcript"
REASON: Final = "imported from Claude Code's transcript"
TOO_DEEP: Final = f"nested more than {exact.DEEPEST} levels deep"
Passed = Callable[[str], None]
"""Is told file, line and reason of what was passed by."""
_LOOKED_AT: Final = 50


def folder(environ: Mapping[str, str]) -> Path:
    """Where Claude Code keeps its transcripts, there or not."""
    return Path(environ.get("CLAUDE_CONFIG_DIR") or "~/.claude").expanduser() / "projects"


def files(folder: Path) -> list[Path]:
    """All transcripts below ``folder``, the oldest first."""
    found = [path for path in folder.expanduser().rglob("*.jsonl") if path.is_file()]
    return sorted(found, key=lambda path: path.stat().st_mtime)


def with_subagents(file: Path) -> list[Path]:
    """A session's transcript and those of its subagents, which stand in a folder beside it."""
    return [file, *files(file.with_suffix("") / "subagents")]


def is_transcript(file: Path) -> bool:
    """Whether one of the file's first lines is one of a transcript. Raises ``OSError``."""
    return any(
        text(raw.get("type")) and any(text(raw.get(key)) for key in ("sessionId", "uuid", "leafUuid"))
        for raw in islice(_lines(file, _ignored), _LOOKED_AT)
    )


def read(file: Path, passed: Passed | None = None, titles: Titles | None = None) -> Iterator[Exchange]:
    """The exchanges of one transcript in order of time; the sessions' titles go to ``titles``.

    What cannot be read is passed by: ``passed`` is told file, line and reason.
    """
    tell = passed or _ignored
    tree = Tree()
    named: list[Mapping[str, Any]] = []
    try:
        for raw in _lines(file, tell):
            tree.add(raw)
            if is_title(raw):
                named.append(raw)
    except OSError as error:
        tell(f"{file}: {error.strerror or error}")
    if titles is not None and named:
        # Summaries stand before what they are about.
        sessions_of = {
            uuid: session for uuid, line in tree.lines.items() if (session := text(line.raw.get("sessionId")))
        }
        for raw in named:
            titles.see(raw, sessions_of)
    sides = Sidechains(tree, _meta(file))
    for one in tree.answers.values():
        try:
            found = _exchange(one, tree, sides.agent(one))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            tell(f"{file}: answer {one.key}: {type(error).__name__}: {error}")
            continue
        if found is not None:
            yield found


def _ignored(_: str) -> None:
    """For those who do not ask what was passed by."""


def _lines(file: Path, passed: Passed) -> Iterator[Mapping[str, Any]]:
    with file.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                value = load(line)
                wrong = None if isinstance(value, Mapping) else "no JSON object"
                wrong = TOO_DEEP if wrong is None and exact.is_deep(value) else wrong
            except RecursionError:
                wrong = TOO_DEEP
            except ValueError:
                # The client is about to write the last line as long as it does not end.
                wrong = "no JSON" if line.endswith(b"\n") else ""
            if wrong is None:
                yield value
            elif wrong:
                passed(f"{file}:{number}: {wrong}")


def _exchange(one: Answer, tree: Tree, agent: Agent) -> Exchange | None:
    raw, last = one.first.raw, one.lines[-1].message or {}
    session, model = text(raw.get("sessionId")), text(last.get("model"))
    asked = tree.lines.get(one.first.parent or "")
    started = (_seconds(asked.raw) if asked else None) or _seconds(raw)
    ended = (_seconds(one.said_last.raw) if one.said_last else None) or _seconds(raw)
    # The client writes its own errors as answers of a model that does not exist.
    if session is None or started is None or model in (None, "<synthetic>"):
        return None
    request = {"model": model, "messages": tree.history(one)}
    answer = {**last, "content": one.blocks}
    usage = usage_of(answer)
    prices = pricing.relevant(prices_of(model, "anthropic") or {})
    usd, parts = iterations.priced(usage, prices, answer, prices_of) if usage else (None, ())
    key = f"{session}/{last.get('id') or raw.get('requestId') or raw.get('uuid')}"
    return Exchange(
        id=hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=16).hexdigest(),
        worker=WORKER,
        status="ok",
        lane="imported",
        lane_reason=REASON,
        identity=Identity(
            session_id=session,
            prompt_id=text(raw.get("promptId")),
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
        request=Request(body=exact.dump(request), json=request),
        response=Response(body=exact.dump(answer), json=answer),
    )


def _meta(file: Path) -> Mapping[str, Any]:
    try:
        found = load(file.with_suffix(".meta.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, Mapping) else {}


def unrecorded(reader: Reader, found: Iterable[Exchange]) -> Iterator[Exchange]:
    """Those of ``found`` whose answers are not in the store, by request id and message id."""
    known: dict[str | None, set[str]] = {}
    for one in found:
        session = one.identity.session_id
        if session not in known:
            known[session] = _recorded(reader, session or "")
        message = one.response.json.get("id") if one.response and one.response.json else None
        marks = {mark for mark in (one.request_id, message) if isinstance(mark, str)}
        if not marks & known[session]:
            yield one


def _recorded(reader: Reader, session: str) -> set[str]:
    query = (
        select(exchanges.c.request_id, payloads.c.response_rest)
        .select_from(exchanges)
        .join(sessions, sessions.c.id == exchanges.c.session)
        .outerjoin(payloads, payloads.c.exchange == exchanges.c.id)
        .where(sessions.c.session_id == session)
    )
    found: set[str] = set()
    with reader.connect() as connection:
        for request_id, rest in connection.execute(query):
            answer = load(unpack_blob(rest)) if rest else {}
            found |= {mark for mark in (request_id, answer.get("id")) if isinstance(mark, str)}
    return found


def _seconds(raw: Mapping[str, Any]) -> float | None:
    try:
        return datetime.fromisoformat(str(raw.get("timestamp"))).timestamp()
    except ValueError:
        return None
