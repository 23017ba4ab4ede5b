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


def shape(tree: Tree, key: str) -> list[tuple[str, Any]]:
    """Role, and a string or the marks of its blocks, of each message before an answer."""

    def mark(block: dict[str, Any]) -> str:
        return str(block.get("id") or block.get("tool_use_id") or block.get("text"))

    return [
        (
            one["role"],
            one["content"] if isinstance(one["content"], str) else [mark(block) for block in one["content"]],
        )
        for one in tree.history(tree.answers[key])
    ]


def test_all_results_of_calls_made_at_once_come_back() -> None:
    tree, add = growing()
    parallel(add)
    add("a4", "r3", "assistant", words("done"), "msg_2")
    add("u2", "a4", "user", "thanks")
    add("a5", "u2", "assistant", words("bye"), "msg_3")
    first = [("user", "go"), ("assistant", ["t1", "t2", "t3"]), ("user", ["t1", "t2", "t3"])]
    assert shape(tree, "msg_1") == [("user", "go")]
    assert shape(tree, "msg_2") == first
    assert shape(tree, "msg_3") == [*first, ("assistant", ["done"]), ("user", "thanks")]


def test_results_between_the_lines_of_their_message() -> None:
    tree, add = growing()
    add("u1", None, "user", "go")
    add("a1", "u1", "assistant", call("t1"), "msg_1")
    add("r1", "a1", "user", result("t1"))
    add("a2", "r1", "assistant", call("t2"), "msg_1")
    add("r2", "a2", "user", result("t2"))
    add("a3", "r2", "assistant", words("done"), "msg_2")
    assert shape(tree, "msg_2") == [("user", "go"), ("assistant", ["t1", "t2"]), ("user", ["t1", "t2"])]


def test_prompts_typed_while_claude_works() -> None:
    tree, add = growing()
    parallel(add)
    add("q1", "r1", "queued_command", "and hurry")
    add("q2", "r3", "queued_command", words("please"))
    add("a4", "q2", "assistant", words("done"), "msg_2")
    assert shape(tree, "msg_2")[2:] == [
        ("user", ["t1", "t2", "t3"]),
        ("user", "and hurry"),
        ("user", ["please"]),
    ]


def test_what_came_later_or_on_another_branch_is_not_before_an_answer() -> None:
    tree, add = growing()
    parallel(add)
    add("q1", "r1", "queued_command", "left behind")
    add("a9", "q1", "assistant", words("left behind too"), "msg_9")
    add("a4", "r3", "assistant", words("done"), "msg_2")
    add("q2", "r2", "queued_command", "late")
    assert shape(tree, "msg_2")[2:] == [("user", ["t1", "t2", "t3"])]


def test_a_replayed_line_is_not_added_again() -> None:
    tree, add = growing()
    parallel(add)
    add("a1", "u1", "assistant", call("t1"), "msg_1")
    add("b1", "u1", "assistant", call("t1"), "msg_1")
    add("s1", "b1", "user", result("t1"))
    add("a4", "s1", "assistant", words("done"), "msg_2")
    assert [block["id"] for block in tree.answers["msg_1"].blocks] == ["t1", "t2", "t3"]
    assert shape(tree, "msg_2") == [
        ("user", "go"),
        ("assistant", ["t1", "t2", "t3"]),
        ("user", ["t1", "t2", "t3"]),
    ]


def test_a_subagents_lines_end_where_its_parents_begin() -> None:
    tree, add = growing()
    add("u1", None, "user", "go")
    add("a1", "u1", "assistant", call("t1"), "msg_1")
    add("s1", "a1", "user", "count", isSidechain=True)
    add("s2", "s1", "assistant", words("three"), "msg_2", isSidechain=True)
    assert shape(tree, "msg_2") == [("user", "count")]
