from __future__ import annotations

import pytest

from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import READ, TEXT, WRITE, Talk, found, losses, only, said, tool, used
from tests.store.conftest import Make

LONG = TEXT * 4


def reading(sink: StoreSink, make: Make, *said_each: str) -> tuple[Talk, int]:
    """A session in which the same call brings these words one after the other; tokens that each brought."""
    talk, each = Talk(sink, make), 1_500
    prompt = 20_000
    talk.turn("look at it", [tool("Read", file_path="/home/me/app/a.py")], used(0, prompt, out=50))
    for number, words in enumerate(said_each):
        last = number == len(said_each) - 1
        answer = said("done") if last else tool("Read", file_path="/home/me/app/a.py")
        # The answer before, then what the result brought.
        talk.turn([words], [answer], used(prompt, 50 + each, out=50))
        prompt += 50 + each
    sink.flush()
    return talk, each


def test_each_reading_after_the_first_to_the_cent(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk, each = reading(sink, make, *[LONG] * 5)
    one = only(reader, "read-again")
    # Four more results: each was written, and read with every request that followed.
    cents = sum(each * (WRITE + later * READ) for later in (3, 2, 1, 0))
    assert one["usd"] == pytest.approx(cents, rel=1e-3)
    assert (one["count"], one["measured"]) == (4, False)
    assert set(one["evidence"]) == {sent.id for sent in talk.sent[2:]}
    assert "read again 4 times" in one["sentence"]
    assert "a.py (4 times)" in one["sentence"]


def test_what_has_changed_is_read_for_a_reason(sink: StoreSink, reader: Reader, make: Make) -> None:
    reading(sink, make, LONG, LONG + "!", LONG + "!!", LONG + "!!!")
    assert found(reader)["findings"] == []


def test_a_note_that_nothing_changed_costs_nothing(sink: StoreSink, reader: Reader, make: Make) -> None:
    reading(sink, make, LONG, "File unchanged since last read.", "File unchanged since last read.")
    assert losses(reader, "read-again") == []


def test_another_part_of_the_file_is_not_the_same(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.turn("look", [tool("Read", file_path="/a", offset=1)], used(0, 9_000))
    talk.turn([LONG], [tool("Read", file_path="/a", offset=90)], used(9_000, 1_500))
    talk.turn([LONG], [said("done")], used(10_500, 1_500))
    sink.flush()
    assert losses(reader, "read-again") == []
