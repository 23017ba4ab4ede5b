from __future__ import annotations

import pytest

from claude_lens.errors import NotFound
from claude_lens.store.insight.compare import common, differ, load_sides, resolve_turn, text_diff
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of


def test_what_a_turn_added(sink: StoreSink, reader: Reader, make: Make) -> None:
    a, b = make(body_of("hello"), message_of(0)), make(body_of("hello", "again"), message_of(1))
    sink.ended(a)
    sink.ended(b)
    sink.flush()
    with reader.connect() as connection:
        found = differ(*load_sides(connection, [a.id, b.id]))

    assert found["params"] == {}
    assert found["same"] == {"tools": 3, "system": 2, "messages": 1}
    assert [(one["kind"], one["index"], one["name"]) for one in found["changes"]] == [
        ("added", 1, "assistant"),
        ("added", 2, "user"),
    ]


def test_every_kind_of_change(sink: StoreSink, reader: Reader, make: Make) -> None:
    before, after = body_of("hello"), body_of("hello") | {"max_tokens": 5, "new": True}
    after["tools"] = [
        after["tools"][1],
        after["tools"][0],
        {"name": "Agent", "input_schema": {"type": "array"}},
    ]
    after["system"] = after["system"][:1]
    a, b = make(before, message_of(0)), make(after, message_of(1))
    sink.ended(a)
    sink.ended(b)
    sink.flush()
    with reader.connect() as connection:
        found = differ(*load_sides(connection, [a.id, b.id]))

    assert found["params"] == {"max_tokens": [128000, 5], "new": [None, True]}
    kinds = {(one["part"], one["kind"], one["name"]) for one in found["changes"]}
    assert ("tools", "changed", "Agent") in kinds
    assert any(part == "tools" and kind == "moved" for part, kind, _ in kinds)
    assert any(part == "system" and kind == "removed" for part, kind, _ in kinds)


def test_cache_control_alone_is_no_difference(sink: StoreSink, reader: Reader, make: Make) -> None:
    marked = body_of("hello")
    marked["tools"][0]["cache_control"] = {"type": "ephemeral"}
    a, b = make(body_of("hello"), message_of(0)), make(marked, message_of(1))
    sink.ended(a)
    sink.ended(b)
    sink.flush()
    with reader.connect() as connection:
        assert differ(*load_sides(connection, [a.id, b.id]))["changes"] == []


def test_what_was_not_kept_cannot_be_compared(sink: StoreSink, reader: Reader, make: Make) -> None:
    a = make(raw=b"no json", answer={"error": {}})
    sink.ended(a)
    sink.flush()
    with reader.connect() as connection, pytest.raises(NotFound, match="not kept"):
        load_sides(connection, [a.id, "nothing"])


def test_turns_have_names(sink: StoreSink, reader: Reader, make: Make) -> None:
    made = [make(body_of(*["x"] * n), message_of(n)) for n in (1, 2, 3)]
    for one in made:
        sink.ended(one)
    sink.flush()
    with reader.connect() as connection:
        assert resolve_turn(connection, "1111:2") == made[1].id
        assert resolve_turn(connection, "abc") == "abc"
        with pytest.raises(NotFound, match="no turn 9"):
            resolve_turn(connection, "1111:9")


def test_long_diffs_end(make: Make) -> None:
    found = text_diff({"a": list(range(1000))}, {"a": list(range(1000, 2000))})
    assert len(found) == 201
    assert found[-1].endswith("more lines")
    assert common([1, 2, 3], [1, 2]) == 2
