import json
from typing import Any

from claude_lens.capture.inflight import InFlight
from claude_lens.capture.outgoing import FOREIGN, KEPT, prepare, remember
from claude_lens.translation.history import NOTE


def flight(body: Any, endpoint: str = "/v1/messages", target: str | None = None) -> InFlight:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    made = InFlight(endpoint=endpoint, query="", headers=[], body=raw, put=lambda _: None, worker="w")
    made.target = target
    prepare(made)
    return made


UNSIGNED = {
    "model": "claude-x",
    "messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "x", "signature": ""}]}],
}


def test_bytes_stay_as_they_are() -> None:
    assert flight({"model": "x"}).sent == b'{"model": "x"}'
    assert flight(b'not json "signature":""').outgoing is None


def test_thinking_of_others_is_taken_out_on_the_way_to_anthropic() -> None:
    made = flight(UNSIGNED)
    assert made.outgoing is not None
    assert b"thinking" not in made.sent
    assert made.adapted == (NOTE,)
    assert json.loads(made.body) == UNSIGNED
    assert flight(UNSIGNED, target="openai:gpt-4o").outgoing is None
    assert flight(UNSIGNED, "/v1/chat/completions").outgoing is None


def test_a_count_names_the_routed_model() -> None:
    made = flight({"model": "claude-x", "messages": []}, "/v1/messages/count_tokens", "openai:gpt-4o")
    assert json.loads(made.sent)["model"] == "openai:gpt-4o"
    assert flight(b"junk", "/v1/messages/count_tokens", "openai:gpt-4o").sent == b"junk"


def test_signatures_of_others_are_remembered() -> None:
    thought = {"type": "thinking", "thinking": "x", "signature": "Ck9mZ2VtaW5p"}
    body = {"messages": [{"role": "assistant", "content": [thought, {"type": "text", "text": "y"}]}]}
    try:
        assert flight(body).outgoing is None
        other = flight({"model": "x"})
        other.provider = "anthropic"
        other.chunks = [b'{"type":"signature_delta","signature":"Ck9mZ2VtaW5p"}']
        remember(other)
        assert flight(body).outgoing is None
        other.provider = "gemini"
        remember(other)
        assert flight(body).adapted == (NOTE,)
        other.chunks = [b'"signature": "%d"' % number for number in range(KEPT)]
        remember(other)
        assert flight(body).outgoing is None
    finally:
        FOREIGN.clear()
