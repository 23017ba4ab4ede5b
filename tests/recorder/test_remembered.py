"""Bodies read with the help of those before them come out as bodies read alone, whatever is in them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from claude_lens import exact
from claude_lens.exchange import Exchange
from claude_lens.recorder import remembered
from claude_lens.recorder.builder import Builder
from claude_lens.recorder.frames import Arrival, Ending
from claude_lens.recorder.remembered import Remembered
from claude_lens.settings import load
from claude_lens.store import chain, rows
from claude_lens.store.content import unpack
from claude_lens.store.schema import metadata
from claude_lens.store.sink import StoreSink
from claude_lens.wire.dialect import dialect_of

SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
PASSWORD = "x8Kq-Zp4w" + "Lm72Vt"
COLOURED = f"\x1b[31m{SECRET[:12]}\x1b[0m{SECRET[12:]}"

TEXTS = (
    "hello",
    f"the key is {SECRET}",
    COLOURED,
    f"DB_PASSWORD={PASSWORD}",
    "token",
    "-u",
    f"me:{PASSWORD}",
    "\x1b[32mgreen\x1b[0m",
    "12345678901234567890123",
    'a "quoted": thing \\ }, { ] [',
    "äöü 漢字 😀",
    "<system-reminder>\n - Primary working directory: /home/me/project\n</system-reminder>",
    "Working directory: /elsewhere",
    "x" * 300,
)


def _blocks(draw: Callable[..., Any]) -> list[dict[str, Any]]:
    text = draw(st.sampled_from(TEXTS))
    more = draw(st.sampled_from(TEXTS))
    marked = {"cache_control": {"type": "ephemeral"}}
    return [
        {"type": "text", "text": text},
        {"type": "text", "text": more, **(marked if draw(st.booleans()) else {})},
        {"type": "tool_use", "id": "toolu_01abcdefghijklmnop", "name": "Bash", "input": {more: text}},
        {
            "type": "tool_use",
            "id": "toolu_02",
            "name": "Agent",
            "input": {"prompt": text, "subagent_type": "x"},
        },
        {
            "type": "tool_result",
            "tool_use_id": "toolu_02",
            "content": [{"type": "text", "text": "agentId: a1b2"}],
        },
        {
            "type": "other",
            "value": draw(st.sampled_from([1.0, 10**20, -0.0, True, None, [[]], {"": 1}, 1e300])),
        },
    ]


@st.composite
def message(draw: Callable[..., Any]) -> Any:
    """A message, now and then one that is none."""
    if draw(st.integers(0, 150)) == 0:
        return draw(st.sampled_from(["-u", f"me:{PASSWORD}", 7, None, [], {}, {"role": "user", "n": 10**20}]))
    chosen = draw(st.lists(st.sampled_from(_blocks(draw)), max_size=3))
    content = chosen if draw(st.booleans()) else draw(st.sampled_from(TEXTS))
    return {"role": draw(st.sampled_from(["user", "assistant", "system"])), "content": content}


FRAMES = (
    {
        "model": "claude-opus-5-5",
        "messages": None,
        "system": [{"type": "text", "text": "be kind"}],
        "max_tokens": 9,
    },
    {
        "model": "claude-opus-5-5",
        "messages": None,
        "system": f"the key is {SECRET}",
        "tools": [{"name": "Bash"}],
    },
    {"system": [{"type": "text", "text": "Working directory: /from/system"}], "messages": None, "model": "m"},
    {"messages": None},
    {
        "token": SECRET,
        "messages": None,
        "metadata": {"user_id": "user_x_account__session_s1"},
        "password": PASSWORD,
    },
    {"model": 2**63, "messages": None},
)
WRITERS: tuple[Callable[[Any], bytes], ...] = (
    exact.dump,
    exact.dump,
    lambda value: json.dumps(value).encode(),
    lambda value: json.dumps(value, ensure_ascii=False, indent=1).encode(),
    lambda value: exact.dump(value).replace(b"/", b"\\/"),
)


def _wrong(body: bytes, kind: int) -> bytes:
    """A body of a kind that few clients send."""
    if kind == 0:
        return body.replace(b'"role"', b'"role":"user","role"', 1)
    if kind == 1:
        return body.replace(b'"messages":', b'"messages":[{"role":"user","content":"first"}],"messages":', 1)
    if kind == 2:
        return body.replace(b"hello", b"h\xe9llo")
    if kind == 3:
        return body.replace(b"hello", b"\\ud83d")
    if kind == 4:
        return body[:-3]
    if kind == 5:
        return body.replace(b"]", b",]", 1)
    if kind == 6:
        return body.replace(b"hello", b'hi"},{"role":"user","content":"there')
    if kind == 7:
        return b" \n" + body + b"\n"
    if kind == 8:
        return body.replace(b'"content"', b'"cont\\u0065nt"')
    return body


@st.composite
def requests(draw: Callable[..., Any]) -> list[tuple[str, bytes]]:
    """What a few sessions send after each other: their names, and bodies that mostly grow."""
    found: list[tuple[str, bytes]] = []
    talks: dict[str, list[Any]] = {}
    usual, written = draw(st.sampled_from(FRAMES[:5])), draw(st.sampled_from(WRITERS))
    for _ in range(draw(st.integers(3, 9))):
        # Two conversations have one name, as have all those of clients that name none.
        which = draw(st.sampled_from("aaaabc"))
        talk = talks.setdefault(which, [])
        step = draw(st.integers(0, 12))
        if step == 0 and talk:
            del talk[draw(st.integers(0, len(talk) - 1)) :]
        elif step == 1 and talk:
            talk[draw(st.integers(0, len(talk) - 1))] = draw(message())
        talk += draw(st.lists(message(), min_size=step > 2, max_size=3))
        frame = draw(st.sampled_from([usual] * 6 + [*FRAMES]))
        write = draw(st.sampled_from([written] * 8 + [*WRITERS]))
        body = write({**frame, "messages": list(talk)})
        found.append(("" if which == "c" else "one", _wrong(body, draw(st.integers(0, 80)))))
    return found


def _builder(**more: Any) -> Builder:
    def fault(name: str, error: Exception) -> None:
        raise error

    chosen = load({"HOME": "/nonexistent", "CLAUDE_LENS_HOME": "/nonexistent", **more})
    return Builder(chosen, fault)


def _arrivals(sent: list[tuple[str, bytes]]) -> Iterator[Arrival]:
    for number, (session, body) in enumerate(sent):
        named = (("x-claude-code-session-id", session),) if session else ()
        yield Arrival(
            id=f"{number:032x}",
            worker="w:1:1",
            arrived_at=1_760_000_000.0 + number,
            endpoint="/v1/messages",
            headers=(("user-agent", "claude-cli/2.0.77 (external, cli)"), *named),
            body=body,
        )


def _told(exchange: Exchange) -> tuple[Any, ...]:
    """All that an exchange says, in types too, and what of its request a store keeps."""
    request = exchange.request
    kept = rows.request_parts(request, dialect_of(exchange.endpoint))
    parts = kept.parts
    return (
        exchange.identity,
        exchange.model,
        request.body,
        exact.dump(request.json),
        kept.raw,
        parts and (parts.params, parts.single, exact.dump(parts.marks), parts.digest),
        parts and {name: (one.contents, one.steps) for name, one in parts.chains.items()},
        parts and {name: exact.dump(list(one.values)) for name, one in parts.chains.items()},
    )


def _slowly(sent: list[tuple[str, bytes]], patch: pytest.MonkeyPatch, **more: Any) -> list[Any]:
    with patch.context() as slow:
        slow.setattr(Remembered, "read", lambda *_: None)
        builder = _builder(**more)
        return [_told(builder.arrived(one)) for one in _arrivals(sent)]


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(sent=requests(), limit=st.sampled_from([remembered.LIMIT, remembered.LIMIT, 3000]))
def test_what_is_built_is_the_same_with_and_without_what_is_remembered(
    monkeypatch: pytest.MonkeyPatch, sent: list[tuple[str, bytes]], limit: int
) -> None:
    builder = _builder()
    builder._remembered = Remembered(builder._redactor.json, limit)  # type: ignore[union-attr]
    assert [_told(builder.arrived(one)) for one in _arrivals(sent)] == _slowly(sent, monkeypatch)


def _session() -> Iterator[bytes]:
    """A session whose history has colours and secrets, is summarised, and goes on; and helper requests."""
    frame = FRAMES[0]
    talk: list[dict[str, Any]] = []
    for turn, words in enumerate(itertools.chain(TEXTS, TEXTS)):
        if turn == len(TEXTS):
            talk = [{"role": "user", "content": "This session is being continued from another."}]
        marked = {"type": "text", "text": words, "cache_control": {"type": "ephemeral"}}
        yield exact.dump({**frame, "messages": [*talk, {"role": "user", "content": [marked]}]})
        if turn % 5 == 0:
            yield exact.dump(
                {"model": "m", "messages": [{"role": "user", "content": f"a title for {words}"}]}
            )
        call = {"type": "tool_use", "id": f"toolu_{turn:020}", "name": "Bash", "input": {"command": words}}
        result = {"type": "tool_result", "tool_use_id": call["id"], "content": words}
        talk += [
            {"role": "user", "content": words},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ]


def _stored(folder: Path, batch: int) -> dict[str, list[Any]]:
    """Every row of a store that took the session, ``batch`` exchanges at a time."""
    url = f"sqlite:///{folder / 'store.db'}"
    builder, sink = _builder(), StoreSink(url)
    for number, arrival in enumerate(_arrivals([("one", body) for body in _session()])):
        sink.arrived(builder.arrived(arrival))
        ending = Ending(
            id=arrival.id, status="ok", http_status=200, body=b'{"type":"message","role":"assistant"}'
        )
        sink.ended(builder.ended(ending, partial(next, iter([arrival]))))
        if number % batch == batch - 1:
            sink.flush()
    sink.close()
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            table: [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2"))]
            for table in metadata.tables
            if table not in ("meta", "sizes")
        }
    engine.dispose()
    return found


@pytest.mark.parametrize("batch", [1, 7])
def test_every_row_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    stored = []
    for name in ("with", "without"):
        (tmp_path / name).mkdir()
        chain._recent = chain._Recent(1 << 24)
        stored.append(_stored(tmp_path / name, batch))
        monkeypatch.setattr(Remembered, "read", lambda *_: None)
    assert stored[0].keys() >= {"contents", "nodes", "payloads"}
    for table, found in stored[0].items():
        assert found == stored[1][table], table
    assert len(stored[0]["exchanges"]) > 30
    assert not any(SECRET.encode() in content for content in _contents(stored[0]))
    assert any(b"[redacted:" in content for content in _contents(stored[0]))


def _contents(stored: dict[str, list[Any]]) -> list[bytes]:
    return [unpack(row[2], row[4]) for row in stored["contents"]]


def test_what_is_remembered_is_bounded() -> None:
    reading = Remembered(lambda data: data, limit=20_000)
    sent = [exact.dump({"messages": [{"role": "user", "content": str(n) + "x" * 1000}]}) for n in range(30)]
    for number, body in enumerate(sent):
        found = reading.read((("x-claude-code-session-id", str(number)),), body)
        assert found is not None
        assert found.raw.data is body
        assert reading._size == sum(one.size for known in reading._bodies.values() for one in known) <= 20_000
    assert len(reading._bodies) == 6
    # One beyond the bound is read, and not remembered.
    large = exact.dump({"messages": [{"role": "user", "content": "x" * 30_000}]})
    assert reading.read((), large) is not None
    assert not reading._bodies
    assert reading._size == 0


def test_an_agent_has_a_few_bodies_beside_its_conversation() -> None:
    reading = Remembered(lambda data: data)
    named = (("x-claude-code-session-id", "one"),)
    talk: list[dict[str, str]] = [{"role": "user", "content": "hello"}]
    for number in range(20):
        first = reading.read(named, exact.dump({"messages": talk}))
        reading.read(named, exact.dump({"messages": [{"role": "user", "content": f"title {number}"}]}))
        talk.append({"role": "user", "content": str(number)})
        second = reading.read(named, exact.dump({"messages": talk}))
        assert first is not None
        assert second is not None
        assert all(one is other for one, other in zip(first.messages, second.messages, strict=False))
    assert sum(map(len, reading._bodies.values())) == remembered._MOST
