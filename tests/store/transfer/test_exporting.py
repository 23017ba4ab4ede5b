from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from claude_lens.errors import UserError
from claude_lens.exact import dump
from claude_lens.exchange import Agent, Exchange
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.store.transfer.exporting import Cut, har, har_bytes, jsonl, session_exchanges, turns
from tests.store.conftest import T0, Make, body_of, message_of

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

    assert head == {"claude-lens": 2, "session": SESSION, "title": "hello ? é", "tags": []}
    told = [line for line in lines if "status" in line]
    assert len(told) == 4
    pieces = {line["content"]: line for line in lines if "content" in line and "step" not in line}
    assert list(pieces) == list(range(1, len(pieces) + 1))
    assert "hello \\ud800" in "".join(json.dumps(one) for one in pieces.values())
    assert told[1]["identity"]["agent"]["description"] == "look"
    assert pieces[told[2]["request"]["raw"]]["base64"] == "/yBubyBqc29u"
    assert told[3]["response"] is None
    found: list[Exchange] = list(session_exchanges(reader, SESSION))
    assert [one.id for one in found] == [one["id"] for one in told]


def test_each_message_is_written_once(sink: StoreSink, reader: Reader, make: Make) -> None:
    for turn in range(1, 31):
        sink.ended(make(body_of(*[f"prompt {number}" for number in range(turn)]), message_of(turn - 1)))
    sink.flush()
    whole = b"".join(jsonl(reader, SESSION))
    for number in range(30):
        assert whole.count(b'"prompt %d"' % number) in (1, 2)
        assert whole.count(b'"answer %d"' % number) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3", (3, 3)), ("3-7", (3, 7)), ("3-", (3, None)), ("-7", (1, 7)), (" 1 ", (1, 1))],
)
def test_turns(text: str, expected: tuple[int, int | None]) -> None:
    assert turns(text) == expected


@pytest.mark.parametrize("text", ["", "-", "0", "7-3", "x", "1-2-3", "1.5"])
def test_what_names_no_turns_is_told(text: str) -> None:
    with pytest.raises(UserError, match="names no turns"):
        turns(text)


def test_a_cut(sink: StoreSink, reader: Reader, make: Make) -> None:
    helper = Agent(id="a1")
    for number, agent in enumerate([None, None, helper, helper, None, None]):
        sink.ended(make(body_of(f"p{number}"), message_of(number), agent=agent, at=T0 + number))
    sink.flush()

    def numbers(cut: Cut) -> list[int]:
        return [int(one.started_at - T0) for one in session_exchanges(reader, SESSION, cut=cut)]

    assert numbers(Cut(turns=(2, 3))) == [1, 2, 3, 4]
    assert numbers(Cut(turns=(2, 2))) == [1, 2, 3]
    assert numbers(Cut(turns=(4, None))) == [5]
    assert numbers(Cut(turns=(9, None))) == []
    assert numbers(Cut(since=T0 + 3, turns=(1, 3))) == [3, 4]
    lines = [json.loads(line) for line in jsonl(reader, SESSION, Cut(turns=(2, 2)))]
    assert [line["started_at"] - T0 for line in lines if "status" in line] == [1, 2, 3]


def test_the_size_of_an_archive_is_known_before(sink: StoreSink, reader: Reader, make: Make) -> None:
    for turn in range(1, 21):
        sink.ended(make(body_of(*[f"prompt {number}" * 50 for number in range(turn)]), message_of(turn - 1)))
    sink.flush()
    whole = len(b"".join(har(reader, SESSION)))
    assert 0.6 < har_bytes(reader, SESSION) / whole < 1.6
    assert har_bytes(reader, SESSION, Cut(turns=(20, 20))) < whole / 10


def test_an_http_archive_has_what_browsers_want(sink: StoreSink, reader: Reader, make: Make) -> None:
    fill(sink, make)
    log: dict[str, Any] = json.loads(b"".join(har(reader, SESSION)))["log"]

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
