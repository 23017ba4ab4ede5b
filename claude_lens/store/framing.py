# ruff: noqa: E501
"""The text that event streams are compressed against, before their message: what they have in common.

Streams on disk depend on every byte of it. Never change ``FRAMING``; a better one needs codecs of its own.
"""

from __future__ import annotations

from typing import Final

# Of proxies and other providers first, Anthropic's own last: zstd spends fewer bits on near matches. The bytes
# beyond UTF-8 stand where deltas had their text (``streams``).
FRAMING: Final = (
    b'data: {"id":"chatcmpl-","object":"chat.completion.chunk","created":17,"model":"gpt-","choices":[{"index":0,'
    b'"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\ndata: [DONE]\n\n'
    b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    b'event: content_block_start\ndata: {"type": "content_block_start", "index": 0, "content_block": '
    b'{"type": "text", "text": ""}}\n\nevent: content_block_delta\ndata: {"type": "content_block_delta", '
    b'"index": 0, "delta": {"type": "text_delta", "text": "\xff"}}\n\nevent: content_block_stop\n'
    b'data: {"type": "content_block_stop", "index": 0}\n\nevent: message_stop\ndata: {"type": "message_stop"}'
    b'\n\nevent: message_start\ndata: {"type":"message_start","message":{"model":"claude-","id":"msg_01","type":'
    b'"message","role":"assistant","content":[],"stop_reason":null,"stop_sequence":null,"stop_details":null,'
    b'"usage":{"input_tokens":2,"cache_creation_input_tokens":,"cache_read_input_tokens":,"cache_creation":'
    b'{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":1,"service_tier":"standard",'
    b'"inference_geo":"global"}}}\n\nevent: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"thinking","thinking":"","signature":""}}\n\nevent: ping\ndata: {"type": "ping"}\n\n'
    b'event: ping\ndata: {"type":"ping"}\n\nevent: content_block_delta\ndata: {"type":"content_block_delta",'
    b'"index":0,"delta":{"type":"thinking_delta","thinking":"\xff"}}' + b"\n\n\xfe" * 16 + b"\n\n"
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta",'
    b'"signature":"\xff"}}\n\nevent: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text",'
    b'"text":""}}\n\nevent: ping\ndata: {"type": "ping"}\n\nevent: content_block_delta\ndata: {"type":'
    b'"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\xff"}}'
    + b"\n\n\xfe"
    * 64
    + b"\n\n"
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\nevent: content_block_start\n'
    b'data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_01","name":'
    b'"Bash","input":{}}}\n\nevent: content_block_delta\ndata: {"type":"content_block_delta","index":1,"delta":'
    b'{"type":"input_json_delta","partial_json":"\xff"}}\n\n\xfe\n\n\xfe\n\n\xfe\n\n\xfe\n\n'
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":1}\n\nevent: message_delta\n'
    b'data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null,"stop_details":null},'
    b'"usage":{"input_tokens":2,"cache_creation_input_tokens":0,"cache_read_input_tokens":,"output_tokens":}'
    b',"context_management":{"applied_edits":[]}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n\xfd'
)
