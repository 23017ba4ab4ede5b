from __future__ import annotations

import json

import pytest

from claude_lens.errors import StoreError
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.store.transfer.exporting import jsonl
from tests.store.conftest import Make, body_of, change, message_of

SESSION = "11111111-aaaa"


def test_a_line_refers_to_lines_before_it(sink: StoreSink, reader: Reader, make: Make) -> None:
    for turn in range(1, 4):
        sink.ended(make(body_of(*["apple"] * turn), message_of(turn - 1)))
    sink.flush()
    pieces: set[int] = set()
    lists = {0}
    for line in list(jsonl(reader, SESSION))[1:]:
        one = json.loads(line)
        if "step" in one:
            assert one["after"] in lists
            assert one["content"] in pieces
            lists.add(one["step"])
        elif "content" in one:
            pieces.add(one["content"])
        else:
            request, response = one["request"], one["response"]
            assert {request["system"], request["tools"], request["messages"]} <= lists
            assert {request["params"], request["headers"], response["message"]} <= pieces
            assert response["stream"]["codec"] == 2


def test_damage_is_told(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    sink.ended(make(body_of("apple"), message_of(0)))
    sink.close()
    change(url, "DELETE FROM contents WHERE id = (SELECT max(content_id) FROM nodes)")
    with pytest.raises(StoreError, match="is damaged"):
        list(jsonl(reader, SESSION))


def test_without_bodies(url: str, reader: Reader, make: Make) -> None:
    sink = StoreSink(url, bodies=False)
    sink.ended(make(body_of("apple"), message_of(0)))
    sink.close()
    (_, line) = (json.loads(line) for line in jsonl(reader, SESSION))
    assert (line["request"], line["response"]) == ({"headers": [], "query": ""}, None)
