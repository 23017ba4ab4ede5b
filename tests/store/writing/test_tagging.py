from __future__ import annotations

import pytest

from claude_lens.errors import NotFound, UserError
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing.tagging import change, clean
from tests.store.conftest import Make, body_of, message_of

SESSION = "11111111-aaaa"


@pytest.fixture
def filled(sink: StoreSink, make: Make) -> None:
    """A session to tag, and another."""
    sink.ended(make(body_of("a"), message_of(0)))
    sink.ended(make(body_of("b"), message_of(1), session="other"))
    sink.flush()


@pytest.mark.usefixtures("filled")
def test_tags_come_and_go(url: str, reader: Reader) -> None:
    assert change(url, SESSION, add=["to do", "  Bug "]) == ["Bug", "to do"]
    assert reader.session(SESSION)["tags"] == ["Bug", "to do"]
    assert reader.session("other")["tags"] == []
    assert change(url, SESSION, remove=["BUG", "never there"]) == ["to do"]
    assert change(url, SESSION, add=["new"], remove=["to do"]) == ["new"]
    assert change(url, SESSION) == ["new"]


@pytest.mark.usefixtures("filled")
def test_case_is_kept_and_makes_no_second_tag(url: str, reader: Reader) -> None:
    change(url, SESSION, add=["Straße", "Bug", "BUG"])
    assert change(url, SESSION, add=["bug", "STRASSE"]) == ["Bug", "Straße"]
    change(url, "other", add=["bUG"])

    assert {one["id"] for one in reader.sessions(tag="bug")} == {SESSION, "other"}
    assert [one["id"] for one in reader.sessions(tag="strasse")] == [SESSION]
    assert [one["id"] for one in reader.sessions(1, tag="bug")] == ["other"]
    assert reader.sessions(tag="bu") == []


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("", "at least one"),
        (" \t ", "at least one"),
        ("x" * 65, "at most 64"),
        ("a\nb", "printable"),
        ("a\x00", "printable"),
        ("\u202egnp", "printable"),
        ("\ud800", "printable"),
    ],
)
def test_what_is_no_tag_is_refused(url: str, reader: Reader, tag: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        change(url, SESSION, add=["fine", tag])
    assert reader.session(SESSION)["tags"] == []


def test_what_is_one_is_kept() -> None:
    assert clean(" é 日本 \U0001f600 <b> ") == "é 日本 \U0001f600 <b>"
    assert clean("e\u0301") == "é"
    assert clean("x" * 64) == "x" * 64


@pytest.mark.usefixtures("filled")
def test_a_session_that_is_not_there_is_not_tagged(url: str) -> None:
    with pytest.raises(NotFound):
        change(url, "nobody", add=["x"])
    assert change(url, SESSION, remove=["\ud800 x"]) == []
