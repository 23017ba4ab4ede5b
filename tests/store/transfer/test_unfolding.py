from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from claude_lens.store.transfer.unfolding import Unfolding


def told(*lines: dict[str, Any]) -> Unfolding:
    one = Unfolding()
    assert all(one.take(line) for line in lines)
    return one


def test_lists_grow_and_fork() -> None:
    one = told(
        {"content": 1, "json": {"messages": None, "model": "m"}},
        *({"content": number, "json": {"n": number}} for number in (2, 3, 4)),
        {"step": 1, "after": 0, "content": 2},
        {"step": 2, "after": 1, "content": 3},
        {"step": 3, "after": 1, "content": 4},
    )

    def messages(tip: int) -> Any:
        request, _ = one.halves({"request": {"query": "", "params": 1, "messages": tip}, "response": None})
        assert request.json is not None
        return request.json["messages"]

    for tip, numbers in ((2, [2, 3]), (3, [2, 4]), (1, [2]), (3, [2, 4])):
        assert messages(tip) == [{"n": number} for number in numbers]


def test_bytes_stay_bytes() -> None:
    one = told({"content": 1, "text": " [1, 2]"}, {"content": 2, "base64": b64encode(b"\xff").decode()})
    line = {"request": {"query": "", "raw": 1}, "response": {"headers": [["a", "b"]], "raw": 2}}
    request, response = one.halves(line)
    assert (request.body, request.json) == (b" [1, 2]", None)
    assert response is not None
    assert (response.body, response.headers) == (b"\xff", (("a", "b"),))


@pytest.mark.parametrize(
    "line",
    [
        {"request": {"query": "", "params": 9}, "response": None},
        {"request": {"query": "", "raw": 9}, "response": None},
        {"request": {"query": ""}, "response": {"headers": 9}},
        {
            "request": {"query": ""},
            "response": {"headers": [], "rest": {}, "stream": {"codec": 7, "size": 1, "data": ""}},
        },
    ],
)
def test_what_was_not_told_is_refused(line: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"not told|unknown codec"):
        Unfolding().halves(line)
