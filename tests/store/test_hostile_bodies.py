"""Bodies that are hard to store, through the whole recorder: kept and rebuilt, or kept as their bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from claude_lens.exchange import Headers
from claude_lens.recorder.frames import Arrival, Ending
from claude_lens.redact import Redactor
from claude_lens.settings import load
from claude_lens.store.maintenance.scrub import scrub
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.raw import raw
from claude_lens.store.sink import StoreSink
from claude_lens.store.transfer import exporting, importing
from claude_lens.wire.parse import parse_object
from tests.recorder.playing import Playing
from tests.redact.samples import SAMPLES
from tests.store.conftest import NewUrl

JSON = (("content-type", "application/json"),)
STREAM = (("content-type", "text/event-stream"),)
SECRET = SAMPLES[20][1]
BEGIN = '{"model":"m","messages":[{"role":"user","content":'


def said(text: str, more: str = "") -> str:
    return f"{BEGIN}{text}}}]{more}}}"


def calling(ident: str, given: str, result: str) -> str:
    use = f'{{"type":"tool_use","id":{ident},"name":"Bash","input":{{"a":{given}}}}}'
    told = f'{{"type":"tool_result","tool_use_id":{ident},"content":{result}}}'
    return f'{{"messages":[{{"role":"assistant","content":[{use}]}},{{"role":"user","content":[{told}]}}]}}'


def nested(levels: int, kind: str) -> str:
    begin, end = {"list": ("[", "]"), "object": ('{"a":', "}")}[kind]
    return begin * levels + '"SECRET"' + end * levels


def results(levels: int) -> str:
    return '[{"type":"tool_result","content":' * levels + '"SECRET"' + "}]" * levels


TEXTS = {
    "nothing": "",
    "no JSON": "<p>SECRET</p>",
    "no object": '[1,{"model":"m"},"SECRET"]',
    "a number": "12",
    "NUL": said('"a\\u0000b SECRET"'),
    "a bare NUL": said('"a\0b SECRET"'),
    "lone surrogate": said('"\\ud800 SECRET"'),
    "large integers": said('"SECRET"', ',"n":123456789012345678901234567890,"m":-99999999999999999999'),
    "too large a float": said('"SECRET"', ',"n":1e400'),
    "too large a float beside escapes": said('"\\u0041 SECRET"', ',"n":-1E400'),
    "not a number": said('"\\ud800 SECRET"', ',"n":NaN'),
    "a key twice": '{"model":"a","k":"SECRET","k":"shown","model":"b","messages":[]}',
    "a key twice, spaced": '{"k" : "SECRET", "k" : 1}',
    "strange types": '{"model":[1],"messages":{"a":"SECRET"},"system":5,"tools":"x","metadata":[1]}',
    "strange blocks": '{"messages":[null,[],{"role":5,"content":[null,{"type":["tool_use"]},{"text":5}]}]}',
    "strange ids": calling('["x"]', "1", '"SECRET"'),
    "strange marks": said('[{"cache_control":[{"cache_control":1}],"type":"text","text":"SECRET"}]'),
    "trailing bytes": said('"SECRET"') + " x",
    **{
        f"{levels} levels of {kind}s": said(nested(levels, kind))
        for levels in (200, 300, 600, 980, 1010, 10_000)
        for kind in ("list", "object")
    },
    **{
        f"{levels} levels within a tool": calling('"t"', nested(levels, "list"), nested(levels, "list"))
        for levels in (200, 600, 980, 10_000)
    },
    **{f"{levels} results in each other": said(results(levels)) for levels in (100, 300, 490, 3000)},
}
BODIES = {name: text.encode() for name, text in TEXTS.items()} | {
    "no UTF-8": b'{"model":"\xff\xfe SECRET"}',
    "UTF-16": said('"SECRET"').encode("utf-16"),
    "a mark of the order of bytes": b"\xef\xbb\xbf" + said('"SECRET"').encode(),
}


def stream_of(body: bytes) -> bytes:
    """An answer that calls a tool with this text as its arguments."""
    delta = {"type": "input_json_delta", "partial_json": body.decode("latin-1")}
    block = {"type": "tool_use", "id": "t", "name": "Bash", "input": {}}
    message = {"id": "m", "role": "assistant", "content": [], "usage": {"input_tokens": 1}}
    last = {"type": "message_delta", "delta": {"stop_reason": "x"}, "usage": {"output_tokens": 10**40}}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        last,
        {"type": "message_stop"},
    ]
    return b"".join(b"event: %s\ndata: %s\n\n" % (one["type"].encode(), dumped(one)) for one in events)


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.fixture
def recorder(url: str, tmp_path: Path) -> Iterator[Playing]:
    """One whose faults fail the test."""
    made = recorder_of(url, tmp_path)
    yield made
    made.close()


def recorder_of(url: str, home: Path, **more: str) -> Playing:
    settings = load({"CLAUDE_LENS_HOME": str(home), "CLAUDE_LENS_STRICT": "1", **more})
    return Playing(settings, {"store": lambda _settings: StoreSink(url)})


def recorded(recorder: Playing, secret: bytes) -> dict[str, bytes]:
    """Every body as a request and its own answer, and as the arguments of a tool; the bodies by name."""
    sent = {name: body.replace(b"SECRET", secret) for name, body in BODIES.items()}
    ways: tuple[tuple[str, Headers, Callable[[bytes], bytes]], ...] = (
        ("", JSON, lambda body: body),
        (", streamed", STREAM, stream_of),
    )
    for way, _, _ in ways:
        for name, body in sent.items():
            about = {"id": name + way, "worker": "w:1:1", "arrived_at": 1.76e9, "endpoint": "/v1/messages"}
            recorder.handle(Arrival(**about, headers=JSON, body=body))  # type: ignore[arg-type]
    recorder.flush()
    for way, headers, answer in ways:
        for name, body in sent.items():
            ending = Ending(id=name + way, status="ok", http_status=200, headers=headers, body=answer(body))
            recorder.handle(ending)
    recorder.flush()
    return sent


def test_what_is_meant_to_be_json_is() -> None:
    assert {name for name, body in BODIES.items() if parse_object(body) is None} == {
        "nothing",
        "no JSON",
        "no object",
        "a number",
        "a bare NUL",
        "too large a float",
        "not a number",
        "trailing bytes",
        "no UTF-8",
        "UTF-16",
        "a mark of the order of bytes",
        *(name for name in BODIES if name.startswith(("10000 levels", "3000 results"))),
    }


def test_nothing_is_lost_and_everything_comes_back(recorder: Playing, reader: Reader) -> None:
    sent = recorded(recorder, b"fine")

    for name, body in sent.items():
        found = reader.bodies(name)
        assert found is not None
        for half in (found.request, found.response):
            if isinstance(half, bytes):
                assert half == body, name
            elif half is None:
                assert body == b"", name
            else:
                assert repr(half) == repr(json.loads(body)), name
        with reader.connect() as connection:
            assert raw(connection, f"{name}, streamed").body == stream_of(body), name
        assert reader.exchange(f"{name}, streamed")["usage"] is not None
    report = verify(reader)
    assert report.sound, report.damage


def test_what_could_not_be_said_again_is_bytes(recorder: Playing, reader: Reader) -> None:
    recorded(recorder, b"fine")
    kept = {name: type(found.request) for name in BODIES if (found := reader.bodies(name))}
    for name in (
        "a key twice",
        "a key twice, spaced",
        "300 levels of lists",
        "too large a float beside escapes",
    ):
        assert kept[name] is bytes, name
    for name in ("200 levels of objects", "lone surrogate", "large integers", "100 results in each other"):
        assert kept[name] is dict, name


def test_no_secret_is_kept(recorder: Playing, reader: Reader, url: str) -> None:
    for name in recorded(recorder, SECRET.encode()):
        for ident in (name, f"{name}, streamed"):
            assert SECRET not in repr(reader.bodies(ident)), ident
            with reader.connect() as connection:
                assert SECRET.encode() not in (raw(connection, ident).body or b""), ident
    report = verify(reader)
    assert report.sound, report.damage
    again = scrub(url, Redactor())
    assert (again.contents, again.others, again.streams) == (0, 0, 0)


def test_scrub_reaches_everything(url: str, reader: Reader, tmp_path: Path) -> None:
    recorder = recorder_of(url, tmp_path, CLAUDE_LENS_REDACT="off")
    sent = recorded(recorder, SECRET.encode())
    recorder.close()

    scrub(url, Redactor())

    for name in sent:
        for ident in (name, f"{name}, streamed"):
            assert SECRET not in repr(reader.bodies(ident)), ident
            with reader.connect() as connection:
                assert SECRET.encode() not in (raw(connection, ident).body or b""), ident
    report = verify(reader)
    assert report.sound, report.damage


def test_they_leave_and_come_back(recorder: Playing, reader: Reader, new_url: NewUrl) -> None:
    sent = recorded(recorder, b"fine")
    lines = list(exporting.jsonl(reader, "last"))
    other = new_url("other")
    done = importing.store(other, importing.read_lines(lines, "file"))
    assert done.new == 2 * len(sent)
    with Reader(other) as second:
        for name in sent:
            assert second.bodies(name) == reader.bodies(name)
        assert verify(second).sound
    assert json.loads(b"".join(exporting.har(reader, "last")))
