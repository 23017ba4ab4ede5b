from __future__ import annotations

from claude_lens.findings.again import file_read, key_of, loss, said
from claude_lens.findings.session import Brought, read
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings import planted
from tests.findings.planted import Talk, tool, used
from tests.store.conftest import Make


def brought(sink: StoreSink, reader: Reader, make: Make, call: object, result: object) -> Brought:
    talk = Talk(sink, make)
    talk.turn("go", [call], used(0, 9_000))  # type: ignore[list-item]
    talk.turn([result], [planted.said("ok")], used(9_000, 500))
    sink.flush()
    with reader.connect() as connection:
        (one,) = read(connection, "s").brought[None]
    return one


def test_a_call_is_known_by_what_it_asks(sink: StoreSink, reader: Reader, make: Make) -> None:
    one = brought(sink, reader, make, tool("Bash", command="ls", description="look around"), "a\nb")
    assert key_of(one) == ("Bash", b'{"command":"ls"}')
    assert (file_read(one), said(one)) == (None, "a\nb")


def test_reminders_behind_a_result_are_none_of_it(sink: StoreSink, reader: Reader, make: Make) -> None:
    words = "text\n<system-reminder>\nbe kind\n</system-reminder>"
    one = brought(sink, reader, make, tool("Read", file_path="/a"), words)
    assert (file_read(one), said(one)) == ("/a", "text")


def test_pictures_are_compared_by_their_data(sink: StoreSink, reader: Reader, make: Make) -> None:
    picture = [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aWNvbg=="}}]
    one = brought(sink, reader, make, tool("Read", file_path="/a.png"), picture)
    assert "aWNvbg==" in said(one)


def test_what_is_counted_is_claimed(sink: StoreSink, reader: Reader, make: Make) -> None:
    one = brought(sink, reader, make, tool("Read", file_path="/a"), "text " * 200)
    assert not one.claimed
    assert loss(one, "/a").tokens == one.tokens
    assert one.claimed
