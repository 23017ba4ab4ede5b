from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
from sqlalchemy import select

from benchmarks.streams import stream_of
from claude_lens.exact import dump
from claude_lens.recorder.frames import Arrival, Ending
from claude_lens.redact import Redactor, mark
from claude_lens.settings import load
from claude_lens.store import database
from claude_lens.store.maintenance.scrub import scrub
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.raw import raw as raw_of
from claude_lens.store.reading.raw import streams_of
from claude_lens.store.reading.search import parse, search
from claude_lens.store.schema import SEARCH, metadata, streams
from claude_lens.store.sink import StoreSink, open_sink
from claude_lens.wire.dialect import fold
from tests.recorder.playing import Playing
from tests.redact.samples import AROUND, SAMPLES, around
from tests.store.conftest import T0, Make, ask, body_of, change, message_of

SECRETS = [secret for _, secret in SAMPLES]


def everything(url: str) -> bytes:
    """All bytes of the files, unpacked contents and streams, and every word of the search index."""
    file = database.file_of(database.parse(url))
    if file is None:
        rows = [row for table in metadata.tables for row in ask(url, f"SELECT * FROM {table}")]
        found = [one if isinstance(one, bytes) else str(one).encode() for row in rows for one in row]
        words = ask(url, f"SELECT unnest(tsvector_to_array(words)) FROM {SEARCH}")
    else:
        found = [path.read_bytes() for path in file.parent.iterdir()]
        with sqlite3.connect(file) as connection:
            connection.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab('main', 'search', 'row')")
            words = connection.execute("SELECT term FROM temp.terms").fetchall()
        connection.close()
    found += [word.encode() for (word,) in words]
    with Reader(url) as reader:
        found += [repr(reader.show(one["id"])).encode() for one in reader.sessions()]
        found.append(repr(reader.sessions()).encode())
        with reader.connect() as opened:
            keys = [key for (key,) in opened.execute(select(streams.c.exchange))]
            found += streams_of(opened, keys).values()
    return b"\0".join(found)


def fill(sink: StoreSink, make: Make) -> None:
    said = [around(kind, secret) for kind, secret in SAMPLES]
    for number, text in enumerate(said):
        body = body_of(text, f"and {text}")
        body["system"][0]["text"] += text
        body["tools"][0]["description"] = text
        answer = message_of(number)
        answer["content"][0]["text"] = text
        answer["note"] = text
        sink.ended(make(body, answer, session=f"s{number}", error=f"refused: {text}"))
    raw = make(raw=said[20].encode(), answer={"error": {"message": said[20]}}, session="raw")
    sink.ended(replace(raw, request=replace(raw.request, query=f"q={SAMPLES[20][1]}")))
    sink.flush()


def leaks(blob: bytes) -> list[str]:
    return [
        secret
        for secret in SECRETS
        if secret.encode() in blob or repr(secret)[1:-1].encode() in blob or _words_in(secret, blob)
    ]


def _words_in(secret: str, blob: bytes) -> bool:
    longest = max(secret.replace("_", "-").replace("+", "-").replace("/", "-").split("-"), key=len).lower()
    return len(longest) >= 20 and b"\0" + longest.encode() + b"\0" in blob


def test_what_is_stored_already_is_cleaned(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    fill(sink, make)
    sink.close()
    assert len(leaks(everything(url))) > 60
    dry = scrub(url, Redactor(), dry_run=True)
    assert len(leaks(everything(url))) > 60
    done = scrub(url, Redactor())

    assert (done.contents, done.others) == (dry.contents, dry.others)
    assert leaks(everything(url)) == []
    report = verify(reader)
    assert report.sound, report.damage
    assert scrub(url, Redactor()).contents == 0
    kind, secret = SAMPLES[20]
    with reader.connect() as connection:
        assert search(connection, parse(secret)) == []
        assert search(connection, parse('"redacted github token"'))
    expected = Redactor().value(body_of(around(kind, secret), f"and {around(kind, secret)}"))
    body = reader.rebuild(reader.exchanges("s20")[0]["id"])
    assert body["messages"] == expected["messages"]
    assert mark(kind, secret) in body["system"][0]["text"]


def test_readings_of_other_apis_are_cleaned_too(
    url: str, sink: StoreSink, reader: Reader, make: Make
) -> None:
    _, secret = SAMPLES[20]
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "f", "arguments": dump({"k": secret}).decode()},
    }
    answer = {
        "choices": [{"message": {"role": "assistant", "content": f"use {secret}", "tool_calls": [call]}}]
    }
    data = b'data: {"choices":[{"index":0,"delta":{"content":"a heron"},"finish_reason":"stop"}]}'
    stream = data + b"\n\ndata: [DONE]\n\n"
    folded = fold("/v1/chat/completions", stream).json
    said = make({"messages": []}, {}, endpoint="/v1/chat/completions")
    assert said.response is not None
    sink.ended(replace(said, response=replace(said.response, body=stream, json=folded)))
    sink.ended(
        make({"messages": [{"role": "user", "content": "x"}]}, answer, endpoint="/v1/chat/completions")
    )
    sink.ended(make({"input": f"see {secret}"}, {"object": "response"}, endpoint="/v1/responses"))
    sink.flush()
    assert verify(reader).sound
    scrub(url, Redactor())
    report = verify(reader)
    assert report.sound, report.damage
    assert secret.encode() not in everything(url)
    with reader.connect() as connection:
        assert len(search(connection, parse("heron"))) == 1
        assert streams_of(connection, [1]) == {1: stream}


