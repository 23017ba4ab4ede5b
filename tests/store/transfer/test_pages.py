from __future__ import annotations

from html.parser import HTMLParser

import pytest

from claude_lens.exact import dump
from claude_lens.exchange import Agent
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.store.transfer.pages import conversation, markdown, page
from tests.store.conftest import Make, body_of, message_of
from tests.store.writing.test_identities import conversation as talk

SESSION = "11111111-aaaa"
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</pre></section><iframe src=javascript:alert(1)>",
    '"><svg onload=alert(1)>',
    "<style>@import 'http://evil'</style>",
    "\x1b[31m \u202e \0 \ud800",
    "<!-- -->",
    "&lt;script&gt;",
    "]]>",
    "<base href=//evil>",
]


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def fill(sink: StoreSink, make: Make) -> None:
    for turn in (1, 2):
        sink.ended(make(body_of(*[f"prompt {n}" for n in range(turn)]), message_of(turn - 1)))
    sink.ended(make(body_of("count"), message_of(5), agent=Agent(id="a1", type="Explore")))
    sink.ended(make(body_of("title"), message_of(6), request_class="auxiliary"))
    sink.ended(make(body_of("x"), {"error": {}}, status="error", error="Overloaded", usage=None))
    sink.flush()


def test_everything_said_stands_there_once(sink: StoreSink, reader: Reader, make: Make) -> None:
    fill(sink, make)
    texts = [part.text for part in conversation(reader, SESSION)]
    for said in ("prompt 0", "prompt 1", "answer 0", "answer 1", "count", "answer 5", "Overloaded"):
        assert texts.count(said) == 1, said
    assert "answer 6" not in texts


def test_what_comes_again_in_another_form_is_not_said_again(
    sink: StoreSink, reader: Reader, make: Make
) -> None:
    for one in talk(make):
        sink.ended(one)
    sink.ended(make(body_of("summarise"), message_of(5), request_class="compaction"))
    sink.flush()
    for text in ("".join(markdown(reader, SESSION)), "".join(page(reader, SESSION))):
        text = text.partition("requests")[2]
        for said in ("eat almond", "I change pecan.", "walnut", "now peanut"):
            assert text.count(said) == 1, said
        # Said twice, by two answers.
        assert text.count("It is chestnut.") == 2
        assert "summarise" not in text


@pytest.mark.parametrize("form", [markdown, page])
def test_both_forms_hold_it_all(form: type, sink: StoreSink, reader: Reader, make: Make) -> None:
    fill(sink, make)
    text = "".join(form(reader, SESSION))
    assert text.index("prompt 0") < text.index("answer 0") < text.index("prompt 1") < text.index("answer 1")
    assert "Explore: assistant" in text
    assert "Bash called" in text
    assert "$0.2500" in text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_in_a_page_can_do_anything(hostile: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    answer = message_of(0)
    answer["content"][0]["text"] = hostile
    answer["content"][1]["input"] = {hostile: hostile}
    answer["content"][1]["name"] = hostile
    body = body_of(hostile)
    sink.ended(make(body, answer, raw=dump(body), agent=Agent(id=hostile, type=hostile), project=hostile))
    sink.flush()
    text = "".join(page(reader, SESSION))
    tags = Tags()
    tags.feed(text)
    assert tags.tags <= {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "p",
        "section",
        "span",
        "pre",
        "details",
        "summary",
        "div",
    }
    assert tags.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class"}
    assert "default-src 'none'" in text
    assert not set(text) & set("\x1b\0\ud800")
    text.encode()


def test_fences_are_longer_than_what_they_hold(sink: StoreSink, reader: Reader, make: Make) -> None:
    answer = message_of(0)
    answer["content"][1]["input"] = {"a": "`````\nbreak out"}
    sink.ended(make(body_of("a"), answer))
    sink.flush()
    assert "\n``````\n" in "".join(markdown(reader, SESSION))
