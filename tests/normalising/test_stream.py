import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.normalising.problem import Problem, Unfinished
from claude_lens.normalising.stream import Normaliser, dialect_of
from claude_lens.wire.chat import fold_chat
from tests.normalising.generated import stream

CASES: dict[str, Any] = json.loads((Path(__file__).parents[1] / "providers/streams.json").read_text())
PATHS = {"gemini/*": "/v1beta/models/g:streamGenerateContent", "ollama_chat/*": "/api/chat"}


def normalised(body: bytes, path: str = "/v1/chat/completions", size: int = 10**6) -> bytes:
    """Everything that is passed on. Raises what the normaliser raises."""
    dialect = dialect_of(path)
    assert dialect is not None
    normaliser = Normaliser(dialect)
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    passed = [out for piece in pieces for out in normaliser.feed(piece)]
    return b"".join([*passed, *normaliser.close()])


def body_of(case: dict[str, Any]) -> bytes:
    events = [json.dumps(chunk).encode() for chunk in case["chunks"]]
    if case.get("format") in ("json", "ndjson"):
        return b"\n".join(events)
    done = [b"data: [DONE]\n\n"] if case["done"] else []
    return b"".join([*(b"data: " + event + b"\n\n" for event in events), *done])


@pytest.mark.parametrize("name", CASES)
def test_pieces_make_no_difference(name: str) -> None:
    """Cut at every byte: the same bytes come out, or the same error."""
    case = CASES[name]
    body, path = body_of(case), PATHS.get(case["model"], "/v1/chat/completions")

    def outcome(cut: int) -> object:
        dialect = dialect_of(path)
        assert dialect is not None
        normaliser = Normaliser(dialect)
        try:
            first, second = list(normaliser.feed(body[:cut])), list(normaliser.feed(body[cut:]))
            return b"".join([*first, *second, *normaliser.close()])
        except (Problem, Unfinished) as error:
            return repr(error)

    whole = outcome(0)
    assert all(outcome(cut) == whole for cut in range(1, len(body)))
    assert isinstance(whole, str) is isinstance(case["right"], str)


@pytest.mark.parametrize("part", range(10))
def test_streams_made_at_random_mean_what_was_meant(part: int) -> None:
    for seed in range(part * 200, part * 200 + 200):
        made = stream(seed)
        if not made.ended:
            with pytest.raises(Unfinished):
                normalised(made.body)
            continue
        folded = fold_chat(normalised(made.body, size=seed % 40 + 1))
        assert folded is not None, seed
        message = folded["choices"][0]["message"]
        calls = [
            (call["function"]["name"], json.loads(call["function"].get("arguments") or "{}"))
            for call in message.get("tool_calls", [])
        ]
        assert calls == made.calls, seed
        assert (message.get("content") or "") == made.text, seed
        thought = message.get("reasoning_content") or message.get("reasoning") or ""
        assert thought == made.thought, seed
        assert folded["choices"][0]["finish_reason"] == ("tool_calls" if made.calls else "stop"), seed
        assert in_order(normalised(made.body)), seed


def in_order(body: bytes) -> bool:
    """Whether no call is gone on with once another has begun."""
    numbers = [
        call["index"]
        for event in body.split(b"\n\n")
        if event.startswith(b"data: {")
        for choice in json.loads(event[6:])["choices"]
        for call in choice["delta"].get("tool_calls", [])
    ]
    return numbers == sorted(numbers)


NAMES = """choices delta message content tool_calls function name arguments id index usage candidates parts
output item type response error output_index finish_reason done text"""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES.split()), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("path", ["/chat/completions", "/responses", "/x:streamGenerateContent", "/api/chat"])
@given(events=st.lists(JSON, max_size=4))
def test_nothing_that_a_server_says_is_a_fault_of_ours(path: str, events: list[Any]) -> None:
    body = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    with contextlib.suppress(Problem, Unfinished):
        normalised(body, path)


def test_which_endpoints_are_known() -> None:
    known = ("/openai/deployments/x/chat/completions", "/v1/responses", "/m:generateContent", "/api/generate")
    assert all(dialect_of(path) for path in known)
    assert dialect_of("/v1/messages") is None
    assert dialect_of("/api/show") is None
