from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from claude_lens.translation.messages import NO_RESULT, adapt_messages, adapt_system
from claude_lens.translation.notes import Notes

PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "eA=="}}


def adapted(*messages: dict[str, Any], **more: Any) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    notes = Notes()
    return adapt_messages(list(messages), notes, **more), notes.all()


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": [b if isinstance(b, dict) else text(b) for b in blocks]}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {**user(*blocks), "role": "assistant"}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def call(id: str, name: str = "Bash") -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": name, "input": {"x": 1}}


def result(id: str, content: Any = "out", **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id, "content": content, **more}


def test_plain_conversation_stays() -> None:
    given_messages = (user("hi"), assistant("hello", call("t1")), user(result("t1")), assistant("done"))
    found, notes = adapted(*given_messages)
    assert found == list(given_messages)
    assert notes == ()


def test_strings_become_blocks_and_marks_go() -> None:
    marked = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}, "citations": []}
    found, _ = adapted({"role": "user", "content": "hi"}, assistant(marked), user(marked))
    assert found == [user("hi"), assistant("x"), user("x")]


def test_thinking_goes() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    found, notes = adapted(
        user("a"), assistant(thought, {"type": "redacted_thinking", "data": "x"}), user("b")
    )
    assert found == [user("a"), user("b")]
    assert notes == ("thinking of another model removed",)


def test_system_messages_become_reminders_after_the_results() -> None:
    found, _ = adapted(
        user("a"),
        {"role": "system", "content": "early"},
        assistant(call("t1")),
        {"role": "system", "content": [text("late")]},
        user(result("t1"), "go on"),
    )
    reminder = "<system-reminder>\n{}\n</system-reminder>"
    assert found == [
        user("a"),
        user(reminder.format("early")),
        assistant(call("t1")),
        user(result("t1"), reminder.format("late"), "go on"),
    ]


def test_every_call_has_its_result() -> None:
    found, notes = adapted(user("a"), assistant(call("t1"), call("t2")), user("never mind", result("t2")))
    assert found[-1] == user(result("t2"), result("t1", NO_RESULT), "never mind")
    assert "calls without a result given an empty one" in notes
    assert adapted(assistant(call("t1")))[0][-1] == user(result("t1", NO_RESULT))
    orphan, _ = adapted(user(result("t9", [text("left over")])))
    assert orphan == [user("left over")]


def test_images_move_out_of_results() -> None:
    found, notes = adapted(assistant(call("t1")), user(result("t1", [text("seen"), PICTURE]), "well?"))
    assert found[-1] == user(result("t1", "seen\n(image: see below)"), PICTURE, "well?")
    assert "images and documents moved out of tool results" in notes


def test_what_cannot_be_shown_is_named() -> None:
    pdf = {"type": "document", "title": "a.pdf", "source": {"type": "base64", "data": "eA=="}}
    plain = {"type": "document", "source": {"type": "text", "data": "words"}}
    stored = {"type": "image", "source": {"type": "file", "file_id": "f"}}
    found, _ = adapted(user(pdf, plain, stored))
    assert [block["text"] for block in found[0]["content"]] == [
        "(document a.pdf not readable here)",
        "words",
        "(image  not readable here)",
    ]
    found, _ = adapted(user(pdf, plain, stored), documents=True)
    assert found[0]["content"][0] == {"type": "document", "source": pdf["source"]}


def test_tool_references_and_errors() -> None:
    reference = {"type": "tool_reference", "tool_name": "WebFetch"}
    found, _ = adapted(
        assistant(call("t1", "ToolSearch"), call("t2"), call("t3"), call("t4")),
        user(
            result("t1", [reference]),
            result("t2", "exit 1", is_error=True),
            result("t3", "<tool_use_error>no</tool_use_error>", is_error=True),
            result("t4", None),
        ),
    )
    assert [block["content"] for block in found[-1]["content"]] == [
        "These tools can be called now: WebFetch.",
        "Error: exit 1",
        "<tool_use_error>no</tool_use_error>",
        "(no output)",
    ]


def test_anthropics_own_tools_become_text() -> None:
    search = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}}
    found, notes = adapted(assistant(search, {"type": "web_search_tool_result", "content": [text("hit")]}))
    assert all(block["type"] == "text" for block in found[0]["content"])
    assert "server_tool_use blocks sent as text" in notes


def test_long_ids() -> None:
    long = "call_" + "x" * 80
    found, notes = adapted(assistant(call(long)), user(result(long)))
    short = found[0]["content"][0]["id"]
    assert len(short) <= 40
    assert found[1]["content"][0]["tool_use_id"] == short
    assert notes == ("long call ids shortened",)
    assert adapted(assistant(call(long)), user(result(long)), short_ids=False)[0][0] == assistant(call(long))


def test_empty_texts_go() -> None:
    assert adapted(user("  "), assistant(""), user("x"))[0] == [user("x")]


def test_system() -> None:
    notes = Notes()
    billing = "x-anthropic-billing-header: cc_version=2; cc_entrypoint=cli;"
    assert adapt_system([text(billing), {**text("You"), "cache_control": {}}], notes) == [text("You")]
    assert adapt_system(billing, notes) is None
    assert adapt_system("You", notes) == "You"
    assert adapt_system(None, notes) is None
    assert adapt_system([], notes) is None
    assert notes.all() == ("billing block removed",)


BLOCKS = st.one_of(
    st.builds(call, st.sampled_from(["t1", "t2", "t3"])),
    st.builds(result, st.sampled_from(["t1", "t2", "t3"]), st.sampled_from(["x", [PICTURE], [], None])),
    st.builds(text, st.sampled_from(["a", "", " "])),
    st.just(PICTURE),
    st.just({"type": "thinking", "thinking": "x"}),
    st.just({"type": "unheard_of"}),
)
MESSAGES = st.lists(
    st.builds(
        lambda role, content: {"role": role, "content": content},
        st.sampled_from(["user", "assistant", "system"]),
        st.one_of(st.lists(BLOCKS, max_size=4), st.just("words")),
    ),
    max_size=6,
)


@given(MESSAGES)
def test_any_conversation_comes_out_well_formed(messages: list[dict[str, Any]]) -> None:
    found, _ = adapted(*messages)
    waiting: list[str] = []
    for message in found:
        kinds = [block["type"] for block in message["content"]]
        assert kinds
        if message["role"] == "assistant":
            assert waiting == []
            assert set(kinds) <= {"text", "tool_use"}
            waiting = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
        else:
            assert message["role"] == "user"
            results = [b["tool_use_id"] for b in message["content"] if b["type"] == "tool_result"]
            assert sorted(results) == sorted(waiting)
            assert kinds[: len(results)] == ["tool_result"] * len(results)
            waiting = []
    assert waiting == []
