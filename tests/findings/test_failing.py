from __future__ import annotations

import pytest

from claude_lens.findings.failing import form
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import Talk, losses, only, said, tool, used
from tests.store.conftest import Make


def failing(sink: StoreSink, make: Make, *texts: str) -> Talk:
    """Commands that fail with these words, one after the other."""
    talk = Talk(sink, make)
    talk.turn("run it", [tool("Bash", command="make 0")], used(0, 20_000, out=50))
    for number, words in enumerate(texts):
        last = number == len(texts) - 1
        answer = said("I give up") if last else tool("Bash", command=f"make {number + 1}")
        talk.turn([(words, True)], [answer], used(20_000, 900, out=50))
    sink.flush()
    return talk


def test_the_requests_that_followed(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = failing(sink, make, *[f"Exit code 2\nmake: *** No rule to make target '{n}'." for n in range(4)])
    one = only(reader, "failing")
    assert one["usd"] == pytest.approx(sum(sent.cost.usd or 0.0 for sent in talk.sent[1:]))
    assert (one["measured"], one["count"]) == (True, 4)
    assert one["subject"] == "Bash: make: *** No rule to make target …."
    assert set(one["evidence"]) == {sent.id for sent in talk.sent[1:]}


def test_twice_is_no_habit(sink: StoreSink, reader: Reader, make: Make) -> None:
    failing(sink, make, "no such file", "no such file", "permission denied")
    assert losses(reader, "failing") == []


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("Exit code 127\n/bin/sh: 3: frob: not found", "…: …: frob: not found"),
        ("<tool_use_error>String to replace not found in file.\nString: x</tool_use_error>",
         "String to replace not found in file."),
        ("\x1b[31mError\x1b[0m at 0xdeadbeef, line 12", "Error at …, line …"),
        ("File `a.py` has 'b'", "File … has …"),
        ("", "failed"),
        ("Exit code 1", "failed"),
    ],
)  # fmt: skip
def test_the_form_of_a_message(text: str, stays: str) -> None:
    assert form(text) == stays
