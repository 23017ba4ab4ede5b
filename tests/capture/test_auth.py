"""Whose key it is."""

from __future__ import annotations

import pytest

from claude_lens.capture.auth import Credential, judge, judge_anywhere

KEY = "sk-lens-master"
OAUTH = b"Bearer sk-ant-oat01-login"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], Credential("missing")),
        ([(b"authorization", b"Bearer sk-lens-master")], Credential("master")),
        ([(b"authorization", b"bearer  sk-lens-master ")], Credential("master")),
        ([(b"x-api-key", b"sk-lens-master")], Credential("master")),
        ([(b"x-litellm-api-key", b"sk-lens-master")], Credential("master")),
        ([(b"x-litellm-api-key", b"Bearer sk-lens-master")], Credential("master")),
        ([(b"authorization", b"Bearer other")], Credential("foreign")),
        ([(b"authorization", b"Bearer sk-lens-masterX")], Credential("foreign")),
        ([(b"x-api-key", b"")], Credential("missing")),
        ([(b"x-litellm-api-key", b"sk-lens-master"), (b"authorization", OAUTH)], Credential("master", True)),
        (
            [(b"x-litellm-api-key", b"sk-lens-master"), (b"x-api-key", b"sk-ant-1")],
            Credential("master", True),
        ),
        (
            [(b"x-litellm-api-key", b"sk-lens-master"), (b"x-api-key", b"sk-lens-master")],
            Credential("master"),
        ),
        # A login alone is no key of ours, and the proxy's header goes before it.
        ([(b"authorization", OAUTH)], Credential("foreign")),
        ([(b"x-litellm-api-key", b"wrong"), (b"x-api-key", b"sk-lens-master")], Credential("foreign")),
        ([(b"authorization", b"Bearer \xff\xfe")], Credential("foreign")),
    ],
)
def test_judge(headers: list[tuple[bytes, bytes]], expected: Credential) -> None:
    assert judge(headers, KEY) == expected


def test_without_a_master_key_everybody_may() -> None:
    assert judge([], None) == Credential("open")
    assert judge([(b"authorization", OAUTH)], None) == Credential("open", own=True)


@pytest.mark.parametrize(
    ("header", "query", "verdict"),
    [
        ((b"api-key", b"sk-lens-master"), b"", "master"),
        ((b"x-goog-api-key", b"sk-lens-master"), b"", "master"),
        ((b"ocp-apim-subscription-key", b"sk-lens-master"), b"", "master"),
        ((b"sec-websocket-protocol", b"realtime, openai-insecure-api-key.sk-lens-master"), b"", "master"),
        ((b"accept", b"*/*"), b"alt=sse&key=sk%2Dlens-master", "master"),
        ((b"x-api-key", b"sk-lens-master"), b"key=other", "master"),
        ((b"api-key", b"other"), b"", "foreign"),
        ((b"sec-websocket-protocol", b"openai-insecure-api-key.other"), b"", "foreign"),
        ((b"accept", b"*/*"), b"key=other", "foreign"),
        ((b"accept", b"*/*"), b"key=&monkey=sk-lens-master", "missing"),
        ((b"x-litellm-api-key", b"wrong"), b"key=sk-lens-master", "foreign"),
    ],
)
def test_keys_where_clients_of_other_apis_put_them(
    header: tuple[bytes, bytes], query: bytes, verdict: str
) -> None:
    scope = {"headers": [header], "query_string": query}
    assert judge_anywhere(scope, KEY).verdict == verdict
    assert judge_anywhere(scope, None).verdict == "open"
