"""Lines added and removed, files created, edits that failed."""

from __future__ import annotations

from typing import Any

import pytest

from claude_lens.happened.edits import Change, Changes, differing
from claude_lens.messages.calls import Result
from tests.happened.test_saying import call


def listed(*done: tuple[str, dict[str, Any], str] | tuple[str, dict[str, Any], str, bool]) -> list[Change]:
    found = Changes()
    for number, one in enumerate(done):
        found.add(call(one[0], one[1]), Result("toolu_1", len(one) > 3, one[2], {}), f"e{number}")
    return found.listed()


def change(path: str, created: bool, edits: int, failed: int, added: int, removed: int) -> dict[str, Any]:
    return {
        "path": path,
        "created": created,
        "edits": edits,
        "failed_edits": failed,
        "added": added,
        "removed": removed,
    }


def bare(found: list[Change]) -> list[dict[str, Any]]:
    return [{name: value for name, value in one.items() if name != "exchanges"} for one in found]


def test_a_session_of_edits() -> None:
    found = listed(
        ("Write", {"file_path": "/a", "content": "1\n2\n3\n"}, "File created successfully at: /a"),
        ("Edit", {"file_path": "/a", "old_string": "2", "new_string": "two\nand a half"}, "updated"),
        ("Edit", {"file_path": "/a", "old_string": "nine", "new_string": "x"}, "not found", True),
        ("Edit", {"file_path": "/b", "old_string": "x", "new_string": "y"}, "not read yet", True),
        ("Bash", {"command": "echo > /c"}, ""),
    )
    assert bare(found) == [change("/a", True, 2, 1, 5, 1), change("/b", False, 0, 1, 0, 0)]
    assert [one["exchanges"] for one in found] == [["e0", "e1", "e2"], ["e3"]]


def test_a_file_that_is_written_over_is_compared_with_what_was_read() -> None:
    found = listed(
        ("Read", {"file_path": "/a"}, "     1→one\n     2→two\n     3→three\n     4\n\n<system-reminder>x"),
        ("Write", {"file_path": "/a", "content": "one\n2\nthree"}, "The file /a has been updated."),
        ("Write", {"file_path": "/a", "content": "one\n2\nthree\nfour"}, "The file /a has been updated."),
        ("Write", {"file_path": "/b", "content": "x\ny"}, "The file /b has been updated."),
    )
    assert bare(found) == [change("/a", False, 2, 0, 2, 1), change("/b", False, 1, 0, 2, 0)]


def test_every_place_of_an_edit_counts_where_it_is_known() -> None:
    every = {"old_string": "a", "new_string": "b", "replace_all": True}
    found = listed(
        ("Write", {"file_path": "/a", "content": "a\nx\na"}, "File created successfully"),
        ("Edit", {"file_path": "/a", **every}, "ok"),
        ("Edit", {"file_path": "/unknown", **every}, "ok"),
    )
    assert bare(found) == [change("/a", True, 2, 0, 5, 2), change("/unknown", False, 1, 0, 1, 1)]


def test_other_tools_that_edit() -> None:
    edits = [{"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": "d\ne"}]
    found = listed(
        ("MultiEdit", {"file_path": "/a", "edits": edits}, "ok"),
        ("NotebookEdit", {"notebook_path": "/n", "new_source": "1\n2"}, "ok"),
        ("NotebookEdit", {"notebook_path": "/n", "edit_mode": "delete"}, "ok"),
        ("str_replace_based_edit_tool", {"command": "view", "path": "/v"}, "ok"),
        ("str_replace_based_edit_tool", {"command": "create", "path": "/s", "file_text": "x"}, "ok"),
    )
    assert bare(found) == [
        change("/a", False, 1, 0, 3, 2),
        change("/n", False, 2, 0, 2, 0),
        change("/s", True, 1, 0, 1, 0),
    ]


@pytest.mark.parametrize(
    "given", [{}, {"file_path": 7}, {"file_path": "/a", "edits": "x"}, {"file_path": "/a", "edits": [1]}]
)
def test_odd_input_raises_nothing(given: Any) -> None:
    for tool in ("MultiEdit", "Edit", "Write", "NotebookEdit", "Read"):
        listed((tool, given, "ok"))


def test_long_texts_are_compared_by_their_lines() -> None:
    old = [f"line {number}" for number in range(4000)]
    new = [*old[:10], "fresh", *old[12:]]
    assert differing("\n".join(old), "\n".join(new)) == (1, 2)
