"""The tree of a session's turns."""

from __future__ import annotations

import re
from dataclasses import replace

from starlette.testclient import TestClient

from claude_lens.exchange import Agent, Exchange
from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import text_of
from tests.dashboard.test_conversation import back, gave, said, use, user
from tests.store.conftest import T0, Make

SESSION = "11111111-aaaa"


def rows(text: str) -> list[tuple[str, str]]:
    """Depth and words of each."""
    found = re.findall(r'<li class="(?:begins )?d(\d)".*?>(.*?)</li>', text, re.DOTALL)
    return [(depth, " ".join(re.sub(r"<[^>]*>", " ", inner).split())) for depth, inner in found]


def played(make: Make, sink: StoreSink) -> list[Exchange]:
    """A turn with two tools of which one fails, a helper with a turn of its own, and a last word."""
    first = said("look", use("Bash", "t1", command="ls"), use("Read", "t2", file_path="a"), use("Read", "t3"))
    failed = {**gave("t2", "no such file"), "is_error": True}
    second = {"messages": [user("go"), back(first), user(gave("t1", "a"), failed, gave("t3", "b"))]}
    helper = Agent(id="a1", type="Explore", evidence="headers")
    made = [
        make({"messages": [user("go")]}, first),
        make({"messages": [user("title?")]}, said("x"), request_class="auxiliary"),
        make({"messages": [user("help")]}, said("helped"), agent=helper, request_class="subagent"),
        make(second, said("done")),
    ]
    for one in made:
        sink.ended(one)
    sink.flush()
    return made


def test_turns_tools_and_what_failed(client: TestClient, make: Make, sink: StoreSink) -> None:
    made = played(make, sink)
    answer = client.get(f"/sessions/{SESSION}/steps")
    found = rows(answer.text)
    assert [depth for depth, _ in found] == ["0", "1", "1", "0"]
    assert re.match("1 Bash Read \u00d72 failed", found[0][1])
    assert found[1][1] == "Explore"
    assert found[2][1].startswith("1 answer")
    assert found[3][1].startswith("2 answer")
    assert f"?at={made[0].id}#x-{made[0].id[:16]}" in answer.text
    assert made[1].id not in answer.text
    assert re.findall(r'data-only="(.*?)"', answer.text) == ["failed", "Read", "Bash"]
    assert re.findall(r'data-marks="(.*?)"', answer.text) == ["|Bash|Read|failed|", "||", "||"]
    assert "Read 2" in text_of(answer)


def test_no_such_session(client: TestClient) -> None:
    assert client.get("/sessions/nobody/steps").status_code == 404


def test_agents_that_name_each_other_as_parents_end(client: TestClient, make: Make, sink: StoreSink) -> None:
    for one, parent in (("a", "b"), ("b", "a"), ("c", "c")):
        agent = Agent(id=one, parent_id=parent, type="odd", evidence="headers")
        sink.ended(make({"messages": [user(one)]}, said("x"), agent=agent, request_class="subagent"))
    sink.flush()
    found = rows(client.get(f"/sessions/{SESSION}/steps").text)
    assert sum(words.startswith("1 answer") for _, words in found) == 3


def test_how_long_tools_took_stands_with_their_call(client: TestClient, make: Make, sink: StoreSink) -> None:
    first = said("look", use("Bash", "t1", command="ls"))
    then = make({"messages": [user("go"), back(first), user(gave("t1", "a"))]}, said("done"))
    then = replace(then, identity=replace(then.identity, tool_durations_ms=(("Bash", 1234),)))
    for one in (make({"messages": [user("go")]}, first, at=T0), then):
        sink.ended(one)
    sink.flush()
    assert "1 Bash 1.2 s" in rows(client.get(f"/sessions/{SESSION}/steps").text)[0][1]


def test_a_retry_is_the_same_turn(client: TestClient, make: Make, sink: StoreSink) -> None:
    body = {"messages": [user("go")]}
    failed = {"status": "error", "http_status": 529, "usage": None, "error": "Overloaded"}
    answer = said("done")
    for one in (
        make(body, {"type": "error"}, **failed),
        make(body, answer),
        make({"messages": [user("go"), back(answer), user("on")]}, said("more")),
    ):
        sink.ended(one)
    sink.flush()
    found = rows(client.get(f"/sessions/{SESSION}/steps").text)
    assert [words.split()[0] for _, words in found] == ["1", "\u21bb", "2"]
