"""What a human wrote, and what the client put beside it: texts as real clients send them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.messages import written

REMINDER = "<system-reminder>\nAs you answer the user's questions:\n# currentDate\n</system-reminder>\n\n"
CAVEAT = "<local-command-caveat>Caveat: The messages below were generated</local-command-caveat>\n"
COMPACT = (
    "<command-name>/compact</command-name>\n            <command-message>compact</command-message>\n"
    "            <command-args></command-args>\n"
)
STDOUT = "<local-command-stdout>\x1b[2mCompacted\x1b[22m</local-command-stdout>\n"
SUMMARY = "This session is being continued from a previous conversation that ran out of context.\nSummary:\nx"
REVIEW = (
    "<command-message>review is running…</command-message>\n<command-name>/review</command-name>\n"
    "<command-args>src</command-args>"
)
NOTE = (
    "<task-notification>\n<task-id>a1</task-id>\n<tool-use-id>toolu_1</tool-use-id>\n"
    '<summary>Agent "LOOK" finished</summary>\n<result>seen</result>\n</task-notification>'
)
IN_REMINDER = (
    f"<system-reminder>\n[SYSTEM NOTIFICATION - NOT USER INPUT]\nAutomated.\n{NOTE}\n</system-reminder>"
)
TOOLS = "<available-deferred-tools>\nWebFetch\nWebSearch\n</available-deferred-tools>"
BROKEN = "[Request interrupted by user for tool use]"
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}


def user(*texts: str | dict[str, Any]) -> dict[str, Any]:
    """A user message."""
    blocks = [{"type": "text", "text": one} if isinstance(one, str) else one for one in texts]
    return {"role": "user", "content": blocks}


@pytest.mark.parametrize(
    ("message", "human", "begins"),
    [
        ({"role": "user", "content": "go"}, "go", "go"),
        (user(REMINDER, REMINDER, "hello there"), "hello there", "hello there"),
        ({"role": "user", "content": REMINDER + "hello"}, "hello", "hello"),
        ({"role": "user", "content": TOOLS}, None, None),
        (user(SUMMARY), None, None),
        (user(REMINDER, SUMMARY, CAVEAT, COMPACT, STDOUT, "hello again"), "hello again", "hello again"),
        (user(CAVEAT, COMPACT.replace("compact", "clear"), "after"), "after", "after"),
        (user(COMPACT, STDOUT), None, None),
        (user(REVIEW, "You are an expert code reviewer. Follow these steps:"), "/review src", "/review src"),
        (user(CAVEAT, COMPACT, STDOUT, REVIEW, "Expanded"), "/review src", "/review src"),
        (user(NOTE), None, 'Agent "LOOK" finished'),
        (user(IN_REMINDER), None, 'Agent "LOOK" finished'),
        (user(NOTE, "and go on"), "and go on", "and go on"),
        (user("[Request interrupted by user]"), None, None),
        (user("[Request interrupted by user]", "do that instead"), "do that instead", "do that instead"),
        ({"role": "user", "content": "[Request interrupted by user]\nthat"}, "that", "that"),
        (user(RESULT), None, None),
        (user(RESULT, "Base directory for this skill: /x"), None, None),
        (user(RESULT, "The text of a skill"), None, None),
        (user(RESULT, BROKEN, "do that instead"), "do that instead", "do that instead"),
        (user("<bash-input>ls -l</bash-input>", "<bash-stdout>a.py</bash-stdout>"), "! ls -l", "! ls -l"),
        (user("<user-memory-input>be brief</user-memory-input>"), "# be brief", "# be brief"),
        (user("Continue from where you left off."), None, None),
        (user("what is a <system-reminder> tag?"), *["what is a <system-reminder> tag?"] * 2),
        (user("<b>bold</b>"), "<b>bold</b>", "<b>bold</b>"),
        (user("<system-reminder>no end"), None, None),
        ({"role": "assistant", "content": "said"}, None, None),
        ({"role": "system", "content": "# Environment"}, None, None),
    ],
)
def test_who_wrote_a_message(message: Any, human: str | None, begins: str | None) -> None:
    assert written.human_words(message) == human
    assert written.beginning(message) == begins


def test_a_text_is_cut_into_pieces_in_order() -> None:
    found = written.pieces(f"{REMINDER}words\n<ide_selection>x</ide_selection>\nmore")
    assert [(piece.origin, piece.words.strip()[:6]) for piece in found] == [
        ("reminder", "As you"),
        ("human", "words"),
        ("notice", "x"),
        ("human", "more"),
    ]


@given(
    st.lists(st.sampled_from([REMINDER, NOTE, REVIEW, TOOLS, CAVEAT, "words\n", "<", "a < b\n"]), max_size=6)
)
def test_no_human_word_is_lost_or_invented(parts: list[str]) -> None:
    whole = "\n".join(parts)
    told = "".join(piece.words for piece in written.pieces(whole) if piece.origin == "human")
    wanted = [part for part in parts if part in ("words\n", "<", "a < b\n")]
    assert "".join(told.split()) == "".join("".join(wanted).split())


def test_reminders_are_told_from_words() -> None:
    assert written.is_reminder(REMINDER)
    assert not written.is_reminder(REMINDER + "words")
    assert not written.is_reminder("")
    assert written.is_inserted(SUMMARY)
    assert written.without_insertions(f"out\n\n{REMINDER}") == "out"
    assert written.without_insertions(f"{REMINDER}{NOTE}") == NOTE
    assert written.is_reminder(written.reminder("x"))


def test_a_compacted_conversation_begins_with_its_summary_behind_reminders() -> None:
    assert written.is_compacted([user(TOOLS), user(REMINDER, SUMMARY), {"role": "assistant", "content": "a"}])
    assert not written.is_compacted([user("go"), {"role": "assistant", "content": "a"}, user(SUMMARY)])
    assert not written.is_compacted([])


@pytest.mark.timed
@pytest.mark.parametrize(
    "hostile", ["<tick>", "\n<system-reminder", "a <task-notification>", "<command-name>\n"]
)
def test_long_texts_are_read_in_time(hostile: str) -> None:
    began = time.process_time()
    written.beginning(user(hostile * (1_000_000 // len(hostile))))
    assert time.process_time() - began < 5
