"""Tool calls and results for what they are."""

from __future__ import annotations

from typing import Any

import pytest

from claude_lens.dashboard.blocks import Ref
from claude_lens.dashboard.tools import call, result
from tests.dashboard.hostile import PAYLOADS
from tests.dashboard.test_blocks import html_of

REF = Ref(9, ("content", 0))


def made(name: str, given: Any, **more: Any) -> Any:
    """A call's data."""
    return call({"type": "tool_use", "id": "t", "name": name, "input": given, **more}, REF, "b").data


def page(name: str, given: Any) -> str:
    """A call's HTML."""
    return html_of(call({"type": "tool_use", "id": "t", "name": name, "input": given}, REF, "b"))


def test_an_edit_is_a_difference() -> None:
    html = page(
        "Edit", {"file_path": "/a/x.py", "old_string": "helo", "new_string": "hello", "replace_all": True}
    )
    assert "hel<ins>l</ins>o" in html
    assert "everywhere in the file" in html
    assert "/a/x.py" in html


def test_several_edits_are_several_differences() -> None:
    edits = [{"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": "d"}]
    assert [one.kind for one in made("MultiEdit", {"file_path": "x", "edits": edits})["body"]] == [
        "diff",
        "diff",
    ]


def test_a_new_file_is_all_new() -> None:
    html = page("Write", {"file_path": "n.txt", "content": "one\ntwo"})
    assert html.count('<tr class="add">') == 2


def test_a_long_new_file_is_code() -> None:
    assert [one.kind for one in made("Write", {"file_path": "n.py", "content": "x\n" * 20_000})["body"]] == [
        "code"
    ]


def test_a_plan_is_a_checklist() -> None:
    states = ["completed", "in_progress", "pending", "odd"]
    html = page("TodoWrite", {"todos": [{"content": f"step {state}", "status": state} for state in states]})
    assert [html.count(f'<li class="{name}">') for name in ("done", "doing", "todo")] == [1, 1, 2]
    assert 'aria-label="in_progress"' in html


def test_questions_have_their_options() -> None:
    asked = [
        {
            "question": "Which?",
            "header": "Pick",
            "multiSelect": True,
            "options": [{"label": "A", "description": "a"}, "B"],
        }
    ]
    html = page("AskUserQuestion", {"questions": asked})
    for words in ("Which?", "Pick", "several answers", "<bdi>A</bdi>", "<bdi>B</bdi>"):
        assert words in html


@pytest.mark.parametrize(
    ("address", "linked"), [("https://example.com/x", True), ("javascript:alert(1)", False)]
)
def test_web_tools_have_links(address: str, linked: bool) -> None:
    html = page("WebFetch", {"url": address, "prompt": "sum up"})
    assert (f'href="{address}"' in html) is linked
    assert address in html
    assert "sum up" in html


def test_tools_of_servers_name_them() -> None:
    data = made("mcp__git_hub__create_issue", {"title": "x"})
    assert (data["server"], data["name"]) == ("git_hub", "create_issue")
    assert made("mcp__odd", {})["server"] is None


def test_a_spawn_shows_its_prompt_and_the_rest() -> None:
    html = page("Agent", {"description": "Look", "prompt": "Look **around**", "subagent_type": "Explore"})
    assert "<strong>around</strong>" in html
    assert "Explore" in html
    assert made("Task", {"prompt": "x"})["spawns"]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("Edit", {"file_path": "x"}),
        ("Edit", {"edits": "no list"}),
        ("MultiEdit", {"edits": [3]}),
        ("Write", {"content": 3}),
        ("TodoWrite", {"todos": "x"}),
        ("TodoWrite", {"todos": [1]}),
        ("AskUserQuestion", {"questions": [1]}),
        ("AskUserQuestion", {}),
        ("Bash", {"script": "x"}),
        ("Bash", {"command": 3}),
        ("Agent", {"prompt": None}),
        ("WebFetch", {"url": {"a": 1}}),
        ("Unheard", {"deep": [{"er": 1}]}),
        ("Read", "a text"),
        ("Read", None),
        ("Read", [1]),
    ],
)
def test_odd_inputs_are_shown_all_the_same(name: str, given: Any) -> None:
    html = page(name, given)
    for words in ("script", "no list", "er", "a text"):
        if words in str(given):
            assert words in html