def test_clean_content_beside_is_no_trouble(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    kind, secret = SAMPLES[20]
    assert kind not in AROUND
    sink.ended(make(body_of(secret), message_of(0), session="dirty"))
    sink.ended(make(body_of(mark(kind, secret)), message_of(0), session="clean"))
    sink.flush()
    scrub(url, Redactor())
    sink.ended(make(body_of(mark(kind, secret), "more"), message_of(1), session="clean"))
    sink.flush()

    assert verify(reader).sound
    dirty, clean = (reader.rebuild(reader.exchanges(name)[0]["id"]) for name in ("dirty", "clean"))
    assert dirty == clean


def test_what_the_recorder_gets_is_clean_before_it_lands(url: str, make: Make) -> None:
    said = [around(kind, secret) for kind, secret in SAMPLES]
    home = {"CLAUDE_LENS_DATABASE_URL": url, "CLAUDE_LENS_STRICT": "1"}
    recorder = Playing(load(home), {"store": open_sink})
    for number, text in enumerate(said):
        body = body_of(text, f"and {text}")
        body["system"][0]["text"] += text
        answer = {**message_of(number), "role": "assistant", "content": [{"type": "text", "text": text}]}
        common = {"worker": "w:1:1", "endpoint": "/v1/messages", "lane": "transparent"}
        name = f"{number:032x}"
        recorder.handle(Arrival(id=name, arrived_at=T0 + number, body=dump(body), **common))  # type: ignore[arg-type]
        raw = number % 3 == 0
        told = text.encode() if raw else stream_of(answer)
        headers = (("content-type", "text/plain" if raw else "text/event-stream"),)
        recorder.handle(Ending(id=name, status="ok", http_status=200, headers=headers, body=told, error=text))
    recorder.flush()
    recorder.close()
    assert leaks(everything(url)) == []
    with Reader(url) as reader:
        assert sum(one["exchanges"] for one in reader.sessions()) == len(SAMPLES)


def test_what_is_not_to_be_redacted_stays(url: str) -> None:
    kind, secret = SAMPLES[20]
    home = {"CLAUDE_LENS_DATABASE_URL": url, "CLAUDE_LENS_REDACT": "off"}
    recorder = Playing(load(home), {"store": open_sink})
    arrival = Arrival(id="a", worker="w", arrived_at=T0, endpoint="/v1/messages", body=dump(body_of(secret)))
    recorder.handle(arrival)
    recorder.close()
    assert secret.encode() in everything(url)
    assert kind == "github-token"


def test_a_stream_that_may_tell_goes_whole_and_others_stay(
    url: str, sink: StoreSink, reader: Reader, make: Make
) -> None:
    _, secret = SAMPLES[20]
    told, fine = message_of(0), message_of(1)
    told["content"][0]["text"] = f"it is {secret}."
    noted = make(body_of("c"), message_of(2))
    assert noted.response is not None
    comment = replace(noted.response, body=b": " + secret.encode() + b"\n\n" + noted.response.body)
    failed = make(body_of("d"), message_of(3), status="error", error=f"refused: {secret}")
    dirty, clean = make(body_of("a"), told), make(body_of(secret), fine)
    commented = replace(noted, response=comment)
    for one in (dirty, clean, commented, failed):
        sink.ended(one)
    sink.flush()
    assert dirty.response is not None
    assert secret.encode() not in dirty.response.body, "it is cut over several events"
    assert scrub(url, Redactor(), dry_run=True).streams == 3
    assert verify(reader).streams == 4

    assert scrub(url, Redactor()).streams == 3

    report = verify(reader)
    assert report.sound, report.damage
    assert report.streams == 1
    with reader.connect() as connection:
        for one in (dirty, commented, failed):
            found = raw_of(connection, one.id)
            assert found.body is None
            assert "lensctl scrub" in found.why
        assert clean.response is not None
        assert raw_of(connection, clean.id).body == clean.response.body
    assert scrub(url, Redactor()).streams == 0


def test_streams_of_what_the_recorder_redacted_are_not_kept(url: str, make: Make) -> None:
    _, secret = SAMPLES[20]
    recorder = Playing(load({"CLAUDE_LENS_DATABASE_URL": url}), {"store": open_sink})
    fine, told = message_of(0), message_of(1)
    told["content"][1]["input"] = {"command": f"export TOKEN={secret}"}
    for name, answer in (("fine", fine), ("told", told)):
        recorder.handle(Arrival(id=name, worker="w", arrived_at=T0, endpoint="/v1/messages", body=b"{}"))
        headers = (("content-type", "text/event-stream"),)
        recorder.handle(
            Ending(id=name, status="ok", http_status=200, headers=headers, body=stream_of(answer))
        )
    recorder.flush()
    recorder.close()

    with Reader(url) as reader, reader.connect() as connection:
        assert raw_of(connection, "fine").body == stream_of(fine)
        assert "looks like a secret" in raw_of(connection, "told").why
        assert verify(reader).sound


def test_one_that_is_stopped_halfway_is_brought_to_its_end_by_the_next(
    url: str, sink: StoreSink, reader: Reader, make: Make
) -> None:
    fill(sink, make)

    def stop(what: str, _: float) -> None:
        if what == "looking through exchanges":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scrub(url, Redactor(), progress=stop)
    halfway = verify(reader)
    assert halfway.sound, halfway.damage
    assert "lensctl scrub" in halfway.notes[0]
    # Damage is told all the same.
    (content,) = ask(url, "SELECT min(params) FROM payloads")[0]
    change(url, "UPDATE payloads SET params = -1 WHERE params = :key", key=content)
    assert verify(reader).damage
    change(url, "UPDATE payloads SET params = :key WHERE params = -1", key=content)

    assert scrub(url, Redactor()).contents == 0

    report = verify(reader)
    assert report.sound, report.damage
    assert report.notes == []


def test_what_comes_meanwhile_stays_readable(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    """A recorder that does not redact brings an answer again that is just being cleaned."""
    secret = SAMPLES[20][1]
    answer = message_of(0)
    answer["content"][0]["text"] = secret
    sink.ended(make(body_of("first"), answer))
    running = make(body_of("second"), at=T0)
    sink.arrived(running)
    sink.flush()
    late = make(body_of("second"), answer, id=running.id, at=T0)
    more = make(body_of("third"), answer)
    meanwhile = iter((late, more))

    def record(what: str, _: float) -> None:
        if what == "looking through streams":
            for one in meanwhile:
                sink.ended(one)
            sink.flush()
        elif what == "looking through contents":
            report = verify(reader)
            assert report.sound, report.damage

    done = scrub(url, Redactor(), progress=record)

    assert done.streams == 3
    report = verify(reader)
    assert report.sound, report.damage
    with reader.connect() as connection:
        assert raw_of(connection, late.id).body is None
        assert raw_of(connection, more.id).body is None


def test_names_of_models_sessions_agents_and_tools_are_clean(url: str, sink: StoreSink, make: Make) -> None:
    _, secret = SAMPLES[20]
    body = body_of("hi")
    body["model"] = secret
    answer = message_of(0)
    answer["content"] = [{"type": "tool_use", "id": "toolu_1", "name": secret, "input": {}}]
    one = make(body, answer, session=f"s-{secret}")
    agent = replace(one.identity.agent, name=secret, type=secret)
    sink.ended(
        replace(
            one,
            model=replace(one.model, requested=secret, routed=secret),
            identity=replace(one.identity, agent=agent, project=f"/x/{secret}", branch=secret),
        )
    )
    sink.flush()
    assert leaks(everything(url))
    assert scrub(url, Redactor(), dry_run=True).others
    assert leaks(everything(url))
    scrub(url, Redactor())
    assert leaks(everything(url)) == []
    again = scrub(url, Redactor())
    assert (again.contents, again.others, again.streams) == (0, 0, 0)
