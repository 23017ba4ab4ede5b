"""What differs between two requests."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from claude_lens.dashboard.blocks import Ref
from claude_lens.dashboard.views.comparison import CHOICES, MOST_ADDED, Part, parts
from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import text_of
from tests.dashboard.test_conversation import back, gave, said, use, user
from tests.dashboard.views.test_exchange import two
from tests.store.conftest import Make

REF = Ref("/exchanges/x/request", ("messages",))


def by_name(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Part]:
    return {part.name: part for part in parts(before, after, REF)}


def test_the_page_tells_each_part(client: TestClient, make: Make, sink: StoreSink) -> None:
    one, other = two(make, sink)
    answer = client.get(f"/exchanges/{other.id}/changes?with={one.id}")
    assert re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", answer.text)[:4] == [
        ("Messages", "2 new, 1 as before"),
        ("System", "1 changed"),
        ("Tools", "1 new"),
        ("Settings", "1 new, 1 as before"),
    ]
    assert "Be kind<ins>er</ins>." in answer.text
    words = text_of(answer)
    assert "Message 2 assistant" in words
    assert "let me look" in words
    assert "Message 3 user" in words
    assert "a.txt" in words
    assert "no result yet" not in words
    same = client.get(f"/exchanges/{one.id}/changes?with={one.id}").text
    assert "Nothing differs but" in same
    assert same.count("as before") == 4
    assert client.get(f"/exchanges/{one.id}/changes?with=nobody").status_code == 404
    assert client.get("/exchanges/nobody/changes").status_code == 404


def test_one_may_compare_with_any_earlier_turn(client: TestClient, make: Make, sink: StoreSink) -> None:
    made = [make({"messages": [user(f"turn {number}")]}, said("x")) for number in range(CHOICES + 5)]
    made.insert(
        3, make({"messages": [user("title?")]}, said("x"), request_class="auxiliary", at=1.76e9 + 3.5)
    )
    for one in made:
        sink.ended(one)
    sink.flush()
    last, before = made[-2], made[-3]
    text = client.get(f"/exchanges/{last.id}/changes?with={before.id}").text
    options = re.findall(r'<option value="(.*?)"( selected)?>turn (\d+)', text)
    assert len(options) == CHOICES + 1
    assert options[0] == (before.id, " selected", str(CHOICES + 3))
    assert options[-1][2] == "1"
    assert made[3].id not in text
    assert last.id not in [ident for ident, _, _ in options]


def test_a_tool_put_in_before_others_changes_none_of_them() -> None:
    tools = [{"name": name, "description": name} for name in "abc"]
    found = by_name({"tools": tools}, {"tools": [{"name": "new"}, *tools[:2], {"name": "c", "x": 1}]})[
        "Tools"
    ]
    assert (found.same, found.counts) == (2, {"changed": 1, "new": 1})
    assert [title for title, _ in found.changes] == ["Tool c", "Tool new"]
    assert by_name({"tools": tools}, {"tools": tools[1:]})["Tools"].counts == {"gone": 1}


def test_marks_of_the_cache_move_without_a_change() -> None:
    marked = {
        "role": "user",
        "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}],
    }
    plain = {"role": "user", "content": [{"type": "text", "text": "a"}]}
    assert by_name({"messages": [marked]}, {"messages": [plain]})["Messages"].words == "as before"


def test_messages_that_went_and_that_changed() -> None:
    found = by_name({"messages": [user("a"), user("b")]}, {"messages": [user("c")]})["Messages"]
    assert found.counts == {"changed": 1, "gone": 1}
    assert found.added == []


def test_of_many_new_messages_the_newest_are_shown() -> None:
    many = [user(f"m{number}") for number in range(MOST_ADDED + 7)]
    found = by_name({"messages": many[:1]}, {"messages": many})["Messages"]
    assert found.counts["new"] == MOST_ADDED + 6
    assert len(found.added) == MOST_ADDED
    assert found.added[-1][0] == len(many)
    assert (
        found.added[-1][2][0].data["full"] == f"/exchanges/x/request/messages/{len(many) - 1}/content/0/text"
    )


@pytest.mark.parametrize("odd", [None, "text", 7, {"a": 1}, [None, 3, "x", {"role": 1, "content": 2}]])
@pytest.mark.parametrize("name", ["messages", "system", "tools", "other"])
def test_whatever_a_body_holds(name: str, odd: Any) -> None:
    for pair in (({}, {name: odd}), ({name: odd}, {}), ({name: odd}, {name: odd})):
        assert len(parts(*pair, REF)) == 4


def test_what_was_cut_of_a_new_message_can_be_had(client: TestClient, make: Make, sink: StoreSink) -> None:
    first = said("let me look", use("Bash", "t1", command="ls"))
    one = make({"messages": [user("go")]}, first)
    long = "word " * 4000
    other = make({"messages": [user("go"), back(first), user(gave("t1", long))]}, said("done"))
    for each in (one, other):
        sink.ended(each)
    sink.flush()
    text = client.get(f"/exchanges/{other.id}/changes?with={one.id}").text
    urls = re.findall(rf'hx-get="(/exchanges/{other.id}/request/.*?)"', text)
    assert len(urls) == 1
    assert client.get(urls[0]).text == long
    assert "word word" in client.get(urls[0], headers={"hx-request": "true"}).text
    assert client.get(f"/exchanges/{other.id}/request/messages/9").status_code == 404
