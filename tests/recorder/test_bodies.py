"""A body is cut behind its messages; what a later one adds is all that is read of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from claude_lens.exchange import Request
from claude_lens.recorder.bodies import Body, common, continued, taken_apart
from claude_lens.redact import Redactor
from claude_lens.redact.finder import Finder
from claude_lens.store import rows

SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
FRAME: dict[str, Any] = {"model": "m", "messages": [], "system": "be kind", "max_tokens": 9}


def say(text: str, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text}]}


def body(*texts: str, **more: Any) -> bytes:
    return orjson.dumps({**FRAME, "messages": [say(text) for text in texts], **more})


class Reading:
    """A redactor that notes what it was given."""

    def __init__(self) -> None:
        self.read: list[bytes] = []
        self._redactor = Redactor()

    def __call__(self, data: bytes) -> bytes:
        self.read.append(data)
        return self._redactor.json(data)


CLEAN: Callable[[bytes], bytes] = Redactor().json


def apart(data: bytes, clean: Callable[[bytes], bytes] = CLEAN) -> Body:
    found = taken_apart(data, clean)
    assert found is not None
    assert found.json == json.loads(clean(data))
    assert found.clean.data == clean(data)
    return found


def go_on(before: Body, data: bytes, clean: Callable[[bytes], bytes] = CLEAN) -> Body | None:
    return continued(before, common(before, data), data, clean)


def test_of_a_body_that_goes_on_only_what_is_new_is_read() -> None:
    clean = Reading()
    before = apart(body("one", f"the key: {SECRET}", "three"), clean)
    clean.read.clear()
    later = body("one", f"the key: {SECRET}", "three", "four")
    after = go_on(before, later, clean)
    assert after is not None
    assert clean.read == [b"," + orjson.dumps(say("four"))]
    assert after.clean.data == Redactor().json(later) != later
    assert after.json == json.loads(after.clean.data)
    assert after.messages[0] is before.messages[0]
    assert after.kept is before.kept


def test_what_comes_after_the_messages_is_read_again_where_it_is_another() -> None:
    before = apart(body("one", "two"))
    later = body("one", "two", "three", metadata={"password": "x8Kq-Zp4wLm72Vt"})
    found = go_on(before, later)
    assert found is not None
    assert found.clean.data == Redactor().json(later) != later
    assert found.json == json.loads(found.clean.data)
    assert found.told["metadata"] == {"password": "x8Kq-Zp4wLm72Vt"}


@pytest.mark.parametrize(
    ("texts", "count"),
    [(["one", "two"], 2), (["one"], 1), (["two"], 0), (["one", "2", "three"], 1), (["one", "two", "3"], 2)],
)
def test_common_messages_are_counted(texts: list[str], count: int) -> None:
    before = apart(body("one", "two"))
    assert common(before, body(*texts)) == count
    assert common(before, b" " + body(*texts)) == 0
    found = go_on(before, body(*texts))
    assert (found is not None) == (count > 0)
    assert found is None or found.json == json.loads(body(*texts))


def test_the_folder_is_the_one_that_is_named_first() -> None:
    named = "<system-reminder>\nWorking directory: /{}\n</system-reminder>"
    before = apart(body("one", named.format("a"), "three"))
    assert before.folder == "/a"
    for texts, folder in (
        (["one", named.format("a"), "three", named.format("b")], "/a"),
        (["one", "two", named.format("b"), named.format("c")], "/b"),
        (["one", "two"], None),
    ):
        found = go_on(before, body(*texts))
        assert found is not None
        assert found.folder == folder
    system = go_on(before, body("one", "two", system="Working directory: /s"))
    assert system is not None
    assert system.folder == "/s"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"messages":[]}',
        b'{"messages":["one"]}',
        b'{"messages":{"role":"user"}}',
        b'{"messages":[{"role":"user"}]',
        b'{"messages":[{"role":"user","role":"user"}]}',
        b'{"messages":[{"role":"user"}],"messages":[{"role":"user"}]}',
        b'{"mess\\u0061ges":[{"role":"user"}]}',
        b'{"messages":[{"n":100000000000000000000}]}',
        b'{"messages":[{"role":"\xff"}]}',
        b'{"messages":[' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"]}",
    ],
)
def test_whatever_is_odd_is_left_to_others(data: bytes) -> None:
    assert taken_apart(data, Redactor().json) is None


@pytest.mark.parametrize(
    "added",
    [
        b",",
        b',{"role":"user"},',
        b',{"role":"user"}x',
        b'{"role":"user"}',
        b',{"role":"user"}],"x":[{"role":"user"}',
        b',{"role":"user"}]},{"messages":[{}',
        b',"text"',
        b",1",
        b',{"role":"\xff"}',
        b',{"role":"user","role":"user"}',
    ],
)
def test_so_is_whatever_is_odd_behind_a_known_beginning(added: bytes) -> None:
    data = body("one")
    before = apart(data)
    end = before.raw.ends[-1]
    assert go_on(before, data[:end] + added + data[end:], Redactor().json) is None


@pytest.mark.parametrize(
    "tail", [b"", b"]", b"]}}", b"],}", b'],"system":1,"system":2}', b'],"messages":[]}']
)
def test_or_at_its_end(tail: bytes) -> None:
    before = apart(body("one", "two"))
    assert go_on(before, before.raw.data[: before.raw.ends[0]] + tail, Redactor().json) is None


@pytest.mark.parametrize("layout", [{}, {"indent": 2, "ensure_ascii": False}])
def test_other_layouts_go_on_as_well(layout: dict[str, Any]) -> None:
    texts = ["ä one", f"two {SECRET}", "three"]
    bodies = [
        json.dumps({**FRAME, "messages": [say(text) for text in texts[:count]]}, **layout).encode()
        for count in (2, 3)
    ]
    found = go_on(apart(bodies[0]), bodies[1])
    assert found is not None
    assert found.clean.data == CLEAN(bodies[1])


@pytest.mark.parametrize("levels", range(244, 258))
def test_as_deep_as_a_store_takes_it(levels: int) -> None:
    deep = b'{"a":' * levels + b"1" + b"}" * levels
    data = b'{"messages":[{"role":"user"}]}'.replace(b"}]", b"}," + deep + b"]")
    kept = rows.request_parts(Request(body=data, json=json.loads(data)))
    before = apart(b'{"messages":[{"role":"user"}]}')
    assert (taken_apart(data, CLEAN) is None) == (go_on(before, data) is None) == (kept.parts is None)


def test_half_a_character_is_no_reason_to_read_all_again() -> None:
    frame = b'{"messages":[%b],"model":"m"}'
    said = [
        b'{"content":"cut \\ud83d"}',
        b'{"content":"whole \\ud83d\\ude00 \xc3\xa4"}',
        b'{"content":"\\udc00"}',
    ]
    before = apart(frame % b",".join(said[:2]))
    found = go_on(before, frame % b",".join(said))
    assert found is not None
    assert found.json == json.loads(frame % b",".join(said))
    assert found.messages[0] is before.messages[0]


def test_no_anchor_of_redaction_has_a_brace() -> None:
    """What :mod:`claude_lens.recorder.bodies` relies on where it cuts a text."""
    assert not [anchor for anchor in Finder()._anchors if "{" in anchor or "}" in anchor]
