import json
from typing import Any

from claude_lens.capture.inflight import InFlight
from claude_lens.capture.outgoing import prepare
from claude_lens.translation.history import NOTE


def flight(body: Any, endpoint: str = "/v1/messages", target: str | None = None) -> InFlight:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    made = InFlight(endpoint=endpoint, query="", headers=[], body=raw, put=lambda _: None, worker="w")
    made.target = target
    prepare(made)
    return made


FOREIGN = {
    "model": "claude-x",
    "messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "x", "signature": ""}]}],
}


def test_bytes_stay_as_they_are() -> None:
    assert flight({"model": "x"}).sent == b'{"model": "x"}'
    assert flight(b'not json "signature":""').outgoing is None


def test_thinking_of_others_is_taken_out_on_the_way_to_anthropic() -> None:
    made = flight(FOREIGN)
    assert made.outgoing is not None
    assert b"thinking" not in made.sent
    assert made.adapted == (NOTE,)
    assert json.loads(made.body) == FOREIGN
    assert flight(FOREIGN, target="openai:gpt-4o").outgoing is None
    assert flight(FOREIGN, "/v1/chat/completions").outgoing is None


def test_a_count_names_the_routed_model() -> None:
    made = flight({"model": "claude-x", "messages": []}, "/v1/messages/count_tokens", "openai:gpt-4o")
    assert json.loads(made.sent)["model"] == "openai:gpt-4o"
    assert flight(b"junk", "/v1/messages/count_tokens", "openai:gpt-4o").sent == b"junk"
