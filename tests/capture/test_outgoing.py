import json
from typing import Any

from claude_lens.capture.inflight import InFlight
from claude_lens.capture.outgoing import KEPT, MAKERS, for_claude, made_by, prepare, remember
from claude_lens.translation.history import NOTE


def flight(body: Any, endpoint: str = "/v1/messages", target: str | None = None) -> InFlight:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    made = InFlight(endpoint=endpoint, query="", headers=[], body=raw, put=lambda _: None, worker="w")
    made.target = target
    prepare(made)
    if target is None:
        for_claude(made)
    return made


UNSIGNED: dict[str, Any] = {
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


def test_what_else_a_changed_body_says_stays_exact() -> None:
    """Half a character, as a client that cut a text escapes it, and a number beyond 64 bits."""
    odd = {"role": "user", "content": "cut \ud83d", "n": 123456789012345678901234567890}
    made = flight({**UNSIGNED, "messages": [*UNSIGNED["messages"], odd]})
    assert made.adapted == (NOTE,)
    assert json.loads(made.sent)["messages"][1] == odd
    counted = flight({"model": "claude-x", "messages": [odd]}, "/v1/messages/count_tokens", "openai:gpt-4o")
    assert json.loads(counted.sent) == {"model": "openai:gpt-4o", "messages": [odd]}


def test_what_nests_too_deeply_to_be_changed_passes_as_it_came() -> None:
    deep = json.dumps(UNSIGNED)[:-1].encode() + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert flight(deep).sent == deep


def test_a_count_names_the_routed_model() -> None:
    made = flight({"model": "claude-x", "messages": []}, "/v1/messages/count_tokens", "openai:gpt-4o")
    assert json.loads(made.sent)["model"] == "openai:gpt-4o"
    assert flight(b"junk", "/v1/messages/count_tokens", "openai:gpt-4o").sent == b"junk"


def test_thoughts_of_others_are_remembered() -> None:
    thought = {"type": "thinking", "thinking": "x", "signature": "Ck9mZ2VtaW5p"}
    unsigned = {"type": "thinking", "thinking": "of few words", "signature": ""}
    body = {"messages": [{"role": "assistant", "content": [thought, {"type": "text", "text": "y"}]}]}
    try:
        assert flight(body).outgoing is None
        other = flight({"model": "x"})
        other.maker = "claude"
        other.chunks = [json.dumps({"content": [thought, unsigned]}).encode()]
        remember(other)
        assert flight(body).outgoing is None
        other.maker = "deepseek"
        remember(other)
        assert flight(body).adapted == (NOTE,)
        assert (made_by("Ck9mZ2VtaW5p"), made_by("of few words")) == ("deepseek", "deepseek")
        many = [{**thought, "signature": str(number)} for number in range(KEPT)]
        other.chunks = [json.dumps({"content": many}).encode()]
        remember(other)
        assert flight(body).outgoing is None
    finally:
        MAKERS.clear()
