from __future__ import annotations

import io
import sqlite3
from dataclasses import replace

from benchmarks.recorder import stream_of
from claude_lens.recorder.frames import Arrival, Ending
from claude_lens.recorder.process import Recorder
from claude_lens.redact import Redactor, mark
from claude_lens.settings import load
from claude_lens.store import database
from claude_lens.store.content import dump
from claude_lens.store.maintenance.scrub import scrub
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import parse, search
from claude_lens.store.sink import StoreSink, open_sink
from tests.store.conftest import T0, Make, body_of, message_of
from tests.test_redact import AROUND, SAMPLES, around

SECRETS = [secret for _, secret in SAMPLES]


def everything(url: str) -> bytes:
    """All bytes of the database's files, unpacked contents, and every word of the search index."""
    file = database.file_of(database.parse(url))
    assert file is not None
    found = [path.read_bytes() for path in file.parent.iterdir()]
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab('main', 'search', 'row')")
        found += [term.encode() for (term,) in connection.execute("SELECT term FROM temp.terms")]
    connection.close()
    with Reader(url) as reader:
        found += [repr(reader.show(one["id"])).encode() for one in reader.sessions()]
        found.append(repr(reader.sessions()).encode())
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
    recorder = Recorder(load(home), {"store": open_sink}, io.BytesIO())
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
    recorder = Recorder(load(home), {"store": open_sink}, io.BytesIO())
    arrival = Arrival(id="a", worker="w", arrived_at=T0, endpoint="/v1/messages", body=dump(body_of(secret)))
    recorder.handle(arrival)
    recorder.close()
    assert secret.encode() in everything(url)
    assert kind == "github-token"
