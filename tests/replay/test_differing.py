from __future__ import annotations

from claude_lens.replay.comparing import Comparing
from claude_lens.replay.differing import Part, parts, size
from tests.replay.test_comparing import body, result, user


def test_no_difference() -> None:
    assert parts(Comparing(), body(user("a")), body(user("a"))) == []


def test_parts_come_in_the_order_of_a_request() -> None:
    found = parts(
        Comparing(),
        body(user("one\ntwo"), tools=[{"name": "A"}, {"name": "B", "description": "x"}]),
        body(user("one\nthree"), model="n", tools=[{"name": "B", "description": "y"}, {"name": "C"}]),
    )
    assert found == [
        Part("model", "- m\n+ n"),
        Part("tools", "- A\n+ C\n~ B\n- description: x\n+ description: y"),
        Part("messages[0]", "- two\n+ three"),
    ]


def test_memory_and_results_are_named() -> None:
    memory = "Contents of /p/CLAUDE.md (project instructions):\n\nBe {}."
    (part,) = parts(
        Comparing(), body(user(memory.format("brief"), "go")), body(user(memory.format("long"), "go"))
    )
    assert part == Part("messages[0] (CLAUDE.md)", "- Be brief.\n+ Be long.")
    one, two = ({"role": "user", "content": [result("toolu_1", words)]} for words in ("a\nb", "a\nc"))
    (part,) = parts(Comparing(), body(one), body(two))
    assert part == Part("messages[0] (result of a tool)", "- b\n+ c")


def test_long_differences_are_cut() -> None:
    (part,) = parts(Comparing(), body(user("x")), body(user("x"), user("\n".join(map(str, range(90))))))
    assert part.name == "messages[1]"
    assert part.difference.endswith(" more lines")
    assert len(part.difference.splitlines()) < 12
    assert size([part, Part("x", "- a\n+ b")]) > 90
