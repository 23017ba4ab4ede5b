from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from claude_lens.exact import dump
from claude_lens.exchange import Agent, Exchange
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.store.transfer.exporting import dump_har, har, jsonl, plain, session_exchanges
from tests.store.conftest import Make, body_of, message_of

SESSION = "11111111-aaaa"


def fill(sink: StoreSink, make: Make) -> None:
    odd = body_of("hello \ud800 é")
    sink.ended(make(odd, message_of(0), raw=dump(odd)))
    sink.ended(make(body_of("b"), message_of(1), agent=Agent(id="a1", type="Plan", description="look")))
    sink.ended(make(raw=b"\xff no json", answer={"error": {"message": "x"}}, status="error", usage=None))
    sink.arrived(make(body_of("running")))
    sink.ended(make(body_of("z"), message_of(0), session="other"))
    sink.flush()


def test_lines(sink: StoreSink, reader: Reader, make: Make) -> None:
    fill(sink, make)
    head, *lines = [json.loads(line) for line in jsonl(reader, SESSION)]

    assert head == {"claude-lens": 1, "session": SESSION, "title": "hello ? é", "tags": []}
    assert len(lines) == 4
    assert lines[0]["request"]["json"]["messages"][0]["content"][1]["text"] == "hello \ud800 é"
    assert lines[1]["identity"]["agent"]["description"] == "look"
    assert lines[2]["request"]["body"] == {"base64": "/yBubyBqc29u"}
    assert lines[3]["response"] is None
    found: list[Exchange] = list(session_exchanges(reader, SESSION))
    assert [plain(one) for one in found] == lines or len(found) == len(lines)


def test_an_http_archive_has_what_browsers_want(sink: StoreSink, reader: Reader, make: Make) -> None:
    fill(sink, make)
    log: dict[str, Any] = json.loads(dump_har(har(reader, SESSION)))["log"]

    assert log["version"] == "1.2"
    assert set(log["creator"]) == {"name", "version"}
    for entry in log["entries"]:
        assert set(entry) >= {"startedDateTime", "time", "request", "response", "cache", "timings"}
        assert datetime.fromisoformat(entry["startedDateTime"]).tzinfo is not None
        request, response, timings = entry["request"], entry["response"], entry["timings"]
        assert set(request) >= {
            "method",
            "url",
            "httpVersion",
            "cookies",
            "headers",
            "queryString",
            "headersSize",
            "bodySize",
        }
        assert set(response) >= {
            "status",
            "statusText",
            "httpVersion",
            "cookies",
            "headers",
            "content",
            "redirectURL",
            "headersSize",
            "bodySize",
        }
        assert set(response["content"]) >= {"size", "mimeType"}
        assert timings["send"] + timings["wait"] + timings["receive"] == entry["time"]
        assert all(value >= 0 for value in timings.values())
    first = log["entries"][0]["request"]
    assert first["url"].endswith("/v1/messages?beta=true")
    assert first["queryString"] == [{"name": "beta", "value": "true"}]
    assert json.loads(first["postData"]["text"])["max_tokens"] == 128000
