from __future__ import annotations

from collections.abc import Callable
from typing import Any

from claude_lens.store.transfer.trees import Tree

Add = Callable[..., None]


def growing() -> tuple[Tree, Add]:
    """A tree, and ``add(uuid, parent, role, content, id=…, **fields)`` for its next line."""
    tree = Tree()

    def add(
        uuid: str, parent: str | None, role: str, content: Any, ident: str | None = None, **more: Any
    ) -> None:
        message = {"role": role, "content": content, **({"id": ident} if ident else {})}
        said = (
            {"attachment": {"type": role, "prompt": content}}
            if role == "queued_command"
            else {"message": message}
        )
        kind = "attachment" if role == "queued_command" else role
        tree.add({"uuid": uuid, "parentUuid": parent, "type": kind, **said, **more})

    return tree, add


def call(name: str) -> list[dict[str, Any]]:
    return [{"type": "tool_use", "id": name, "name": "Bash", "input": {"command": name}}]


def result(name: str) -> list[dict[str, Any]]:
    return [{"type": "tool_result", "tool_use_id": name, "content": f"of {name}"}]


def words(answer: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": answer}]


def parallel(add: Add) -> None:
    """Three calls at once; each result hangs off its own call's line."""
    add("u1", None, "user", "go")
    add("a1", "u1", "assistant", call("t1"), "msg_1")
    add("a2", "a1", "assistant", call("t2"), "msg_1")
    add("a3", "a2", "assistant", call("t3"), "msg_1")
    add("r1", "a1", "user", result("t1"))
    add("r2", "a2", "user", result("t2"))
    add("r3", "a3", "user", result("t3"))


def test_what_a_tree_knows() -> None:
    tree, add = growing()
    parallel(add)
    add("q1", "r1", "queued_command", "and hurry")
    tree.add({"uuid": "x1", "parentUuid": "q1", "type": "attachment", "attachment": {"type": "date"}})
    add("a4", "x1", "assistant", words("done"), "msg_2")
    add("a4", "r3", "assistant", words("done again"), "msg_3")
    assert list(tree.answers) == ["msg_1", "msg_2"]
    assert list(tree.answers["msg_1"].calls) == ["t1", "t2", "t3"]
    assert [line.uuid for line in tree.above(tree.lines["a4"])] == ["x1", "q1", "r1", "a1", "u1"]
    assert [(line.told, line.said) for line in (tree.lines["q1"], tree.lines["x1"])] == [
        (True, False),
        (False, False),
    ]
    beside = tree.beside(tree.answers["msg_1"], {"q1"})
    assert [line.uuid for line in beside] == ["r1", "r2", "r3", "q1"]
    assert [line.uuid for line in tree.beside(tree.answers["msg_1"], set())] == ["r1", "r2", "r3"]


def test_history_that_was_copied_says_whose_it_is() -> None:
    tree, add = growing()
    add("u1", None, "user", "go", sessionId="fork")
    add("a1", "u1", "assistant", words("x"), "msg_1", sessionId="fork", requestSessionId="first")
    add("a2", "a1", "assistant", words("y"), "msg_2", sessionId="fork", requestId="req_2", timestamp="now")
    first, second = tree.answers.values()
    assert (first.session, second.session) == ("first", "fork")
    assert (second.message_id, second.request_id, second.at) == ("msg_2", "req_2", "now")


def test_a_subagents_lines_end_where_its_parents_begin() -> None:
    tree, add = growing()
    add("u1", None, "user", "go")
    add("a1", "u1", "assistant", call("t1"), "msg_1")
    add("s1", "a1", "user", "count", isSidechain=True)
    add("s2", "s1", "assistant", words("three"), "msg_2", isSidechain=True)
    assert [line.uuid for line in tree.above(tree.lines["s2"])] == ["s1"]
