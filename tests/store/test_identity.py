"""What is the same message in another form, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from claude_lens import exact
from claude_lens.store import identity

MARK = {"type": "ephemeral"}
ID = "toolu_01b51ebb6d8884d1e317922c"


def same(one: Any, other: Any) -> bool:
    return identity.form(one) == identity.form(other) and identity.alike(one, other)


def said(*blocks: Any, role: str = "assistant") -> dict[str, Any]:
    return {"role": role, "content": list(blocks)}


def words(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": text, **more}


def call(name: str, arguments: Any, id: str = ID) -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": name, "input": arguments}


@pytest.mark.parametrize("role", ["user", "system"])
def test_a_string_is_one_block_of_text(role: str) -> None:
    plain = {"role": role, "content": "look  \n"}
    assert same(said(words("look  \n", cache_control=MARK), role=role), plain)
    assert same(said(words("look  \n"), role=role), plain)
    assert not same(said(words("look"), role=role), plain)
    assert identity.form(plain) == exact.dump(plain)


def test_a_result_too() -> None:
    def result(content: Any) -> dict[str, Any]:
        block = {"type": "tool_result", "tool_use_id": ID, "content": content, "cache_control": MARK}
        return said(block, role="user")

    assert same(result("done"), result([words("done")]))
    assert not same(result("done"), result([words("done"), words("more")]))


@pytest.mark.parametrize(
    ("name", "told", "again"),
    [
        (
            "Edit",
            {"file_path": "/a", "old_string": "x", "new_string": "y"},
            {"replace_all": False, "file_path": "/a", "old_string": "x", "new_string": "y"},
        ),
        (
            "Write",
            {"file_path": "/a", "content": "\n\nprint(1)   \nprint(2)  \n"},
            {"file_path": "/a", "content": "\n\nprint(1)\nprint(2)\n"},
        ),
        (
            "Bash",
            {"command": "cd /home/me/app && echo hi", "timeout": "5000", "run_in_background": False},
            {"command": "echo hi", "timeout": 5000},
        ),
        ("ExitPlanMode", {"plan": "first this, then that"}, {}),
    ],
)
def test_a_call_is_known_by_its_id(name: str, told: Any, again: Any) -> None:
    text = words("I do it.")
    assert same(said(text, call(name, told)), said(text, call(name, again)))
    assert not same(said(text, call(name, told)), said(text, call(name, told, "toolu_01" + "0" * 22)))


def test_ids_that_are_given_out_twice_tell_nothing() -> None:
    assert not same(
        said(call("Bash", {"command": "ls src"}, "call_0")), said(call("Bash", {"command": "ls"}, "call_0"))
    )
    assert same(
        said(call("Edit", {"path": "a"}, "call_0")), said(call("Edit", {"path": "a", "all": False}, "call_0"))
    )
    assert not same(
        said(call("Bash", {"command": "make test"})), said(call("Bash", {"command": "git log -3"}))
    )


def test_what_a_client_leaves_out() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
    use = call("Bash", {"command": "ls"})
    assert same(said(thought, words("  \n"), words(" I look.\n"), use), said(words("I look."), use))
    assert same(said(thought, words("So it is. " * 20)), said(words("So it is. " * 20)))
    # Said twice, once with another thought: that is no repetition.
    assert not same(said(thought, words("done")), said(words("done")))
    assert not same(said(thought, use), said({**thought, "thinking": "no"}, use))
    assert identity.form(said(thought)) != identity.form(said({**thought, "thinking": "no"}))


ODD: list[Any] = [
    None,
    "text",
    7,
    [],
    {},
    {"role": 3},
    {"content": {}},
    said(),
    said(None, 3, "x"),
    said({"type": []}),
]


@pytest.mark.parametrize("value", [*ODD, said({"type": "tool_use", "id": 5}), said("x"), said(said())])
def test_anything_may_be_sent(value: Any) -> None:
    assert same(value, value)


def test_other_words_are_another_message() -> None:
    assert not same({"role": "user", "content": "a"}, {"role": "assistant", "content": "a"})
    assert not same(said(words("a"), words("b"), role="user"), said(words("a\nb"), role="user"))
    assert not same({"role": "user", "content": "a"}, {"role": "user", "content": "a", "name": "x"})
