import json

import pytest

from claude_lens.capture.signing import Signing, signed
from claude_lens.wire import sse


def event(kind: str, **fields: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def stream(*signature: str) -> bytes:
    block = {"type": "thinking", "thinking": "", "signature": ""}
    deltas = [{"type": "thinking_delta", "thinking": "hm"}]
    deltas += [{"type": "signature_delta", "signature": given} for given in signature]
    return b"".join(
        [
            event("message_start", message={"role": "assistant", "content": []}),
            event("content_block_start", index=0, content_block=block),
            *(event("content_block_delta", index=0, delta=delta) for delta in deltas),
            event("content_block_stop", index=0),
            event("content_block_start", index=1, content_block={"type": "text", "text": ""}),
            event("content_block_stop", index=1),
            event("message_stop"),
        ]
    )


@pytest.mark.parametrize(
    ("given", "signature"), [((), "claude-lens:m"), (("",), "claude-lens:m"), (("own",), "own")]
)
def test_an_unsigned_thought_is_signed(given: tuple[str, ...], signature: str) -> None:
    for pieces in ([stream(*given)], stream(*given).split(b"(?<=\n\n)")):
        signing = Signing("m")
        message = sse.fold(b"".join(signing.passed(piece) for piece in pieces)).message
        assert message is not None
        assert message["content"][0] == {"type": "thinking", "thinking": "hm", "signature": signature}


def test_what_holds_no_thought_stays() -> None:
    text = event("content_block_start", index=0, content_block={"type": "text", "text": "thinking"})
    assert Signing("m").passed(text) == text
    assert signed(b'{"content": []}', "m") == b'{"content": []}'
    assert signed(b'"thinking"', "m") == b'"thinking"'
    own = b'{"content": [{"type": "thinking", "thinking": "x", "signature": "own"}]}'
    assert signed(own, "m") == own
