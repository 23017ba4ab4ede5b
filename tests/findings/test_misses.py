from __future__ import annotations

from claude_lens.findings.kept import losses_of
from claude_lens.findings.misses import missed
from claude_lens.findings.session import read
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import Talk, said, used
from tests.store.conftest import Make


def test_only_misses_with_one_of_the_causes(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.turn("first", [said("a")], used(0, 50_000))
    talk.turn("second", [said("b")], used(0, 50_000))
    talk.turn("third", [said("c")], used(50_000, 100))
    sink.flush()
    with reader.connect() as connection:
        session = read(connection, "s")
        assert [one.id for one, _ in missed(session, {"provider"})] == [talk.sent[1].id]
        assert list(missed(session, {"expired", "tools"})) == []
        # Lost by the provider: nobody's waste.
        assert losses_of(connection, "s") == []
