import json

import pytest

from claude_lens.translation.searching import is_search, stream_of, unavailable
from claude_lens.wire import sse

TOOL = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
ASKED = "Perform a web search for the query: red pandas"


def request(text: object = ASKED, *tools: object) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": text}], "tools": list(tools)}


def test_what_is_a_search() -> None:
    assert is_search(request(ASKED, TOOL))
    assert not is_search(request(ASKED, TOOL, {"name": "Bash"}))
    assert not is_search(request(ASKED))
    assert not is_search({})


@pytest.mark.parametrize(
    ("text", "query"),
    [
        (ASKED, "red pandas"),
        ([{"type": "text", "text": ASKED}], "red pandas"),
        ("what is new?", "what is new?"),
        (7, ""),
    ],
)
def test_the_search_has_failed_and_says_so(text: object, query: str) -> None:
    message = unavailable(request(text, TOOL), "claude-x")
    call, result, words = message["content"]
    assert call["input"] == {"query": query}
    assert result["tool_use_id"] == call["id"]
    assert result["content"] == {"type": "web_search_tool_result_error", "error_code": "unavailable"}
    assert "unavailable" in words["text"]
    folded = sse.fold(stream_of(message))
    assert folded.complete
    assert json.loads(json.dumps(folded.message)) == message