def test_results_say_length_and_error() -> None:
    bad = result({"type": "tool_result", "content": "boom", "is_error": True}, REF, "Bash", {})
    html = html_of(bad)
    assert 'class="result bad"' in html
    assert "boom" in html
    assert "4 characters" in html


def test_results_of_bash_lose_their_colours() -> None:
    html = html_of(result({"content": "\x1b[31mred\x1b[0m"}, REF, "Bash", {}))
    assert ">red<" in html


def test_the_empty_last_line_of_a_file_is_a_line_of_it() -> None:
    told = "1\tx = 1\n2\n\n<system-reminder>mind</system-reminder>"
    parts = result({"content": told}, REF, "Read", {"file_path": "a.py"}).data["parts"]
    assert [part.kind for part in parts] == ["code", "reminder"]
    assert parts[0].data["numbers"] == ["1"]
    assert "2" not in parts[0].data["code"].html
    text = result({"content": "1\tx = 1\n7\nmore"}, REF, "Read", {}).data["parts"]
    assert text[0].data["numbers"] == ["1"]
    assert [part.kind for part in text] == ["code", "text"]


def test_reminders_beside_a_picture_are_folded() -> None:
    reminder = {"type": "text", "text": "<system-reminder>\n9 tokens left\n</system-reminder>"}
    parts = result({"content": [reminder]}, REF, "Read", {"file_path": "a.png"}).data["parts"]
    assert [part.kind for part in parts] == ["reminder"]


def test_results_of_read_have_a_gutter() -> None:
    shown = result({"content": "     1\tdef f():\n     2\t    pass"}, REF, "Read", {"file_path": "a.py"})
    html = html_of(shown)
    assert 'class="gutter" aria-hidden="true">1\n2</pre>' in html
    assert '<span class="k">def</span>' in html
    arrows = result(
        {"content": "    1\u2192x = 1\n\n<system-reminder>mind</system-reminder>"}, REF, "Read", {}
    )
    assert "mind" in html_of(arrows)


def test_reminders_are_no_output() -> None:
    shown = result({"content": "out\n<system-reminder>mind</system-reminder>"}, REF, "Bash", {})
    assert [part.kind for part in shown.data["parts"]] == ["code", "reminder"]
    alone = result({"content": "<system-reminder>mind</system-reminder>"}, REF, "Bash", {})
    assert [part.kind for part in alone.data["parts"]] == ["reminder"]


def test_results_may_hold_blocks() -> None:
    content = [
        {"type": "text", "text": "words"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
        {"type": "tool_reference", "tool_name": "Grep"},
    ]
    html = html_of(result({"content": content}, REF, "Read", {}))
    assert "words" in html
    assert "/content/9/content/0/content/1/source" in html
    assert "tool_reference" in html


@pytest.mark.parametrize("content", [None, "", [], {"odd": 1}, 3, [None, 3, "x"]])
def test_odd_results_are_shown(content: Any) -> None:
    html_of(result({"content": content}, REF, "Bash", {}))


@pytest.mark.parametrize("payload", PAYLOADS[::3])
def test_payloads_as_names_and_inputs_stay_text(payload: str) -> None:
    for name in ("Bash", "Edit", "Write", "WebFetch", "Agent", "TodoWrite", payload):
        given = {"command": payload, "file_path": payload, "old_string": payload, "new_string": payload + "x"}
        html = page(
            name, given | {"content": payload, "url": payload, "prompt": payload, payload: payload}
        ).lower()
        for bad in ("<script", "<svg on", "<iframe", "<img src=x", "<style", "<base", 'href="javascript'):
            assert bad not in html
