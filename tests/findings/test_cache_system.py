from __future__ import annotations

import pytest

from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import READ, WRITE, Talk, only, said, used
from tests.store.conftest import Make

MEMORY = (
    "<system-reminder>\nAs you answer the user's questions, you can use the following context:\n# claudeMd\n"
    "Contents of /home/me/app/CLAUDE.md (project instructions):\n\nUse tabs.\nBe brief.\n</system-reminder>"
)


def test_a_changed_system_prompt(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.turn("first", [said("a")], used(0, 60_000))
    talk.system = talk.system.replace("everything", "anything", 1)
    talk.turn("second", [said("b")], used(0, 60_100))
    sink.flush()
    one = only(reader, "cache-system")
    assert one["usd"] == pytest.approx(60_000 * (WRITE - READ))
    assert (one["subject"], one["measured"]) == ("system", True)
    assert one["project"] == "/home/me/app"
    assert talk.sent[1].id in one["remedy"]


def test_an_edited_memory_file(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.messages = [{"role": "user", "content": [said(MEMORY)]}]
    talk.turn("first", [said("a")], used(0, 60_000))
    talk.messages[0] = {"role": "user", "content": [said(MEMORY.replace("Be brief", "Be long"))]}
    talk.turn("second", [said("b")], used(20_000, 40_100))
    sink.flush()
    one = only(reader, "cache-system")
    assert (one["subject"], one["measured"], one["count"]) == ("CLAUDE.md", False, 1)
    assert one["sentence"].startswith("CLAUDE.md changed once")
    assert 0.05 < one["usd"] < 0.15


def test_an_edited_prompt_is_no_memory(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.messages = [{"role": "user", "content": [said(MEMORY), said("hello")]}]
    talk.turn("first", [said("a")], used(0, 60_000))
    talk.messages[0] = {"role": "user", "content": [said(MEMORY), said("hello there")]}
    talk.turn("second", [said("b")], used(20_000, 40_100))
    sink.flush()
    with reader.connect() as connection:
        from claude_lens.findings.kept import losses_of

        assert losses_of(connection, "s") == []
