from __future__ import annotations

from dataclasses import replace

import pytest

from claude_lens.errors import NotFound
from claude_lens.exchange import Response
from claude_lens.store.reading.answered import answered
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import ANSWER_HEADERS, Make, body_of, message_of


def test_a_stream_with_its_message(sink: StoreSink, reader: Reader, make: Make) -> None:
    one = make(body_of("a"), message_of(0))
    assert one.response is not None
    sink.ended(one)
    sink.flush()
    with reader.connect() as connection:
        found = answered(connection, one.id)
        assert (found.status, found.headers) == (one.http_status, ANSWER_HEADERS)
        assert (found.stream, found.json, found.why) == (one.response.body, one.response.json, "")
        with pytest.raises(NotFound):
            answered(connection, "f" * 32)


def test_an_error_is_json_without_a_stream(sink: StoreSink, reader: Reader, make: Make) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    headers = (("content-type", "application/json"),)
    one = make(body_of("a"), message_of(0))
    one = replace(one, status="error", response=Response(headers=headers, body=b"{}", json=error))
    sink.ended(one)
    sink.flush()
    with reader.connect() as connection:
        found = answered(connection, one.id)
    assert (found.stream, found.json) == (None, error)
    assert found.why
