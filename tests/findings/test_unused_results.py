from __future__ import annotations

import pytest

from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import READ, Talk, losses, only, said, tool, used
from tests.store.conftest import Make

LOG = "\n".join(f"module_{number} compiled without complaint" for number in range(900))
EACH = 12_000


def built(sink: StoreSink, make: Make, *answers: str) -> Talk:
    """A build that prints much; then these answers."""
    talk = Talk(sink, make)
    talk.turn("build it", [tool("Bash", command="make")], used(0, 20_000, out=50))
    prompt = 20_050 + EACH
    talk.turn([LOG], [said("It was built; module_7 too.")], used(20_000, 50 + EACH, out=50))
    for number, words in enumerate(answers):
        talk.turn(f"question {number}", [said(words)], used(prompt, 60, out=10))
        prompt += 70
    sink.flush()
    return talk


def test_what_it_cost_to_carry_it(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = built(sink, make, "yes", "no", "perhaps", "surely")
    one = only(reader, "unused-results")
    assert one["usd"] == pytest.approx(EACH * 4 * READ, rel=1e-3)
    assert one["subject"] == "Bash"
    assert one["tokens"] == pytest.approx(4 * EACH, rel=1e-3)
    assert one["evidence"] == [talk.sent[1].id]
    assert one["remedy"] == "export BASH_MAX_OUTPUT_LENGTH=8000"


def test_a_later_answer_that_names_something_in_it_uses_it(
    sink: StoreSink, reader: Reader, make: Make
) -> None:
    built(sink, make, "yes", "no", "look at module_512 again", "surely")
    assert losses(reader, "unused-results") == []


def test_one_more_request_is_not_enough(sink: StoreSink, reader: Reader, make: Make) -> None:
    built(sink, make, "yes")
    assert losses(reader, "unused-results") == []
